"""Session constraints, fee limits and totals, against plain arithmetic."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waiaas.engine.rules.constraints import (
    COUNT,
    TOTAL,
    Constraints,
    TokenConstraint,
    constraint_windows,
    judge_constraints,
    read_constraints,
)
from waiaas.engine.rules.fees import FEE_DAY, FeeLimits, fee_cap, fee_window, judge_fee
from waiaas.engine.rules.totals import leaving, totals
from waiaas.engine.rules.verdicts import Named
from waiaas.errors import BadRequest
from waiaas.interfaces.chain import Amount, Destination, Effect, Intent, Kind, Resolved, What
from waiaas.interfaces.policy import Tier, Verdict, Window

NATIVE = "sol"
units = st.integers(1, 10**30)


def payment(amount: int, to: str = "you", asset: str = NATIVE) -> Resolved:
    return Resolved(
        intent=Intent(kind=Kind.TRANSFER, to=Destination(address=to), amount=Amount(asset=asset, units=amount)),
        effects=(Effect(what=What.OUT, asset=asset, units=amount, to=to),),
        assets=(),
        likely_fee=Amount(asset=NATIVE, units=5000),
    )


def denied(constraints: Constraints, resolved: Resolved, windows: Mapping[str, int] | None = None) -> bool:
    values = {window.name: 0 for window in constraint_windows(constraints, NATIVE)} | dict(windows or {})
    return any(item.verdict.tier is Tier.DENY for item in judge_constraints(constraints, resolved, NATIVE, values))


@given(units, units)
def test_max_amount_is_inclusive(limit: int, amount: int) -> None:
    """A payment of exactly the limit passes, one base unit more does not."""
    assert denied(Constraints(maxAmount=str(limit)), payment(amount)) == (amount > limit)


@given(units, units, st.integers(0, 10**30))
def test_max_total_counts_what_went_before(limit: int, amount: int, before: int) -> None:
    """Everything that the session moved, and this payment, together stay at or under the total."""
    constraints = Constraints(maxTotal=str(limit))
    assert denied(constraints, payment(amount), {TOTAL + NATIVE: before}) == (before + amount > limit)


@given(units, units, st.integers(0, 10**30), st.integers(0, 10**30))
def test_the_bound_of_a_total_is_exact(limit: int, amount: int, before: int, later: int) -> None:
    """While the window stays within the bound the verdict is the same, and beyond it it is not (invariant 3)."""
    constraints = Constraints(maxTotal=str(limit))
    found = judge_constraints(constraints, payment(amount), NATIVE, {TOTAL + NATIVE: before})
    if found[0].verdict.tier is Tier.DENY:
        return
    within = later <= found[0].verdict.valid_while[TOTAL + NATIVE]
    assert within == (not denied(constraints, payment(amount), {TOTAL + NATIVE: later}))


@given(st.integers(1, 100), st.integers(0, 100))
def test_transactions_are_counted(limit: int, sent: int) -> None:
    """The session may send so many transactions and no more."""
    assert denied(Constraints(maxTransactions=limit), payment(1), {COUNT: sent}) == (sent >= limit)


def test_types_recipients_and_tokens_narrow() -> None:
    """What is not on a list that was given is refused; a list that was not given limits nothing."""
    assert not denied(Constraints(), payment(1))
    assert denied(Constraints(types=(Kind.TOKEN_TRANSFER,)), payment(1))
    assert denied(Constraints(recipients=("them",)), payment(1))
    assert not denied(Constraints(recipients=("you",)), payment(1))
    assert denied(Constraints(tokens=()), payment(1, asset="usd"))
    assert not denied(Constraints(tokens=()), payment(1))


def test_what_a_session_stores_reads_back() -> None:
    """Every constraint as it comes over the wire is read, and read again from what was stored."""
    document = {
        "maxAmount": "5", "maxTotal": "9", "maxTransactions": 3, "types": ["TRANSFER", "TOKEN_TRANSFER"], "recipients": ["you"],
        "tokens": [{"address": "usd", "maxAmount": "1"}], "signMessages": False,
    }  # fmt: skip
    read = read_constraints(document)
    assert read.types == (Kind.TRANSFER, Kind.TOKEN_TRANSFER)
    assert read_constraints(read.model_dump(mode="json", exclude_none=True)) == read


@given(units, units, st.integers(0, 10**30))
def test_a_tokens_own_limits_hold_for_it_alone(limit: int, amount: int, before: int) -> None:
    """Native limits let every amount of a token pass, a token's own hold it exactly, and other tokens may not move."""
    native = Constraints(maxAmount="1", maxTotal="1")
    assert not denied(native, payment(amount, asset="usd"), {TOTAL + NATIVE: 1})
    one = Constraints(tokens=(TokenConstraint(address="usd", maxAmount=str(limit)),))
    assert denied(one, payment(amount, asset="usd")) == (amount > limit)
    total = Constraints(tokens=(TokenConstraint(address="usd", maxTotal=str(limit)),))
    assert denied(total, payment(amount, asset="usd"), {TOTAL + "usd": before}) == (before + amount > limit)
    assert denied(one, payment(1, asset="eur"))
    assert not denied(one, payment(amount))


