"""FEE_LIMIT: what a transaction may cost besides its amount, and what a day of them may. It restricts, it never grants.

The cost is the most that the network may take as its fee, tips included, and the native rent that new accounts lock. It is
measured in base units of one native asset; agents that pay their fees in another are not spoken of.
"""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field, model_validator

from waiaas.builtin.leaving import period, shown, total
from waiaas.errors import Malformed
from waiaas.interfaces.chain import Resolved, What
from waiaas.interfaces.policy import AssetReader, BaseUnits, Facts, Limit, PolicyType, Tier, Verdict, Window

WINDOW = "costs"
_DAY = 86_400


class FeeRules(BaseModel):
    """At least one bound, in base units of the native asset."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    asset: str | None = Field(
        default=None,
        min_length=1,
        max_length=256,
        description="the native asset in which it is counted; left out the agent's own; a global policy names it as CAIP-19",
    )
    max_fee: BaseUnits | None = Field(
        default=None,
        description="the most that one transaction may cost besides its amount: fee, tips and rent; above: denied",
    )
    daily_limit: BaseUnits | None = Field(default=None, description="the most in any 24 hours; above: denied")

    @model_validator(mode="after")
    def _is_sensible(self) -> "FeeRules":
        if self.max_fee is None and self.daily_limit is None:
            raise ValueError("a fee limit needs max_fee or daily_limit")
        return self


class FeeLimit(PolicyType[FeeRules]):
    """See the module."""

    type = "FEE_LIMIT"
    rules_model = FeeRules
    grants = False

    def normalise(self, rules: FeeRules, reader: AssetReader) -> FeeRules:
        """The asset becomes its one id. :raises Malformed: for one that is not native, where the reader can tell"""
        asset = reader.asset(rules.asset)
        if rules.asset is not None and _is_another(asset, reader):
            raise Malformed("fees are paid in the native asset", hint="leave asset out")
        return rules.model_copy(update={"asset": asset})

    def windows(self, rules: FeeRules, resolved: Resolved) -> Sequence[Window]:
        """What the agent's transactions cost in 24 hours, reserved costs included."""
        if rules.daily_limit is None:
            return ()
        return [_window(rules)]

    def limits(self, rules: FeeRules, native: str) -> Sequence[Limit]:
        """The day's, of agents whose fees are paid in its asset."""
        if rules.daily_limit is None or native != _asset(rules):
            return ()
        return [Limit(window=_window(rules), most=int(rules.daily_limit))]

    def judge(self, rules: FeeRules, facts: Facts) -> Verdict | None:
        """DENY above a bound, INSTANT otherwise; None where the agent's fees are paid in another asset.

        :raises ValueError: for rules that were never normalised, and for a negative cost
        :raises KeyError: when the window that was asked for is missing
        """
        asset = _asset(rules)
        if facts.native != asset:
            return None
        cost = _cost(facts)
        if rules.max_fee is not None and (cost is None or cost > int(rules.max_fee)):
            reason = f"{_costs(facts, cost)} is over max_fee, {shown(facts, asset, int(rules.max_fee))}"
            return Verdict(tier=Tier.DENY, code="FEE_ABOVE_MAX", reason=reason)
        return _judged_by_day(rules, facts, cost)

    def is_tighter(self, old: FeeRules, new: FeeRules) -> bool:
        """Exact: no dearer transaction and no dearer day. A day's limit keeps every transaction under it too."""
        single = [int(most) for most in (new.max_fee, new.daily_limit) if most is not None]
        is_kept = old.max_fee is None or min(single) <= int(old.max_fee)
        is_day_kept = old.daily_limit is None or (
            new.daily_limit is not None and int(new.daily_limit) <= int(old.daily_limit)
        )
        return old.asset == new.asset and is_kept and is_day_kept


def _window(rules: FeeRules) -> Window:
    where = {"asset": _asset(rules), "kinds": "fee,rent"}
    return Window(name=WINDOW, measure="spent", seconds=_DAY, scope="agent", where=where)


def _judged_by_day(rules: FeeRules, facts: Facts, cost: int | None) -> Verdict:
    asset = _asset(rules)
    if rules.daily_limit is None:
        return Verdict(tier=Tier.INSTANT, code="WITHIN_FEE_LIMIT", reason=f"{_costs(facts, cost)} is within max_fee")
    most, spent, resets_at = int(rules.daily_limit), facts.windows[WINDOW], facts.oldest.get(WINDOW)
    if cost is None or spent + cost > most:
        reason = (
            f"{_costs(facts, cost)} is over the daily limit: {shown(facts, asset, spent)} of {shown(facts, asset, most)} "
            f"is used {period(_DAY)}, {shown(facts, asset, max(0, most - spent))} is left"
        )
        passes_at = resets_at if cost is not None and cost <= most else None
        return Verdict(tier=Tier.DENY, code="FEE_DAILY_LIMIT_EXCEEDED", reason=reason, resets_at=passes_at)
    return Verdict(
        tier=Tier.INSTANT,
        code="WITHIN_FEE_LIMIT",
        reason=f"{_costs(facts, cost)} is within the daily limit of {shown(facts, asset, most)}",
        valid_while={WINDOW: most - cost},
    )


def _cost(facts: Facts) -> int | None:
    """The fee's cap and the native rent; None where the rent is unbounded. :raises ValueError: for a negative one"""
    if facts.fee.units < 0 or facts.fee.asset != facts.native:
        raise ValueError("the fee is not an amount of the native asset")
    rent = total(one for one in facts.effects if one.what is What.LOCKED and one.asset == facts.native)
    return None if rent is None else facts.fee.units + rent


def _costs(facts: Facts, cost: int | None) -> str:
    return f"a cost of up to {shown(facts, facts.native, cost)} besides the amount"


def _asset(rules: FeeRules) -> str:
    if rules.asset is None:
        raise ValueError("the rules were not normalised: they name no asset")
    return rules.asset


def _is_another(asset: str, reader: AssetReader) -> bool:
    """Whether an agent's own native asset is known and it is not this one; a global policy has no agent to ask."""
    try:
        return reader.asset(None) != asset
    except Malformed:
        return False
