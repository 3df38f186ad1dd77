"""SPENDING_LIMIT: what tightens, against trying every amount after every history at every price that tells rules apart."""

from collections.abc import Iterator
from itertools import combinations_with_replacement, product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builtin.cases import NATIVE, Reader, facts, out
from waiaas.builtin.spending_limit import SpendingLimit
from waiaas.builtin.spending_rules import SpendingRules
from waiaas.interfaces.policy import Tier

POLICY = SpendingLimit()
NAMES = ("instant_max", "notify_max", "delay_max")
AMOUNTS: list[int | None] = [*range(6), None]
PRICES = (None, "125", "250", "375", "500", "750", "1000", "1500", "2000", "3000", "4000", "8000")
"""From an eighth to eight millionths of a dollar a base unit, and none: every order of the bounds below is among them."""
BOUNDS = (0, 12, 24, 48)
WINDOWS = (None, 3600, 86_400, 172_800)
relaxed = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])


def rules(**document: Any) -> SpendingRules:
    return POLICY.normalise(SpendingRules(**document), Reader())


def dollars(micro: int) -> str:
    return f"0.{micro:06d}"


State = tuple[int | None, dict[str, int], str | None]


def is_milder(old: SpendingRules, new: SpendingRules, state: State) -> bool:
    """Whether the new rules let this one transaction through more easily, or delay it for less."""
    amount, spent, price = state
    told = [
        facts(
            out(amount),
            windows={**spent, "tier": spent.get(str(one.tier_window_seconds), 0)},
            prices={} if price is None else {NATIVE: price},
        )
        for one in (old, new)
    ]
    before, after = POLICY.judge(old, told[0]), POLICY.judge(new, told[1])
    assert before is not None
    assert after is not None
    if before.tier is after.tier is Tier.DELAY and before.delay_seconds != after.delay_seconds:
        return None in (before.delay_seconds, after.delay_seconds) or (after.delay_seconds or 0) < (
            before.delay_seconds or 0
        )
    return after.tier.rank < before.tier.rank


# --- windows of the tiers


@st.composite
def windowed(draw: st.DrawFn) -> SpendingRules:
    """Rules with small numbers whose tiers may look back an hour, a day, or two days."""
    bounds = sorted(draw(st.lists(st.integers(0, 3), min_size=3, max_size=3)))
    document: dict[str, Any] = {
        name: str(bound) for name, bound in zip(NAMES, bounds, strict=True) if draw(st.booleans())
    }
    if document:
        document["tier_window_seconds"] = draw(st.sampled_from(WINDOWS))
    for name in ("daily", "weekly"):
        if draw(st.booleans()) or not document:
            document[f"{name}_limit"] = str(draw(st.integers(1, 4)))
    return rules(**document, delay_seconds=draw(st.sampled_from([None, 1, 2])))


HISTORIES = [
    {"3600": hour, "86400": day, "daily": day, "172800": two, "weekly": week}
    for hour, day, two, week in combinations_with_replacement(range(6), 4)
]


@relaxed
@given(old=windowed(), new=windowed())
def test_tighter_is_what_trying_every_history_says(old: SpendingRules, new: SpendingRules) -> None:
    """The answer agrees with every amount tried after every history, whichever windows the tiers have."""
    states = product(AMOUNTS, HISTORIES, [None])
    assert POLICY.is_tighter(old, new) is not any(is_milder(old, new, state) for state in states)


@relaxed
@given(old=windowed(), change=st.integers(0, 5), step=st.sampled_from([-1, 1]))
def test_a_small_change_is_told_right(old: SpendingRules, change: int, step: int) -> None:
    """One bound a little smaller or larger, or the next window: the answer is still that of trying everything."""
    document = old.model_dump(exclude={"asset"}, exclude_none=True)
    field = sorted(document)[change % len(document)]
    if field == "tier_window_seconds":
        value = WINDOWS[(WINDOWS.index(document[field]) + step) % len(WINDOWS)]
    else:
        value = type(document[field])(int(document[field]) + step)
    try:
        new = rules(**{**document, field: value})
    except ValueError:
        return
    states = product(AMOUNTS, HISTORIES, [None])
    assert POLICY.is_tighter(old, new) is not any(is_milder(old, new, state) for state in states)