@pytest.mark.parametrize(
    "document",
    [
        {"maxAmount": 5}, {"maxAmount": "0"}, {"maxAmount": "1e18"}, {"maxAmount": "１２"}, {"maxAmount": "-1"},
        {"maxTransactions": "5"}, {"maxTransactions": 0}, {"types": ["NOTHING"]}, {"unknown": 1}, {"recipients": "you"},
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(document: dict[str, object]) -> None:
    """A wrong type, a wrong number or an unknown field is a bad request."""
    with pytest.raises(BadRequest):
        read_constraints(document)


@given(st.integers(0, 10**20), st.integers(1, 10**12), st.integers(0, 10**12))
def test_the_fee_cap_is_never_above_the_configured_one(likely: int, most: int, daily: int) -> None:
    """A transaction's cap follows the likely fee and never passes what was configured."""
    assert fee_cap(likely, FeeLimits(max=most, daily=daily)) <= most


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_day_of_fees_is_bounded(cap: int, spent: int, daily: int, later: int) -> None:
    """Fees spent, reserved and this cap stay within the day's limit, and the bound says exactly how far that holds."""
    limits = FeeLimits(max=10**12, daily=daily)
    named = judge_fee(cap, spent, limits, None)
    assert (named.verdict.tier is Tier.DENY) == (spent + cap > daily)
    if named.verdict.tier is not Tier.DENY:
        assert (later <= named.verdict.valid_while[FEE_DAY]) == (later + cap <= daily)


def test_fees_are_summed_over_the_agents_last_day() -> None:
    """The window is the agent's own, 24 hours long, of the native asset, and of fees and nothing else."""
    assert fee_window(NATIVE) == Window(
        name=FEE_DAY, measure="spent", seconds=24 * 60 * 60, scope="agent", where={"asset": NATIVE, "kinds": "fee"}
    )


def test_fees_up_to_the_very_limit_are_within_it() -> None:
    """A cap that just fits is instant and grants nothing; it holds while the day's fees leave room for it."""
    assert judge_fee(10, 90, FeeLimits(max=10, daily=100), 1700) == Named(
        type="FEES",
        verdict=Verdict(
            tier=Tier.INSTANT,
            code="WITHIN_FEE_LIMITS",
            reason="fees of up to 10 are within the day's limit",
            valid_while={FEE_DAY: 90},
        ),
    )


@pytest.mark.parametrize(("spent", "left"), [(91, 9), (100, 0), (150, 0)])
def test_fees_beyond_the_days_limit_are_denied_with_what_is_left(spent: int, left: int) -> None:
    """One base unit too much is denied; what is left is told, never below nothing, and when there will be more."""
    assert judge_fee(10, spent, FeeLimits(max=10, daily=100), 1700) == Named(
        type="FEES",
        verdict=Verdict(
            tier=Tier.DENY,
            code="FEE_DAILY_LIMIT",
            reason=f"fees of up to 10 would pass the day's limit of 100; {left} is left",
            remaining=left,
            resets_at=1700,
        ),
    )


effects = st.builds(
    Effect,
    what=st.sampled_from(list(What)),
    asset=st.sampled_from(["sol", "usd", None]),
    units=st.one_of(st.none(), st.integers(0, 10**40)),
    to=st.just("you"),
)


@given(st.lists(effects, max_size=8))
def test_totals_add_every_unit_once(found: list[Effect]) -> None:
    """Sums by kind make up the sum by asset, and neither loses a unit, whatever its size."""
    counted = [e for e in found if e.what in (What.OUT, What.LOCKED, What.APPROVE) and e.asset and e.units is not None]
    for asset in ("sol", "usd"):
        assert leaving(found, asset) == sum(e.units or 0 for e in counted if e.asset == asset)
    assert sum(totals(found).values()) == sum(e.units or 0 for e in counted)
