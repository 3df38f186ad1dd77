"""The acceptor: makes acceptances durable, together with all that came meanwhile."""

from waiaas.engine.pipeline.acceptances import Acceptances

_IDLE_SECONDS = 5.0


class Acceptor:
    """The job; woken for each acceptance."""

    name = "acceptor"

    def __init__(self, acceptances: Acceptances) -> None:
        self._acceptances = acceptances

    def run_once(self) -> float:
        """Note what waits."""
        self._acceptances.flush()
        return _IDLE_SECONDS
