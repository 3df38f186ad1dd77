from itertools import permutations, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.builtin.cases import NATIVE, NOW, RENT, TOKEN, Reader, facts, out, resolved
from waiaas.builtin.spending_limit import SpendingLimit
from waiaas.builtin.spending_rules import PERIODS, SpendingRules
from waiaas.errors import Malformed
from waiaas.interfaces.chain import Effect, What
from waiaas.interfaces.policy import Tier, Verdict

POLICY = SpendingLimit()
NAMES = list(PERIODS)


def rules(**document: Any) -> SpendingRules:
    return POLICY.normalise(SpendingRules(**document), Reader())


def judged(document: SpendingRules, *effects: Effect, **told: Any) -> Verdict:
    verdict = POLICY.judge(document, facts(*effects, **told))
    assert verdict is not None
    return verdict


def small(most: int, least: int = 0) -> st.SearchStrategy[str | None]:
    return st.none() | st.integers(least, most).map(str)


@st.composite
def documents(draw: st.DrawFn) -> SpendingRules:
    """Rules with small numbers, so that every amount and history around them can be tried."""
    bounds = sorted(draw(st.lists(st.integers(0, 4), min_size=3, max_size=3)))
    given_bounds = [str(bound) if draw(st.booleans()) else None for bound in bounds]
    limits = {f"{name}_limit": draw(small(5, 1)) for name in NAMES}
    if not any([*given_bounds, *limits.values()]):
        limits["daily_limit"] = "3"
    delay = draw(st.none() | st.integers(1, 3))
    instant, notify, held = given_bounds
    return rules(instant_max=instant, notify_max=notify, delay_max=held, delay_seconds=delay, **limits)


HISTORIES = [
    dict(zip(NAMES, spent, strict=True)) for spent in product(range(7), repeat=3) if list(spent) == sorted(spent)
]
AMOUNTS: list[int | None] = [*range(8), None]
histories = st.sampled_from(HISTORIES)
amounts = st.sampled_from(AMOUNTS)


@pytest.mark.parametrize(
    ("units", "tier", "delay"),
    [
        (1, Tier.INSTANT, None),
        (10, Tier.INSTANT, None),
        (11, Tier.NOTIFY, None),
        (20, Tier.NOTIFY, None),
        (21, Tier.DELAY, 60),
        (30, Tier.DELAY, 60),
        (31, Tier.APPROVAL, None),
        (None, Tier.APPROVAL, None),
    ],
)
def test_thresholds_are_inclusive(units: int | None, tier: Tier, delay: int | None) -> None:
    """An amount has the first tier whose threshold it does not pass, above the last it needs approval."""
    verdict = judged(rules(instant_max="10", notify_max="20", delay_max="30", delay_seconds=60), out(units))
    assert (verdict.tier, verdict.delay_seconds, verdict.grants) == (tier, delay, True)


def test_a_threshold_left_out_is_a_tier_that_is_not_used() -> None:
    """With instant_max alone everything above it needs approval; without thresholds all within the limits is instant."""
    assert judged(rules(instant_max="10"), out(11)).tier is Tier.APPROVAL
    assert judged(rules(delay_max="10"), out(1)).tier is Tier.DELAY
    assert judged(rules(daily_limit="10"), out(10), windows={"daily": 0}).tier is Tier.INSTANT


def test_a_threshold_of_zero_takes_its_tier_away() -> None:
    """Zero is allowed for thresholds: no amount is instant then."""
    assert judged(rules(instant_max="0", notify_max="10"), out(1)).tier is Tier.NOTIFY


@pytest.mark.parametrize("name", NAMES)
def test_a_limit_is_inclusive_and_denies_above(name: str) -> None:
    """What brings a window exactly to its limit passes, one unit more is denied with what is left and when more is."""
    document = rules(**{f"{name}_limit": "100"})
    told: dict[str, Any] = {"windows": {name: 60}, "oldest": {name: NOW + 7}}
    assert judged(document, out(40), **told).tier is Tier.INSTANT
    verdict = judged(document, out(41), **told)
    assert (verdict.tier, verdict.code) == (Tier.DENY, "SPENDING_LIMIT_EXCEEDED")
    assert (verdict.remaining, verdict.resets_at, verdict.grants) == (40, NOW + 7, False)


def test_a_denial_names_its_figures() -> None:
    """The reason says how much was asked, used, allowed and left, in whole units of the native asset."""
    verdict = judged(rules(daily_limit="1500000000"), out(2 * 10**9), windows={"daily": 1234567890})
    assert verdict.reason == (
        "2 SOL is over the daily limit: 1.23456789 SOL of 1.5 SOL is used in the last 24 hours, 0.26543211 SOL is left"
    )


