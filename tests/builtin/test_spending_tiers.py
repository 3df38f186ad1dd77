"""SPENDING_LIMIT: tiers over a window, the mark of amounts near a bound, and bounds in dollars."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.builtin.cases import NATIVE, NOW, TOKEN, Reader, facts, out, resolved
from waiaas.builtin.spending_limit import SpendingLimit
from waiaas.builtin.spending_rules import SpendingRules
from waiaas.interfaces.chain import Effect
from waiaas.interfaces.policy import NEAR_LIMIT, Tier, Verdict

POLICY = SpendingLimit()
UNIT = "1000"
"""At this price of a whole coin one base unit is worth a millionth of a dollar."""


def rules(**document: Any) -> SpendingRules:
    return POLICY.normalise(SpendingRules(**document), Reader())


def judged(document: SpendingRules, *effects: Effect, price: str | None = None, **told: Any) -> Verdict:
    prices = {} if price is None else {NATIVE: price}
    verdict = POLICY.judge(document, facts(*effects, prices=prices, **told))
    assert verdict is not None
    return verdict


# --- the tiers' window


STEPS: dict[str, Any] = {"instant_max": "10", "notify_max": "20", "delay_max": "30", "tier_window_seconds": 3600}


@pytest.mark.parametrize(
    ("before", "tier"),
    [(0, Tier.INSTANT), (9, Tier.INSTANT), (10, Tier.NOTIFY), (19, Tier.NOTIFY), (20, Tier.DELAY), (29, Tier.DELAY),
     (30, Tier.APPROVAL), (99, Tier.APPROVAL)],
)  # fmt: skip
def test_what_was_spent_in_the_window_counts_towards_the_tier(before: int, tier: Tier) -> None:
    """One unit has the tier of all that was spent in the window and itself, thresholds inclusive."""
    assert judged(rules(**STEPS), out(1), windows={"tier": before}).tier is tier


def test_small_payments_climb_the_tiers() -> None:
    """Ten payments of four one after another go through the tiers like one of forty."""
    tiers = [judged(rules(**STEPS), out(4), windows={"tier": 4 * number}).tier for number in range(10)]
    assert [tiers.count(tier) for tier in Tier] == [2, 3, 2, 3, 0]
    assert tiers == sorted(tiers, key=lambda tier: tier.rank)


def test_the_window_is_asked_for_with_the_limits_own() -> None:
    """The tiers' window is one more sum of the agent and the asset; without it the amount stands alone."""
    windows = POLICY.windows(rules(**STEPS, daily_limit="5"), resolved((out(1),)))
    assert [(w.name, w.seconds, w.measure, w.scope, dict(w.where)) for w in windows] == [
        ("daily", 86400, "spent", "agent", {"asset": NATIVE}),
        ("tier", 3600, "spent", "agent", {"asset": NATIVE}),
    ]
    with pytest.raises(KeyError):
        judged(rules(**STEPS), out(1))


def test_the_reason_says_what_counted_beside_the_amount() -> None:
    """The sentence has the amount, what was spent in the window, and the threshold."""
    document = rules(instant_max="1000000000", tier_window_seconds=7200)
    verdict = judged(document, out(5 * 10**8), windows={"tier": 75 * 10**7})
    assert verdict.reason == "0.5 SOL with 0.75 SOL in the last 2 hours is above 1 SOL, the last threshold"
    assert judged(document, out(5 * 10**8), windows={"tier": 0}).reason == "0.5 SOL is within instant_max, 1 SOL"


@given(
    bounds=st.lists(st.integers(0, 4), min_size=3, max_size=3).map(sorted),
    limit=st.integers(1, 8),
    amount=st.integers(0, 6),
    before=st.integers(0, 8),
    spent=st.integers(0, 8),
)
def test_a_tier_holds_exactly_within_its_bounds(
    bounds: list[int], limit: int, amount: int, before: int, spent: int
) -> None:
    """Any value at or under a window's bound gives the same tier, one beyond it another; where none does, no bound."""
    names = ("instant_max", "notify_max", "delay_max")
    document = rules(
        **{name: str(bound) for name, bound in zip(names, bounds, strict=True)},
        tier_window_seconds=60,
        daily_limit=str(limit),
    )

    def tier(tier_window: int, daily: int) -> Tier:
        return judged(document, out(amount), windows={"tier": tier_window, "daily": daily}).tier

    verdict = judged(document, out(amount), windows={"tier": before, "daily": spent})
    if verdict.tier is Tier.DENY:
        return
    most = verdict.valid_while
    assert set(most) == {"tier", "daily"}
    for value in range(before, min(most["tier"], 20) + 1):
        assert tier(value, min(most["daily"], limit)) is verdict.tier
    assert tier(before, most["daily"] + 1) is Tier.DENY
    if verdict.tier is Tier.APPROVAL:
        assert tier(10**90, spent) is Tier.APPROVAL
        assert most["tier"] > 10**90
    else:
        assert tier(most["tier"] + 1, spent).rank > verdict.tier.rank


