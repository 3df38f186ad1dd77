from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.builtin.cases import NOW, facts, out, resolved
from waiaas.builtin.rate_limit import RateLimit, RateRules
from waiaas.interfaces.chain import Kind
from waiaas.interfaces.policy import Tier, Verdict

POLICY = RateLimit()


def rules(most: int, seconds: int = 60) -> RateRules:
    return RateRules(max_transactions=most, window_seconds=seconds)


def judged(document: RateRules, count: int, **told: Any) -> Verdict:
    verdict = POLICY.judge(document, facts(out(1), windows={"admitted": count}, **told))
    assert verdict is not None
    return verdict


def test_the_number_is_inclusive() -> None:
    """With three allowed the third passes and the fourth is denied, with nothing left and when there is more."""
    third, fourth = judged(rules(3), 2), judged(rules(3), 3, oldest={"admitted": NOW + 9})
    assert (third.tier, third.remaining) == (Tier.INSTANT, 1)
    assert (fourth.tier, fourth.code, fourth.remaining) == (Tier.DENY, "RATE_LIMIT_EXCEEDED", 0)
    assert fourth.resets_at == NOW + 9
    assert fourth.reason == "3 of 3 transactions were sent in the last 1 minute"


def test_it_only_restricts() -> None:
    """No verdict of it speaks for a transaction."""
    assert not POLICY.grants
    assert not judged(rules(3), 0).grants


def test_the_window_counts_what_the_agent_had_admitted() -> None:
    """One count of the agent, which says when it falls below the number."""
    (window,) = POLICY.windows(rules(3, 3600), resolved((out(1),)))
    assert (window.measure, window.seconds, window.scope, window.where) == ("count", 3600, "agent", {"below": "3"})


def test_what_gives_a_payment_up_is_not_counted() -> None:
    """Bytes that move nothing and take another's place are not held up."""
    nothing = resolved(())
    giving_up = replace(nothing, intent=replace(nothing.intent, kind=Kind.CANCEL, to=None, amount=None))
    assert POLICY.windows(rules(1), giving_up) == ()
    assert POLICY.judge(rules(1), replace(facts(), kind=Kind.CANCEL)) is None


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"max_transactions": 1},
        {"window_seconds": 1},
        {"max_transactions": 0, "window_seconds": 1},
        {"max_transactions": 1, "window_seconds": 0},
        {"max_transactions": "1", "window_seconds": 1},
        {"max_transactions": True, "window_seconds": 1},
        {"max_transactions": 1, "window_seconds": 1.0},
        {"max_transactions": 1, "window_seconds": 1, "per": "agent"},
    ],
)
def test_rules_that_make_no_sense_are_refused(document: Mapping[str, Any]) -> None:
    """Both numbers are needed, whole and above zero; unknown keys are refused."""
    with pytest.raises(ValidationError):
        RateRules.model_validate(document)


def test_what_cannot_be_judged_raises() -> None:
    """A missing window raises, which denies."""
    with pytest.raises(KeyError):
        POLICY.judge(rules(1), facts(out(1)))


@given(most=st.integers(1, 5), count=st.integers(0, 8))
def test_a_verdict_holds_exactly_within_its_bound(most: int, count: int) -> None:
    """At or under the bound the tier is the same; one beyond it is denied; a denial holds at its own count alone."""
    verdict = judged(rules(most), count)
    if verdict.tier is Tier.DENY:
        assert verdict.valid_while == {}
        return
    bound = verdict.valid_while["admitted"]
    assert {judged(rules(most), value).tier for value in range(bound + 1)} == {Tier.INSTANT}
    assert judged(rules(most), bound + 1).tier is Tier.DENY


@given(most=st.integers(1, 5), count=st.integers(0, 8), more=st.integers(0, 3))
def test_more_is_never_judged_milder(most: int, count: int, more: int) -> None:
    """The verdict is monotone in the count."""
    assert judged(rules(most), count).tier.rank <= judged(rules(most), count + more).tier.rank


HISTORIES = list(product(range(7), repeat=3))
"""How many were admitted one, two and three seconds ago."""


def brute_is_tighter(old: RateRules, new: RateRules) -> bool:
    """Whether after no history a transaction passes ``new`` that ``old`` denies."""
    for history in HISTORIES:
        before, after = (judged(document, sum(history[: document.window_seconds])) for document in (old, new))
        if after.tier.rank < before.tier.rank:
            return False
    return True


documents = st.builds(rules, st.integers(1, 6), st.integers(1, 3))


@settings(deadline=None)
@given(old=documents, new=documents)
def test_tighter_is_what_trying_everything_says(old: RateRules, new: RateRules) -> None:
    """The answer agrees with every history tried."""
    assert POLICY.is_tighter(old, new) == brute_is_tighter(old, new)