def test_foreign_words_are_quoted_in_a_reason() -> None:
    """A token's amounts are in its display units; its symbol stands in quotes, in ASCII, so that it says nothing of ours."""
    verdict = judged(rules(asset="Mint", instant_max="5"), out(750, asset=TOKEN))
    assert verdict.reason == '7.5 "US\\u202eD" is above 0.05 "US\\u202eD", the last threshold'


def test_remaining_is_never_negative() -> None:
    """After a limit was lowered under what is spent, nothing is left, not less."""
    assert judged(rules(daily_limit="10"), out(1), windows={"daily": 50}).remaining == 0


def test_more_is_possible_when_the_window_that_leaves_least_lets_go() -> None:
    """Of several windows the one with the least left decides; with equal ones the later moment; unknown stays unknown."""
    document = rules(daily_limit="10", weekly_limit="10", monthly_limit="99")
    windows = {"daily": 10, "weekly": 10, "monthly": 10}
    oldest = {"daily": NOW + 1, "weekly": NOW + 2, "monthly": NOW + 3}
    assert judged(document, out(1), windows=windows, oldest=oldest).resets_at == NOW + 2
    assert judged(document, out(1), windows={**windows, "daily": 9}, oldest=oldest).resets_at == NOW + 2
    assert judged(document, out(1), windows=windows, oldest={"daily": NOW + 1}).resets_at is None


def test_waiting_does_not_help_an_amount_over_the_limit_itself() -> None:
    """A denial says when the same amount can pass, and nothing where it is more than some limit allows at all."""
    document = rules(daily_limit="10", weekly_limit="20")
    told: dict[str, Any] = {"windows": {"daily": 10, "weekly": 15}, "oldest": {"daily": NOW + 1, "weekly": NOW + 2}}
    assert judged(document, out(5), **told).resets_at == NOW + 1
    assert judged(document, out(6), **told).resets_at == NOW + 2
    assert judged(document, out(11), **told).resets_at is None
    assert judged(document, out(None), **told).resets_at is None


def test_outflows_locked_value_and_allowances_of_the_asset_are_summed() -> None:
    """All that can leave counts together, other assets do not."""
    document = rules(instant_max="10")
    locked = Effect(what=What.LOCKED, asset=NATIVE, units=4, to=None)
    allowance = Effect(what=What.APPROVE, asset=NATIVE, units=4, to="A")
    assert judged(document, out(2), locked, allowance, out(99, asset=TOKEN)).tier is Tier.INSTANT
    assert judged(document, out(3), locked, allowance).tier is Tier.APPROVAL


def test_a_transaction_without_the_asset_is_not_spoken_of() -> None:
    """No effect of the asset, no verdict and no windows; authority and unknown effects move no asset."""
    document = rules(daily_limit="1")
    for effect in (out(5, asset=TOKEN), Effect(what=What.UNKNOWN), Effect(what=What.AUTHORITY, asset=NATIVE)):
        assert POLICY.judge(document, facts(effect)) is None
        assert POLICY.windows(document, resolved((effect,))) == ()
    assert POLICY.judge(document, facts()) is None


@pytest.mark.parametrize("what", [What.APPROVE, What.AUTHORITY, What.CALL, What.UNKNOWN])
@pytest.mark.parametrize(("asset", "word"), [(NATIVE, "native"), (TOKEN, "Mint")])
def test_only_plain_transfers_are_granted(what: What, asset: str, word: str) -> None:
    """Anything beside outflows of the asset and the rent they lock takes the grant away, and so does any other asset."""
    document, other = rules(asset=word, instant_max="10"), {NATIVE: TOKEN, TOKEN: NATIVE}[asset]
    assert judged(document, out(1, asset=asset), RENT).grants
    assert not judged(document, out(1, asset=asset), Effect(what=what, asset=asset, units=1)).grants
    assert not judged(document, out(1, asset=asset), Effect(what=what, asset=other, units=1)).grants
    assert not judged(document, out(1, asset=asset), Effect(what=what)).grants
    assert not judged(document, out(1, asset=asset), out(1, asset=other)).grants
    assert not judged(document, out(1, asset=asset), Effect(what=What.LOCKED, asset="other", units=1)).grants