# --- near a bound


@pytest.mark.parametrize(
    ("document", "amount", "windows", "is_near"),
    [
        ({"instant_max": "100"}, 90, {}, False),
        ({"instant_max": "100"}, 91, {}, True),
        ({"instant_max": "100", "notify_max": "200"}, 101, {}, False),
        ({"instant_max": "100", "notify_max": "200"}, 181, {}, True),
        ({"instant_max": "100"}, 500, {}, False),
        ({"instant_max": "100", "tier_window_seconds": 60}, 45, {"tier": 50}, False),
        ({"instant_max": "100", "tier_window_seconds": 60}, 46, {"tier": 50}, True),
        ({"daily_limit": "100"}, 45, {"daily": 50}, False),
        ({"daily_limit": "100"}, 46, {"daily": 50}, True),
        ({"daily_limit": "100"}, 51, {"daily": 50}, False),
        ({"instant_max": "0"}, 0, {}, False),
        ({"instant_max": "0"}, None, {}, False),
    ],
)
def test_amounts_close_to_a_bound_are_marked(
    document: dict[str, Any], amount: int | None, windows: dict[str, int], is_near: bool
) -> None:
    """Over nine tenths of the largest amount that would be judged alike is near; a denial carries no mark."""
    assert (NEAR_LIMIT in judged(rules(**document), out(amount), windows=windows).marks) is is_near


# --- dollars


def test_dollars_are_taken_at_the_price_of_the_facts() -> None:
    """At 150 dollars a coin a tenth of a coin is within 15 dollars, one base unit more is not."""
    document = rules(instant_max_usd="15", notify_max_usd="30")
    assert judged(document, out(10**8), price="150").tier is Tier.INSTANT
    assert judged(document, out(10**8 + 1), price="150").tier is Tier.NOTIFY
    assert judged(document, out(10**8), price="150.000001").tier is Tier.NOTIFY
    verdict = judged(document, out(3 * 10**8), price="150")
    assert verdict.tier is Tier.APPROVAL
    assert verdict.reason == "0.3 SOL, worth 45 USD, is above 30 USD, the last threshold"


@pytest.mark.parametrize(("price", "tier"), [("1", Tier.INSTANT), ("1000", Tier.NOTIFY), ("2000", Tier.APPROVAL)])
def test_a_tier_with_both_bounds_needs_both(price: str, tier: Tier) -> None:
    """Whichever of the two is smaller at the present price holds."""
    document = rules(instant_max="10", instant_max_usd="0.000008", notify_max="30", notify_max_usd="0.000015")
    assert judged(document, out(10), price=price).tier is tier


@pytest.mark.parametrize("name", ["daily", "weekly", "monthly"])
def test_limits_in_dollars_deny(name: str) -> None:
    """What was spent counts at the present price; what is left is said in base units, with the figures in dollars."""
    document = rules(**{f"{name}_limit_usd": "100"})
    told: dict[str, Any] = {"windows": {name: 5 * 10**8}, "oldest": {name: NOW + 5}, "price": "150"}
    assert judged(document, out(166_666_666), **told).tier is Tier.INSTANT
    verdict = judged(document, out(166_666_667), **told)
    assert (verdict.tier, verdict.code, verdict.remaining) == (Tier.DENY, "SPENDING_LIMIT_EXCEEDED", 166_666_666)
    assert verdict.resets_at == NOW + 5
    assert verdict.reason.startswith(
        f"0.166666667 SOL, worth 25.000001 USD, is over the {name} limit: 75 USD of 100 USD is used in the last "
    )
    assert verdict.reason.endswith(", 0.166666666 SOL is left")


def test_the_smaller_of_two_limits_denies() -> None:
    """A limit in base units and one in dollars of the same window both hold."""
    document = rules(daily_limit="50", daily_limit_usd="0.0001")
    assert judged(document, out(50), price=UNIT, windows={"daily": 0}).remaining == 50
    assert judged(document, out(51), price=UNIT, windows={"daily": 0}).tier is Tier.DENY
    assert judged(document, out(26), price="4000", windows={"daily": 0}).remaining == 25
    assert judged(document, out(26), price="4000", windows={"daily": 0}).tier is Tier.DENY


