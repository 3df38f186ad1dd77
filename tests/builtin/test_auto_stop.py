from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.builtin.cases import facts, out, resolved
from waiaas.builtin.auto_stop import AutoStop, StopRules
from waiaas.interfaces.chain import Kind
from waiaas.interfaces.policy import Tier, Verdict

POLICY = AutoStop()
COUNTS = ("max_transactions", "max_denials", "near_limit_hits")
ALL: Mapping[str, int] = {"consecutive_failures": 3, **dict.fromkeys(COUNTS, 3), "window_seconds": 60}


def judged(document: StopRules, **windows: int) -> Verdict:
    told = {"failed": 0, **dict.fromkeys(COUNTS, 0), **windows}
    verdict = POLICY.judge(document, facts(out(1), windows=told))
    assert verdict is not None
    return verdict


@pytest.mark.parametrize(
    ("window", "code"),
    [
        ("failed", "AUTO_STOP_FAILURES"),
        ("max_transactions", "AUTO_STOP_TRANSACTIONS"),
        ("max_denials", "AUTO_STOP_DENIALS"),
        ("near_limit_hits", "AUTO_STOP_NEAR_LIMIT"),
    ],
)
def test_a_mark_that_is_reached_denies_and_freezes(window: str, code: str) -> None:
    """Below each mark everything passes; at it the transaction is denied, and the agent is to be suspended."""
    document = StopRules(**ALL)
    assert (judged(document, **{window: 2}).tier, judged(document, **{window: 2}).freeze) == (Tier.INSTANT, False)
    stopped = judged(document, **{window: 3})
    assert (stopped.tier, stopped.code, stopped.freeze, stopped.freeze_agents) == (Tier.DENY, code, True, ())
    assert stopped.resets_at is None
    assert stopped.reason.endswith("so the agent is stopped")


def test_a_field_left_out_does_not_stop() -> None:
    """Only what the rules name is looked at."""
    document = StopRules(consecutive_failures=1)
    assert judged(document, max_denials=99, max_transactions=99, near_limit_hits=99).tier is Tier.INSTANT


def test_windows_begin_where_a_person_let_the_agent_go_on() -> None:
    """Every count is the agent's own since its last resume; failures besides since the last payment that was made."""
    windows = {one.name: one for one in POLICY.windows(StopRules(**ALL), resolved((out(1),)))}
    assert {one.scope for one in windows.values()} == {"agent"}
    assert [(one.measure, one.seconds, one.where["since"]) for one in windows.values()] == [
        ("failed", None, "paid,resumed"),
        ("count", 60, "resumed"),
        ("denied", 60, "resumed"),
        ("near_limit", 60, "resumed"),
    ]


def test_what_gives_a_payment_up_is_not_stopped() -> None:
    """Bytes that move nothing and take another's place are not looked at."""
    nothing = resolved(())
    giving_up = replace(nothing, intent=replace(nothing.intent, kind=Kind.CANCEL, to=None, amount=None))
    assert POLICY.windows(StopRules(**ALL), giving_up) == ()
    assert POLICY.judge(StopRules(**ALL), replace(facts(), kind=Kind.CANCEL)) is None


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"window_seconds": 60},
        {"consecutive_failures": 3, "window_seconds": 60},
        {"max_denials": 3},
        {"max_transactions": 3, "consecutive_failures": 3},
        {"consecutive_failures": 0},
        {"consecutive_failures": "3"},
        {"max_denials": 0, "window_seconds": 60},
        {"max_failures": 3, "window_seconds": 60},
    ],
)
def test_rules_that_make_no_sense_are_refused(document: Mapping[str, Any]) -> None:
    """Something to stop at is needed, and a window exactly where something is counted in it."""
    with pytest.raises(ValidationError):
        StopRules.model_validate(document)


def test_what_cannot_be_judged_raises() -> None:
    """A missing window raises, which denies."""
    with pytest.raises(KeyError):
        POLICY.judge(StopRules(**ALL), facts(out(1)))


@st.composite
def documents(draw: st.DrawFn) -> StopRules:
    """Rules with small numbers."""
    marks = {name: draw(st.none() | st.integers(1, 3)) for name in COUNTS}
    failures = draw(st.none() | st.integers(1, 3))
    if failures is None and not any(marks.values()):
        failures = 2
    window = draw(st.integers(1, 3)) if any(marks.values()) else None
    return StopRules(consecutive_failures=failures, window_seconds=window, **marks)


small = st.fixed_dictionaries(dict.fromkeys(("failed", *COUNTS), st.integers(0, 4)))


@settings(deadline=None)
@given(document=documents(), values=small)
def test_a_verdict_holds_exactly_within_its_bounds(document: StopRules, values: dict[str, int]) -> None:
    """Every count at or under its bound gives the same tier; one beyond any bound is denied."""
    verdict = judged(document, **values)
    if verdict.tier is Tier.DENY:
        assert verdict.valid_while == {}
        return
    bounds = verdict.valid_while
    for found in product(*(range(bound + 1) for bound in bounds.values())):
        assert judged(document, **dict(zip(bounds, found, strict=True))).tier is Tier.INSTANT
    for name, bound in bounds.items():
        assert judged(document, **{**values, name: bound + 1}).tier is Tier.DENY


@settings(deadline=None)
@given(document=documents(), one=small, other=small)
def test_more_is_never_judged_milder(document: StopRules, one: dict[str, int], other: dict[str, int]) -> None:
    """The verdict is monotone in every count."""
    most = {name: max(one[name], other[name]) for name in one}
    assert judged(document, **one).tier.rank <= judged(document, **most).tier.rank


def brute_is_tighter(old: StopRules, new: StopRules) -> bool:
    """Whether after no history ``new`` lets pass what ``old`` stops: counts of each kind one, two and three seconds ago."""
    histories = [*product(range(4), (0,), (0,)), *product((0,), range(4), (0,)), *product((0,), (0,), range(4))]
    for failed in range(4):
        for name, history in product(COUNTS, histories):
            verdicts = [
                judged(document, failed=failed, **{name: sum(history[: document.window_seconds or 0])})
                for document in (old, new)
            ]
            if verdicts[1].tier.rank < verdicts[0].tier.rank:
                return False
    return True


@settings(deadline=None)
@given(old=documents(), new=documents())
def test_tighter_is_what_trying_everything_says(old: StopRules, new: StopRules) -> None:
    """The answer agrees with every history tried."""
    assert POLICY.is_tighter(old, new) == brute_is_tighter(old, new)