def test_a_tokens_rent_counts_for_the_native_limit_alone() -> None:
    """The token's limit speaks for the rent without measuring it; the native one measures it and grants no token."""
    token, native = rules(asset="Mint", instant_max="10"), rules(instant_max="3")
    both = (out(10, asset=TOKEN), RENT)
    assert (judged(token, *both).tier, judged(token, *both).grants) == (Tier.INSTANT, True)
    assert (judged(native, *both).tier, judged(native, *both).grants) == (Tier.APPROVAL, False)
    assert judged(rules(daily_limit="3"), *both, windows={"daily": 0}).tier is Tier.DENY


def test_windows_are_the_agents_own_sums_of_the_asset() -> None:
    """One window a limit: rolling 24 hours, 7 days and 30 days, of the agent, of the asset."""
    document = rules(daily_limit="1", weekly_limit="2", monthly_limit="3")
    windows = POLICY.windows(document, resolved((out(1),)))
    assert [(w.name, w.seconds, w.measure, w.scope, dict(w.where)) for w in windows] == [
        ("daily", 86400, "spent", "agent", {"asset": NATIVE}),
        ("weekly", 7 * 86400, "spent", "agent", {"asset": NATIVE}),
        ("monthly", 30 * 86400, "spent", "agent", {"asset": NATIVE}),
    ]
    assert not POLICY.windows(rules(instant_max="1"), resolved((out(1),)))


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"asset": "native"},
        {"delay_seconds": 5},
        {"instant_max": "10", "notify_max": "9"},
        {"instant_max": "10", "delay_max": "9"},
        {"instant_max": 10},
        {"instant_max": "-1"},
        {"instant_max": "01"},
        {"instant_max": "1e9"},
        {"instant_max": "１２"},
        {"instant_max": "1\n"},
        {"instant_max": "1" * 79},
        {"daily_limit": "0"},
        {"daily_limit": "1.5"},
        {"instant_max": "1", "delay_seconds": 0},
        {"instant_max": "1", "delay_seconds": 86401},
        {"instant_max": "1", "delay_seconds": "60"},
        {"instant_max": "1", "delay_seconds": True},
        {"instant_max": "1", "hourly_limit": "1"},
        {"instant_max": "1", "asset": ""},
    ],
)
def test_rules_that_make_no_sense_are_refused(document: dict[str, Any]) -> None:
    """Unknown keys, amounts that are no wire amounts, falling thresholds, and rules that limit nothing."""
    with pytest.raises(ValidationError):
        SpendingRules(**document)


def test_an_asset_that_no_chain_reads_is_refused() -> None:
    """Normalising asks the chain, and the id is stored in place of the operator's word."""
    assert rules(instant_max="1").asset == NATIVE
    assert rules(asset="Mint", instant_max="1").asset == TOKEN
    with pytest.raises(Malformed):
        rules(asset="Moon", instant_max="1")


def test_what_cannot_be_judged_raises() -> None:
    """Rules without an asset, a missing window and a negative effect raise, which denies."""
    with pytest.raises(ValueError, match="not normalised"):
        POLICY.judge(SpendingRules(instant_max="1"), facts(out(1)))
    with pytest.raises(KeyError):
        POLICY.judge(rules(daily_limit="1"), facts(out(1)))
    with pytest.raises(ValueError, match="negative"):
        POLICY.judge(rules(instant_max="10"), facts(out(12), out(-3)))


@settings(deadline=None)
@given(document=documents(), spent=histories, first=amounts, second=amounts)
def test_more_is_never_judged_milder(
    document: SpendingRules, spent: dict[str, int], first: int | None, second: int | None
) -> None:
    """The verdict is monotone in the amount, an unbounded one being the largest."""
    less, more = sorted([first, second], key=lambda units: float("inf") if units is None else units)
    mild, strict = (judged(document, out(units), windows=spent) for units in (less, more))
    assert mild.tier.rank <= strict.tier.rank


@settings(deadline=None)
@given(document=documents(), amount=amounts, one=histories, other=histories)
def test_more_spent_is_never_judged_milder(
    document: SpendingRules, amount: int | None, one: dict[str, int], other: dict[str, int]
) -> None:
    """The verdict is monotone in every window."""
    most = {name: max(one[name], other[name]) for name in NAMES}
    before, after = (judged(document, out(amount), windows=spent) for spent in (one, most))
    assert before.tier.rank <= after.tier.rank