@pytest.mark.parametrize("price", [None, "0", "0.00"])
def test_without_a_price_a_person_decides(price: str | None) -> None:
    """Where dollars decide and there is no price, or one of nothing, it is APPROVAL: no pass, and no denial."""
    for document in (
        rules(instant_max_usd="1"),
        rules(daily_limit_usd="1"),
        rules(instant_max="9", weekly_limit_usd="1"),
    ):
        windows = {"daily": 0, "weekly": 0}
        verdict = judged(document, out(1), price=price, windows=windows)
        assert (verdict.tier, verdict.code, verdict.remaining) == (Tier.APPROVAL, "PRICE_MISSING", None)
        assert verdict.grants
        assert "without a fresh price" in verdict.reason


def test_decimals_are_the_chains() -> None:
    """A token's price is for one whole unit as the chain counts it; a token that the chain did not describe has none."""
    document = rules(asset="Mint", instant_max_usd="5")
    assert POLICY.judge(document, facts(out(500, asset=TOKEN), prices={TOKEN: "1"})).tier is Tier.INSTANT  # type: ignore[union-attr]
    assert POLICY.judge(document, facts(out(501, asset=TOKEN), prices={TOKEN: "1"})).tier is Tier.APPROVAL  # type: ignore[union-attr]
    unknown = rules(asset="Mint", instant_max_usd="5").model_copy(update={"asset": "solana:test/token:Strange"})
    verdict = POLICY.judge(unknown, facts(out(1, asset=str(unknown.asset)), prices={str(unknown.asset): "1"}))
    assert verdict is not None
    assert verdict.code == "PRICE_MISSING"


def test_base_units_decide_without_a_price_where_they_can() -> None:
    """Limits in base units still deny, and a tier whose bounds are all in base units is still reached."""
    document = rules(instant_max="10", notify_max_usd="1", daily_limit="50")
    assert judged(document, out(10), windows={"daily": 0}).tier is Tier.INSTANT
    assert judged(document, out(11), windows={"daily": 0}).code == "PRICE_MISSING"
    assert judged(document, out(51), windows={"daily": 0}).tier is Tier.DENY
    both = rules(daily_limit="50", weekly_limit_usd="1")
    verdict = judged(both, out(51), windows={"daily": 0, "weekly": 0})
    assert (verdict.tier, verdict.remaining) == (Tier.DENY, None)
    assert verdict.valid_while == {}


def test_without_a_price_more_is_not_milder() -> None:
    """An amount over a first threshold in dollars does not slip into a second one that is in base units."""
    document = rules(instant_max="10", instant_max_usd="1", notify_max="20")
    assert [judged(document, out(units)).tier for units in (5, 15, 25)] == [Tier.APPROVAL] * 3
    assert judged(document, out(15), price=UNIT).tier is Tier.NOTIFY


@pytest.mark.parametrize(
    "document",
    [
        {"instant_max_usd": "1", "notify_max_usd": "0.5"},
        {"instant_max_usd": "1.0000001"},
        {"instant_max_usd": ".5"},
        {"instant_max_usd": "1."},
        {"instant_max_usd": "01"},
        {"instant_max_usd": "-1"},
        {"instant_max_usd": "1e3"},
        {"instant_max_usd": "１"},
        {"instant_max_usd": 1},
        {"daily_limit_usd": "0"},
        {"daily_limit_usd": "0.000000"},
        {"tier_window_seconds": 60},
        {"tier_window_seconds": 60, "daily_limit": "1"},
        {"instant_max": "1", "tier_window_seconds": 0},
        {"instant_max": "1", "tier_window_seconds": "60"},
    ],
)
def test_rules_that_make_no_sense_are_refused(document: dict[str, Any]) -> None:
    """Falling thresholds, dollars that would be rounded, limits of nothing, and a window without a threshold."""
    with pytest.raises(ValidationError):
        SpendingRules(**document)


@settings(deadline=None)
@given(
    document=st.fixed_dictionaries(
        {},
        optional={
            "instant_max": st.integers(0, 6).map(str),
            "instant_max_usd": st.integers(0, 6).map(lambda micro: f"0.00000{micro}"),
            "notify_max": st.integers(6, 9).map(str),
            "notify_max_usd": st.integers(6, 9).map(lambda micro: f"0.00000{micro}"),
            "daily_limit": st.integers(1, 9).map(str),
            "daily_limit_usd": st.integers(1, 9).map(lambda micro: f"0.00000{micro}"),
        },
    ).filter(bool),
    price=st.sampled_from([None, "300", "1000", "2500"]),
    spent=st.integers(0, 5),
    amounts=st.lists(st.integers(0, 12), min_size=2, max_size=2).map(sorted),
)
def test_more_is_never_judged_milder_at_any_price(
    document: dict[str, Any], price: str | None, spent: int, amounts: list[int]
) -> None:
    """The verdict is monotone in the amount, with a price and without one."""
    windows = {"daily": spent}
    mild, strict = (judged(rules(**document), out(units), price=price, windows=windows) for units in amounts)
    assert mild.tier.rank <= strict.tier.rank
