"""FEE_LIMIT: what a transaction costs besides its amount."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.builtin.cases import NATIVE, NOW, RENT, TOKEN, Reader, facts, out, resolved
from waiaas.builtin.fee_limit import FeeLimit, FeeRules
from waiaas.errors import Malformed
from waiaas.interfaces.chain import Effect, What
from waiaas.interfaces.policy import Tier, Verdict

POLICY = FeeLimit()


class Nobody(Reader):
    """Reads for a global policy."""

    def asset(self, text: str | None) -> str:
        if text is None:
            raise Malformed("a global policy names its asset in full")
        return super().asset(text)


def rules(**document: Any) -> FeeRules:
    return POLICY.normalise(FeeRules(**document), Reader())


def judged(document: FeeRules, *effects: Effect, fee: int = 5000, spent: int = 0, **told: Any) -> Verdict:
    verdict = POLICY.judge(document, facts(*effects, fee=fee, windows={"costs": spent}, **told))
    assert verdict is not None
    return verdict


def test_fee_and_rent_are_the_cost() -> None:
    """The fee's cap and the native rent count together; the amount and what is locked of other assets do not."""
    document, locked = rules(max_fee="5004"), Effect(what=What.LOCKED, asset=TOKEN, units=99)
    assert judged(document, out(10**12), RENT, locked).tier is Tier.INSTANT
    verdict = judged(document, out(1), RENT, fee=5001)
    assert (verdict.tier, verdict.code, verdict.remaining, verdict.resets_at) == (
        Tier.DENY,
        "FEE_ABOVE_MAX",
        None,
        None,
    )
    assert judged(document, Effect(what=What.LOCKED, asset=NATIVE)).tier is Tier.DENY
    assert judged(document, fee=5005).tier is Tier.DENY


def test_a_days_costs_are_limited() -> None:
    """What brings the day exactly to its limit passes, one unit more is denied, with when there is room again."""
    document = rules(daily_limit="20000")
    assert judged(document, out(1), spent=15_000).tier is Tier.INSTANT
    verdict = judged(document, out(1), spent=15_001, oldest={"costs": NOW + 3})
    assert (verdict.tier, verdict.code) == (Tier.DENY, "FEE_DAILY_LIMIT_EXCEEDED")
    assert (verdict.remaining, verdict.resets_at, verdict.grants) == (None, NOW + 3, False)
    assert judged(document, out(1), fee=20_001, oldest={"costs": NOW + 3}).resets_at is None


def test_the_day_is_the_agents_own_fees_and_rent() -> None:
    """One window of 24 hours over fees and rent of the native asset, where a day is limited."""
    (window,) = POLICY.windows(rules(daily_limit="1"), resolved(()))
    assert (window.measure, window.seconds, window.scope) == ("spent", 86400, "agent")
    assert dict(window.where) == {"asset": NATIVE, "kinds": "fee,rent"}
    assert POLICY.windows(rules(max_fee="1"), resolved(())) == ()


def test_reasons_have_the_figures() -> None:
    """The sentences say what it may cost, what is allowed, used and left, in whole units."""
    assert judged(rules(max_fee="4000"), out(1)).reason == (
        "a cost of up to 0.000005 SOL besides the amount is over max_fee, 0.000004 SOL"
    )
    assert judged(rules(daily_limit="10000"), out(1), spent=7000).reason == (
        "a cost of up to 0.000005 SOL besides the amount is over the daily limit: 0.000007 SOL of 0.00001 SOL is used "
        "in the last 24 hours, 0.000003 SOL is left"
    )


def test_agents_with_another_native_asset_are_not_spoken_of() -> None:
    """A global policy in one chain's base units says nothing of another chain's fees."""
    document = POLICY.normalise(FeeRules(max_fee="1", asset=TOKEN), Nobody())
    assert POLICY.judge(document, facts(out(1))) is None


