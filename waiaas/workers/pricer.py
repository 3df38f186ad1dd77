"""The pricer: asks one price source now and then. Each source has its own, so that one that hangs holds up no other."""

from waiaas.engine.price_sources import LiveSource, PriceSources


class Pricer:
    """The job."""

    def __init__(self, sources: PriceSources, one: LiveSource) -> None:
        self.name = f"pricer-{one.name}"
        self._sources = sources
        self._one = one

    def run_once(self) -> float:
        """Ask, and post what it says."""
        return self._sources.refresh(self._one)