@settings(deadline=None)
@given(document=documents(), parts=st.lists(st.integers(0, 3), min_size=1, max_size=4), spent=histories)
def test_the_order_of_effects_does_not_matter(document: SpendingRules, parts: list[int], spent: dict[str, int]) -> None:
    """The same effects in any order, or in one, give the same verdict."""
    whole = judged(document, out(sum(parts)), windows=spent)
    for order in permutations(parts):
        assert judged(document, *(out(units) for units in order), windows=spent) == whole


@settings(deadline=None)
@given(document=documents(), amount=amounts, spent=histories)
def test_a_verdict_holds_exactly_within_its_bounds(
    document: SpendingRules, amount: int | None, spent: dict[str, int]
) -> None:
    """Every window at or under its bound gives the same tier; one unit beyond any bound gives another."""
    verdict = judged(document, out(amount), windows=spent)
    if verdict.tier is Tier.DENY:
        assert verdict.valid_while == {}
        return
    assert set(verdict.valid_while) == {name for name, _ in document.limits()}
    bounds = verdict.valid_while
    for values in product(*(range(bound + 1) for bound in bounds.values())):
        again = judged(document, out(amount), windows=dict(zip(bounds, values, strict=True)))
        assert (again.tier, again.code, again.grants) == (verdict.tier, verdict.code, verdict.grants)
    for name, bound in bounds.items():
        assert judged(document, out(amount), windows={**spent, name: bound + 1}).tier is Tier.DENY


def brute_is_tighter(old: SpendingRules, new: SpendingRules) -> bool:
    """Whether no amount after no history is judged milder, or delayed for less, by ``new``."""
    for amount, spent in product(AMOUNTS, HISTORIES):
        before, after = (judged(document, out(amount), windows=spent) for document in (old, new))
        if after.tier.rank < before.tier.rank:
            return False
        if before.tier is after.tier is Tier.DELAY and before.delay_seconds != after.delay_seconds:
            if before.delay_seconds is None or after.delay_seconds is None:
                return False
            if after.delay_seconds < before.delay_seconds:
                return False
    return True


@settings(deadline=None)
@given(old=documents(), new=documents())
def test_tighter_is_what_trying_everything_says(old: SpendingRules, new: SpendingRules) -> None:
    """The answer agrees with every amount tried after every history."""
    assert POLICY.is_tighter(old, new) == brute_is_tighter(old, new)


HELD: dict[str, Any] = {"delay_max": "9", "delay_seconds": 60}


@pytest.mark.parametrize(
    ("old", "new", "answer"),
    [
        (HELD, {**HELD, "delay_seconds": 60}, True),
        (HELD, {**HELD, "delay_seconds": 61}, True),
        (HELD, {**HELD, "delay_seconds": 59}, False),
        (HELD, {**HELD, "delay_seconds": None}, False),
        ({**HELD, "delay_seconds": None}, HELD, False),
        ({"instant_max": "5"}, {"instant_max": "5", "notify_max": "6"}, False),
        ({"instant_max": "5"}, {"instant_max": "4", "daily_limit": "100"}, True),
        ({"instant_max": "5"}, {"instant_max": "6", "daily_limit": "5"}, True),
        ({"instant_max": "5"}, {"daily_limit": "5"}, True),
        ({"instant_max": "5"}, {"daily_limit": "6"}, False),
        ({"daily_limit": "5"}, {"monthly_limit": "5"}, True),
        ({"monthly_limit": "5"}, {"daily_limit": "5"}, False),
        ({"daily_limit": "5"}, {"instant_max": "5"}, False),
    ],
)
def test_tightening_by_example(old: dict[str, Any], new: dict[str, Any], answer: bool) -> None:
    """Shorter delays, higher steps and dropped limits loosen; a longer window with the same limit holds a shorter one's."""
    assert POLICY.is_tighter(rules(**old), rules(**new)) is answer


@settings(deadline=None)
@given(document=documents())
def test_rules_are_as_tight_as_themselves(document: SpendingRules) -> None:
    """Storing the same rules again loosens nothing."""
    assert POLICY.is_tighter(document, document)


def test_another_asset_is_never_tighter() -> None:
    """Limits of another asset say nothing about this one."""
    assert not POLICY.is_tighter(rules(instant_max="5"), rules(asset="Mint", instant_max="1"))


def test_large_amounts_are_exact() -> None:
    """78 digits are judged to the unit."""
    most = 10**78 - 1
    document = rules(daily_limit=str(most))
    assert judged(document, out(most), windows={"daily": 0}).tier is Tier.INSTANT
    assert judged(document, out(most), windows={"daily": 1}).tier is Tier.DENY
