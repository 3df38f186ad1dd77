"""The machine's clock beside a chain's: minutes apart, every payment there waits for a person (invariant 3)."""

import pytest

from tests.engine.desk import NETWORK, Nothing, PlayAdapter, Script
from waiaas.engine.chains import Chain
from waiaas.engine.rules.fees import FeeLimits
from waiaas.errors import Refused, Unavailable
from waiaas.interfaces.chain import TellsTime
from waiaas.testing.clock import FrozenClock


class Dated(PlayAdapter, TellsTime):
    """A chain that dates its blocks. :param said: the time of the newest, or what is raised"""

    said: int | Exception = 0

    def chain_time(self) -> int:
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def chain(clock: FrozenClock) -> Chain:
    PlayAdapter.script = Script()
    adapter = Dated(NETWORK, Nothing(), None)  # type: ignore[arg-type]
    adapter.said = clock.now()
    return Chain(adapter, NETWORK, None, FeeLimits(max=1, daily=20), clock)  # type: ignore[arg-type]


@pytest.mark.parametrize(("ahead", "found"), [(0, None), (300, None), (-300, None), (301, 301), (-86400, -86400)])
def test_five_minutes_are_a_disagreement(chain: Chain, clock: FrozenClock, ahead: int, found: int | None) -> None:
    """Up to five minutes either way the two agree; beyond, it is told once, when the chain has shown that it goes on."""
    told: list[int] = []
    chain.on_disagreement = lambda chain_id, seconds: told.append(seconds)
    chain.adapter.said = clock.now() - ahead  # type: ignore[attr-defined]
    chain.require_right_chain()
    for _ in range(3):
        assert chain.ahead == found
        clock.advance(11)
        chain.adapter.said = clock.now() - ahead  # type: ignore[attr-defined]
        chain.require_right_chain()
    assert (chain.ahead, told) == (found, [] if found is None else [found])


@pytest.mark.parametrize("problem", [Unavailable("away"), Refused("NO_TIME", "none")])
def test_before_the_chain_has_said_its_time_nothing_is_paid_there(chain: Chain, problem: Exception) -> None:
    """A node that does not say what time it is is a node that is away."""
    chain.adapter.said = problem  # type: ignore[attr-defined]
    with pytest.raises(Unavailable):
        chain.require_right_chain()


def test_a_disagreement_is_looked_at_again(chain: Chain, clock: FrozenClock) -> None:
    """A chain that had stood still and goes on agrees again; one that agreed is not asked again in this life."""
    chain.adapter.said = clock.now() - 1000  # type: ignore[attr-defined]
    chain.require_right_chain()
    assert _ahead(chain) == 1000
    clock.advance(301)
    chain.adapter.said = clock.now()  # type: ignore[attr-defined]
    chain.require_right_chain()
    assert _ahead(chain) is None
    clock.advance(301)
    chain.adapter.said = 0  # type: ignore[attr-defined]
    chain.require_right_chain()
    assert _ahead(chain) is None


def test_a_chain_that_makes_blocks_on_demand_says_nothing_about_time(chain: Chain, clock: FrozenClock) -> None:
    """Its newest block is old and stays the same one: no disagreement, and nobody is told; once it goes on it is compared."""
    told: list[int] = []
    chain.on_disagreement = lambda chain_id, seconds: told.append(seconds)
    old = clock.now() - 1000
    chain.adapter.said = old  # type: ignore[attr-defined]
    chain.require_right_chain()
    assert _ahead(chain) == 1000
    clock.advance(11)
    chain.require_right_chain()
    assert _ahead(chain) is None
    clock.advance(301)
    chain.require_right_chain()
    assert (_ahead(chain), told) == (None, [])
    clock.advance(301)
    chain.adapter.said = old + 613  # type: ignore[attr-defined]
    chain.require_right_chain()
    assert (_ahead(chain), told) == (1000, [1000])


def test_a_chain_ahead_of_the_machine_is_never_excused(chain: Chain, clock: FrozenClock) -> None:
    """Standing still explains an old block, and no block from the future."""
    told: list[int] = []
    chain.on_disagreement = lambda chain_id, seconds: told.append(seconds)
    chain.adapter.said = clock.now() + 1000  # type: ignore[attr-defined]
    for ahead in (-1000, -989, -978):
        chain.require_right_chain()
        assert _ahead(chain) == ahead
        clock.advance(11)
    assert told == [-1000]


def _ahead(chain: Chain) -> int | None:
    return chain.ahead
