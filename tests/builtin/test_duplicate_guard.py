from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.builtin.cases import NOW, RENT, facts, out, resolved
from waiaas.builtin.duplicate_guard import DuplicateGuard, DuplicateRules
from waiaas.interfaces.policy import Tier, Verdict

POLICY = DuplicateGuard()
TIERS = ("NOTIFY", "DELAY", "APPROVAL", "DENY")


def judged(document: DuplicateRules, count: int, **told: Any) -> Verdict:
    verdict = POLICY.judge(document, facts(out(1), windows={"alike": count}, **told))
    assert verdict is not None
    return verdict


@pytest.mark.parametrize(("tier", "becomes"), [(None, Tier.APPROVAL), *((tier, Tier(tier)) for tier in TIERS)])
def test_a_duplicate_gets_the_rules_tier(tier: str | None, becomes: Tier) -> None:
    """The first of its kind passes; the same again gets the tier, APPROVAL where none is named."""
    document = DuplicateRules(window_seconds=3600, **({} if tier is None else {"tier": tier}))  # type: ignore[arg-type]
    assert (judged(document, 0).tier, judged(document, 0).code) == (Tier.INSTANT, "NO_DUPLICATE")
    again = judged(document, 1, oldest={"alike": NOW + 5})
    assert (again.tier, again.code, again.resets_at) == (becomes, "DUPLICATE", NOW + 5)
    assert again.reason == "the same was sent once already in the last 1 hour"
    assert judged(document, 3).reason == "the same was sent 3 times already in the last 1 hour"


def test_it_only_restricts() -> None:
    """No verdict of it speaks for a transaction."""
    assert not POLICY.grants
    assert not judged(DuplicateRules(window_seconds=1), 0).grants


def test_the_window_counts_what_is_alike() -> None:
    """One count of the agent's transactions with the same effects; none where only rent would be locked, or nothing."""
    document = DuplicateRules(window_seconds=60)
    (window,) = POLICY.windows(document, resolved((out(1), RENT)))
    assert (window.measure, window.seconds, window.scope, window.where) == ("count", 60, "agent", {"like": "effects"})
    for effects in ((), (RENT,)):
        assert POLICY.windows(document, resolved(effects)) == ()
        assert POLICY.judge(document, facts(*effects)) is None


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"window_seconds": 0},
        {"window_seconds": "60"},
        {"window_seconds": 60, "tier": "INSTANT"},
        {"window_seconds": 60, "tier": "deny"},
        {"window_seconds": 60, "same": "recipient"},
    ],
)
def test_rules_that_make_no_sense_are_refused(document: Mapping[str, Any]) -> None:
    """A window is needed, and a tier that holds something up."""
    with pytest.raises(ValidationError):
        DuplicateRules.model_validate(document)


@given(tier=st.sampled_from(TIERS), count=st.integers(0, 5))
def test_a_verdict_holds_exactly_within_its_bound(tier: Any, count: int) -> None:
    """Without a duplicate it holds until there is one; for a duplicate it makes no difference how many there are."""
    document = DuplicateRules(window_seconds=60, tier=tier)
    verdict = judged(document, count)
    bound = verdict.valid_while["alike"]
    for value in range(count, min(bound, 9) + 1):
        again = judged(document, value)
        assert (again.tier, again.code) == (verdict.tier, verdict.code)
    if count == 0:
        assert judged(document, bound + 1).code == "DUPLICATE"


def brute_is_tighter(old: DuplicateRules, new: DuplicateRules) -> bool:
    """Whether after no history of the last six seconds ``new`` is milder than ``old``."""
    for history in product((0, 1), repeat=6):
        before, after = (judged(document, sum(history[: document.window_seconds])) for document in (old, new))
        if after.tier.rank < before.tier.rank:
            return False
    return True


documents: st.SearchStrategy[DuplicateRules] = st.builds(
    DuplicateRules, window_seconds=st.integers(1, 6), tier=st.sampled_from(TIERS)
)


@settings(deadline=None)
@given(old=documents, new=documents)
def test_tighter_is_what_trying_everything_says(old: DuplicateRules, new: DuplicateRules) -> None:
    """The answer agrees with every history tried."""
    assert POLICY.is_tighter(old, new) == brute_is_tighter(old, new)
