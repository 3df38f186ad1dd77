"""The conformance kit of chain adapters: inherit :class:`ChainKit`, give it a ``bench`` fixture, and run pytest.

Each test states one promise of :mod:`waiaas.interfaces.chain`. The kit knows no chain: what differs is in the bench::

    class TestMyAdapter(ChainKit):
        @pytest.fixture
        def bench(self) -> Iterator[Bench]:
            with MyAdapter.localnet(0, None) as chain:
                yield Bench(adapter=..., chain=chain, ...)
"""

from waiaas.testing.kit_bytes import BytesKit
from waiaas.testing.kit_chain import LandingKit
from waiaas.testing.kit_death import DeathKit
from waiaas.testing.kit_lies import LiesKit
from waiaas.testing.kit_names import NamesKit


class ChainKit(NamesKit, BytesKit, LandingKit, DeathKit, LiesKit):
    """Every promise. The subclass provides the fixture ``bench``, new for each test, on a chain that ``advance`` drives."""