def test_the_asset_is_the_native_one() -> None:
    """Left out it is the agent's own; a token is refused where that can be told; a global policy has to name it."""
    assert rules(max_fee="1").asset == rules(max_fee="1", asset="native").asset == NATIVE
    with pytest.raises(Malformed):
        rules(max_fee="1", asset="Mint")
    with pytest.raises(Malformed):
        POLICY.normalise(FeeRules(max_fee="1"), Nobody())


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"asset": "native"},
        {"max_fee": "0"},
        {"max_fee": 5},
        {"daily_limit": "1.5"},
        {"max_fee": "1", "weekly_limit": "1"},
    ],
)
def test_rules_that_make_no_sense_are_refused(document: dict[str, Any]) -> None:
    """Rules that limit nothing, amounts that are no wire amounts, and unknown keys."""
    with pytest.raises(ValidationError):
        FeeRules(**document)


def test_what_cannot_be_judged_raises() -> None:
    """Rules without an asset, a missing window, negative fees and rents raise, which denies."""
    with pytest.raises(ValueError, match="not normalised"):
        POLICY.judge(FeeRules(max_fee="1"), facts(out(1)))
    with pytest.raises(KeyError):
        POLICY.judge(rules(daily_limit="1"), facts(out(1)))
    with pytest.raises(ValueError, match="not an amount"):
        judged(rules(max_fee="1"), fee=-1)
    with pytest.raises(ValueError, match="negative"):
        judged(rules(max_fee="1"), Effect(what=What.LOCKED, asset=NATIVE, units=-1))


documents = st.builds(
    lambda most, day: rules(**{k: str(v) for k, v in (("max_fee", most), ("daily_limit", day)) if v}),
    st.none() | st.integers(1, 5),
    st.integers(1, 5),
) | st.builds(lambda most: rules(max_fee=str(most)), st.integers(1, 5))
costs = [(fee, rent) for fee in range(6) for rent in (0, 1, 2, None)]


def tier(document: FeeRules, cost: tuple[int, int | None], spent: int) -> Tier:
    fee, rent = cost
    return judged(document, Effect(what=What.LOCKED, asset=NATIVE, units=rent), fee=fee, spent=spent).tier


@settings(deadline=None)
@given(old=documents, new=documents)
def test_tighter_is_what_trying_everything_says(old: FeeRules, new: FeeRules) -> None:
    """The answer agrees with every cost tried after every day."""
    milder = any(tier(new, cost, spent).rank < tier(old, cost, spent).rank for cost, spent in product(costs, range(7)))
    assert POLICY.is_tighter(old, new) is not milder


@settings(deadline=None)
@given(document=documents, cost=st.sampled_from(costs), spent=st.integers(0, 6))
def test_a_verdict_holds_exactly_within_its_bound(document: FeeRules, cost: tuple[int, int | None], spent: int) -> None:
    """Every value of the window up to the bound passes, the next one is denied."""
    verdict = judged(document, Effect(what=What.LOCKED, asset=NATIVE, units=cost[1]), fee=cost[0], spent=spent)
    if verdict.tier is Tier.DENY or document.daily_limit is None:
        assert verdict.valid_while == {}
        return
    most = verdict.valid_while["costs"]
    assert all(tier(document, cost, value) is Tier.INSTANT for value in range(most + 1))
    assert tier(document, cost, most + 1) is Tier.DENY


@settings(deadline=None)
@given(
    document=documents, fees=st.lists(st.integers(0, 9), min_size=2, max_size=2).map(sorted), spent=st.integers(0, 6)
)
def test_dearer_is_never_judged_milder(document: FeeRules, fees: list[int], spent: int) -> None:
    """The verdict is monotone in the cost and in what the day has cost."""
    assert tier(document, (fees[0], 0), spent).rank <= tier(document, (fees[1], 1), spent).rank
    assert tier(document, (fees[0], 0), spent).rank <= tier(document, (fees[0], 0), spent + 1).rank
