"""When one SPENDING_LIMIT allows nothing that another did not: whatever the amount, the history and the price.

Prices are fractions here. How two bounds compare changes only at the prices at which a bound in dollars is as much as one in
base units; so trying each of those, one between any two, one on either side, and none at all, tries them all.
"""

from collections.abc import Iterator
from fractions import Fraction
from functools import partial

from waiaas.builtin.spending_rules import PERIODS, SpendingRules
from waiaas.builtin.spending_steps import Steps, steps_at
from waiaas.interfaces.policy import Tier


def is_tighter(old: SpendingRules, new: SpendingRules) -> bool:
    """Whether ``new`` answers every amount, after every history, at every price, at least as strictly as ``old``.

    Exact but for delays that one side leaves to the configuration, which count as looser unless both do; and but for bounds
    in dollars that differ by less than a base unit: those count as different.
    """
    if old.asset != new.asset:
        return False
    return all(_holds(old, new, before, after) for before, after in _at_every_price(old, new))


def _holds(old: SpendingRules, new: SpendingRules, before: Steps, after: Steps) -> bool:
    return _limits_hold(before, after) and _tiers_hold(old, new, before, after)


def _at_every_price(old: SpendingRules, new: SpendingRules) -> Iterator[tuple[Steps, Steps]]:
    yield steps_at(old, None), steps_at(new, None)
    for price in _telling_prices(old, new):
        within, scale = partial(_worth, price.denominator), price.numerator
        yield steps_at(old, within, scale), steps_at(new, within, scale)


def _worth(parts: int, value: int) -> int:
    return value * parts


def _telling_prices(old: SpendingRules, new: SpendingRules) -> Iterator[Fraction]:
    """Millionths of a dollar a base unit; none where no bound is in dollars."""
    bounds = [pair for rules in (old, new) for pair, _ in rules.thresholds()]
    bounds += [pair for rules in (old, new) for _, pair in rules.limits()]
    values = [dollars for _, dollars in bounds if dollars is not None]
    if not values:
        return
    equal = sorted({Fraction(value, base) for value in values if value for base, _ in bounds if base}) or [Fraction(1)]
    yield equal[0] / 2
    for price, following in zip(equal, [*equal[1:], equal[-1] * 3], strict=True):
        yield price
        yield (price + following) / 2


def _limits_hold(before: Steps, after: Steps) -> bool:
    """What was spent in a window was spent in every longer one too, so a limit may be kept by a longer window's."""
    return all(
        any(kept <= most and PERIODS[longer] >= PERIODS[name] for longer, kept in after.limits.items())
        for name, most in before.limits.items()
    )


def _tiers_hold(old: SpendingRules, new: SpendingRules, before: Steps, after: Steps) -> bool:
    """Tiers are steps: comparing them at each step's end and just beyond compares them everywhere.

    Where both count a history, the worst is one that both count alike. Where the new rules count a shorter one, the worst is
    all that the old ones count beyond it: then nothing may be milder than the most that the old rules could have said.
    """
    counted = old.tier_window_seconds or 0
    reachable = min((most for name, most in after.limits.items() if PERIODS[name] >= counted), default=None)
    if (new.tier_window_seconds or 0) < counted:
        return _is_as_strict(old, new, before.tier_of(reachable), after.tier_of(0))
    ends = {bound for steps in (before, after) for bound, _ in steps.thresholds}
    return all(
        _is_as_strict(old, new, before.tier_of(amount), after.tier_of(amount))
        for amount in {0} | ends | {end + 1 for end in ends}
        if reachable is None or amount <= reachable  # beyond it the new rules deny
    )


def _is_as_strict(old: SpendingRules, new: SpendingRules, before: Tier, after: Tier) -> bool:
    if before is after is Tier.DELAY:
        return _lasts(old.delay_seconds, new.delay_seconds)
    return after.rank >= before.rank


def _lasts(old: int | None, new: int | None) -> bool:
    if old is None or new is None:
        return old is new
    return new >= old
