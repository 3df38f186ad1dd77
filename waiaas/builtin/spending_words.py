"""The sentences of SPENDING_LIMIT: why an amount has its tier, and why it is denied, with the figures that decided."""

from dataclasses import dataclass

from waiaas.builtin.dollars import Price, shown_dollars
from waiaas.builtin.leaving import period, shown
from waiaas.builtin.spending_rules import PERIODS, TIER, SpendingRules
from waiaas.builtin.spending_steps import Steps
from waiaas.interfaces.policy import Facts, Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One transaction under one policy.

    :param amount: what can leave of the asset; None is unbounded
    :param price: of the asset; None where no bound needs it, or none is known
    """

    rules: SpendingRules
    facts: Facts
    asset: str
    amount: int | None
    price: Price | None
    steps: Steps

    @property
    def before(self) -> int:
        """What counts towards the tier besides the amount."""
        return 0 if self.rules.tier_window_seconds is None else self.facts.windows[TIER]

    @property
    def counted(self) -> int | None:
        """What the tier is judged by."""
        return None if self.amount is None else self.amount + self.before

    def show(self, units: int | None, bound: str = "") -> str:
        """Units as the bound of that name is written: in dollars, or in units of the asset."""
        if units is None or self.price is None or bound not in self.steps.in_dollars:
            return shown(self.facts, self.asset, units)
        return shown_dollars(self.price.value(units))

    def show_bound(self, name: str, field: str, units: int) -> str:
        """A bound, as the operator wrote it where it is in dollars."""
        if name in self.steps.in_dollars:
            return f"{getattr(self.rules, f'{field}_usd')} USD"
        return shown(self.facts, self.asset, units)


def tier_reason(case: Case, tier: Tier) -> str:
    """Why the amount, with what counts beside it, has its tier."""
    if tier is Tier.APPROVAL and case.steps.lacks_price:
        return f"{_judged(case)} cannot be judged in dollars without a fresh price, so a person must approve it"
    bound = case.steps.bound_of(tier)
    if bound is not None:
        field = f"{tier.value.lower()}_max"
        return f"{_judged(case, tier.value)} is within {field}, {case.show_bound(tier.value, field, bound)}"
    if not case.steps.thresholds:
        return f"{case.show(case.amount)} is within the limits"
    last, of = max(case.steps.thresholds, key=lambda pair: pair[0])
    shown_last = case.show_bound(of.value, f"{of.value.lower()}_max", last)
    return f"{_judged(case, of.value)} is above {shown_last}, the last threshold"


def denied_reason(case: Case, name: str, left: int) -> str:
    """Why the amount is denied by the limit of a window."""
    most, spent = case.steps.limits[name], case.facts.windows[name]
    amount = case.show(case.amount)
    if name in case.steps.in_dollars and case.amount is not None:
        amount = f"{amount}, worth {case.show(case.amount, name)},"
    return (
        f"{amount} is over the {name} limit: {case.show(spent, name)} of {case.show_bound(name, f'{name}_limit', most)} "
        f"is used {period(PERIODS[name])}, {case.show(left)} is left"
    )


def _judged(case: Case, bound: str = "") -> str:
    """The amount, as the bound is written, with what counts beside it."""
    amount = case.show(case.amount)
    if bound in case.steps.in_dollars and case.amount is not None:
        amount = f"{amount}, worth {case.show(case.amount, bound)},"
    if not case.before:
        return amount
    return f"{amount} with {case.show(case.before, bound)} {period(case.rules.tier_window_seconds)}"
