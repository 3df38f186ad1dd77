"""Promises about the proof that bytes can never land, which every endpoint gives for itself.

Where bytes expire, one endpoint lies and another has not heard yet: what the first says of how long the bytes live must not be
held against the second, whose "not valid" may mean "not known yet". Where they do not expire, two of the tests ask nothing.
"""

from dataclasses import dataclass, replace

from waiaas.errors import Unavailable
from waiaas.interfaces.chain import Http, Phase, Signed
from waiaas.testing.bench import Bench
from waiaas.testing.http import ScriptedHttp
from waiaas.testing.kit_chain import outlive

_LAGS = (0, 1, 2, 5, 40)
_BALANCED = (0, 40, 5)
_LOOKS = 12
_STEP = 7
"""Blocks between two looks at bytes that are not sent."""
_PATIENCE = 8
"""Bytes are proven dead within so many times their life."""


class DeathKit:
    """Bytes that are dead, or said to be, as seen from endpoints that do not agree."""

    def test_no_endpoint_is_left_out_of_a_proof_of_death(self, bench: Bench) -> None:
        """What is dead by the first endpoint is not where the second is away, or gives no answer that can be read."""
        _, signed = bench.payment()
        outlive(bench, signed)
        assert bench.status(signed).phase is Phase.DEAD
        for other in (ScriptedHttp(_nobody), ScriptedHttp(_nonsense)):
            doubted = _over(bench, bench.http, other)
            for _ in range(3):
                assert doubted.status(signed).phase is not Phase.DEAD, "one endpoint's proof is taken for everybody's"
                bench.chain.advance(1)

    def test_a_lie_about_their_life_kills_no_bytes(self, bench: Bench) -> None:
        """Bytes that a liar keeps, beside an honest node that is behind or a balancer: not DEAD, and FINAL once they land."""
        for disagreeing in _disagreements(bench):
            signed = disagreeing.kept()
            for _ in range(_LOOKS):
                phase = disagreeing.bench.status(signed).phase
                assert phase not in (Phase.DEAD, Phase.FINAL), f"{phase} while the bytes can land ({disagreeing.name})"
                bench.chain.advance(1)
            disagreeing.release()
            bench.chain.advance(bench.blocks_to_final + disagreeing.behind + 1)
            assert disagreeing.until(signed, Phase.FINAL), f"landed, and not seen ({disagreeing.name})"

    def test_bytes_that_a_liar_keeps_for_good_are_dead_in_the_end(self, bench: Bench) -> None:
        """The same endpoints prove their death too: not before their time, and before long; then they do not land."""
        for disagreeing in _disagreements(bench):
            signed = disagreeing.kept()
            life = (bench.blocks_to_death or 0) - bench.blocks_to_final
            for _ in range(0, life - _STEP, _STEP):
                phase = disagreeing.bench.status(signed).phase
                assert phase is not Phase.DEAD, f"dead while the bytes can land ({disagreeing.name})"
                bench.chain.advance(_STEP)
            assert disagreeing.until(signed, Phase.DEAD), f"never proven dead ({disagreeing.name})"
            disagreeing.release()
            bench.chain.advance(bench.blocks_to_final + disagreeing.behind + 1)
            assert bench.status(signed).phase is not Phase.FINAL, f"dead, and landed ({disagreeing.name})"


@dataclass(frozen=True, kw_only=True)
class _Disagreeing:
    """:param bench: over a liar and honest nodes; :param behind: how far those are at most"""

    name: str
    bench: Bench
    behind: int

    def kept(self) -> Signed:
        """A payment made of what the liar says, and handed to it."""
        _, signed = self.bench.payment()
        self.bench.adapter.broadcast(signed)
        return signed

    def release(self) -> None:
        """The liar lets them go."""
        assert self.bench.release is not None
        self.bench.release()

    def until(self, signed: Signed, phase: Phase) -> bool:
        """Whether it comes to that in bounded time."""
        life = self.bench.blocks_to_death or 0
        for _ in range(0, _PATIENCE * life, _STEP):
            if self.bench.status(signed).phase is phase:
                return True
            self.bench.chain.advance(_STEP)
        return False


def _disagreements(bench: Bench) -> list[_Disagreeing]:
    if bench.blocks_to_death is None:
        return []
    words = "the bench of a chain whose bytes expire needs replica, liar and release: see waiaas.testing.bench.Bench"
    assert bench.replica is not None, words
    assert bench.liar is not None, words
    assert bench.release is not None, words
    behind = [(f"{lag} blocks behind", (lag,)) for lag in _LAGS]
    return [
        _Disagreeing(name=name, bench=_over(bench, bench.liar, bench.replica(*lags)), behind=max(lags))
        for name, lags in [*behind, ("behind a balancer", _BALANCED)]
    ]


def _over(bench: Bench, first: Http, second: Http) -> Bench:
    http = ScriptedHttp(first.json, second)
    return replace(bench, http=http, adapter=bench.over(http))


def _nobody(method: str, path: str, body: object) -> object:
    raise Unavailable("nobody is there")


def _nonsense(method: str, path: str, body: object) -> object:
    return {"value": None}