# --- dollars


@st.composite
def priced(draw: st.DrawFn) -> SpendingRules:
    """Rules in base units, in dollars, or in both."""
    document: dict[str, Any] = {}
    for kind in ("", "_usd"):
        bounds = sorted(draw(st.lists(st.sampled_from(BOUNDS), min_size=2, max_size=2)))
        for name, bound in zip(NAMES[:2], bounds, strict=True):
            if draw(st.booleans()):
                document[name + kind] = dollars(bound) if kind else str(bound)
        for name in ("daily_limit", "weekly_limit"):
            if draw(st.integers(0, 3)) == 0:
                bound = draw(st.sampled_from(BOUNDS[1:]))
                document[name + kind] = dollars(bound) if kind else str(bound)
    return rules(**(document or {"daily_limit_usd": dollars(12)}))


def states(old: SpendingRules, new: SpendingRules) -> Iterator[State]:
    """At each price every amount and history on a step's end or just beyond; those without a history first."""
    has_limits = any(True for one in (old, new) for _ in one.limits())
    for with_history in (False, True) if has_limits else (False,):
        for price in PRICES:
            ends = {0, *BOUNDS, *(bound * 1000 // int(price or 1) for bound in BOUNDS)}
            pasts = combinations_with_replacement(sorted(ends), 2) if with_history else [(0, 0)]
            for (day, week), amount in product(pasts, sorted(ends | {end + 1 for end in ends})):
                yield amount, {"daily": day, "weekly": week}, price


@relaxed
@given(old=priced(), new=priced())
def test_tighter_is_what_trying_every_price_says(old: SpendingRules, new: SpendingRules) -> None:
    """The answer agrees with all amounts and histories around the bounds, at each price that tells them apart, and at none."""
    assert POLICY.is_tighter(old, new) is not any(is_milder(old, new, state) for state in states(old, new))


@pytest.mark.parametrize(
    ("old", "new", "answer"),
    [
        ({"instant_max_usd": "5"}, {"instant_max_usd": "4"}, True),
        ({"instant_max_usd": "5"}, {"instant_max_usd": "6"}, False),
        ({"instant_max_usd": "5"}, {"instant_max_usd": "5", "instant_max": "1"}, True),
        ({"instant_max_usd": "5", "instant_max": "1"}, {"instant_max_usd": "5"}, False),
        ({"instant_max": "5"}, {"instant_max_usd": "5"}, False),
        ({"instant_max_usd": "5"}, {"instant_max": "5"}, False),
        ({"daily_limit_usd": "5"}, {"weekly_limit_usd": "5"}, True),
        ({"daily_limit_usd": "5"}, {"daily_limit_usd": "5", "daily_limit": "5"}, True),
        ({"daily_limit": "5"}, {"daily_limit_usd": "5"}, False),
        ({"instant_max": "5", "daily_limit_usd": "5"}, {"instant_max": "5"}, False),
        ({"instant_max": "5"}, {"instant_max": "5", "tier_window_seconds": 60}, True),
        ({"instant_max": "5", "tier_window_seconds": 60}, {"instant_max": "5"}, False),
        ({"instant_max": "5", "tier_window_seconds": 60}, {"instant_max": "5", "tier_window_seconds": 61}, True),
        ({"instant_max": "5", "tier_window_seconds": 61}, {"instant_max": "5", "tier_window_seconds": 60}, False),
        ({"instant_max": "5", "tier_window_seconds": 60}, {"instant_max": "5", "daily_limit": "5"}, True),
        ({"instant_max": "5", "tier_window_seconds": 60}, {"instant_max": "5", "daily_limit": "6"}, False),
        ({"delay_max": "5", "tier_window_seconds": 60}, {"delay_max": "5", "daily_limit": "5"}, True),
    ],
)
def test_tightening_by_example(old: dict[str, Any], new: dict[str, Any], answer: bool) -> None:
    """A bound in dollars is no stand-in for one in base units; a tier that forgets sooner is looser unless a limit holds it."""
    assert POLICY.is_tighter(rules(**old), rules(**new)) is answer
