"""What the rules of a SPENDING_LIMIT say at one price: every bound in base units.

Bounds in dollars become base units first, so that all else is one comparison of whole numbers. Without a price the steps end at
the first threshold in dollars, also for amounts that would be under a later one: whatever the price is, more is never milder.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

from waiaas.builtin.spending_rules import Bounds, SpendingRules
from waiaas.interfaces.policy import Tier

Within = Callable[[int], int]
"""The most base units that are worth no more than so many millionths of a dollar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Thresholds and limits in base units.

    :param thresholds: (largest amount, its tier), from the mildest
    :param limits: by window name the most that may be spent in it
    :param in_dollars: tiers and window names whose bound comes from dollars
    :param above: the tier beyond the last threshold
    :param at_least: APPROVAL where a limit cannot be judged
    :param lacks_price: whether a bound is left out for want of a price
    """

    thresholds: tuple[tuple[int, Tier], ...]
    limits: Mapping[str, int]
    in_dollars: frozenset[str]
    above: Tier
    at_least: Tier
    lacks_price: bool

    def tier_of(self, amount: int | None) -> Tier:
        """The tier of an amount, limits apart. None is unbounded."""
        reached = (tier for bound, tier in self.thresholds if amount is not None and amount <= bound)
        return max(next(reached, self.above), self.at_least, key=lambda tier: tier.rank)

    def bound_of(self, tier: Tier) -> int | None:
        """The largest amount of a tier; None where no threshold ends it."""
        return None if self.at_least is Tier.APPROVAL else {found: bound for bound, found in self.thresholds}.get(tier)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    most: int | None
    in_dollars: bool = False
    lacks_price: bool = False


def steps_at(rules: SpendingRules, within: Within | None, scale: int = 1) -> Steps:
    """The rules in base units.

    :param within: None without a price
    :param scale: count in parts of base units, so many each: for comparing at prices that have fractions
    """
    if scale != 1:
        return _steps(rules, within, scale)
    plain = _without_price(rules)
    return plain if within is None or not plain.lacks_price else _steps(rules, within, scale)


@lru_cache(maxsize=1024)
def _without_price(rules: SpendingRules) -> Steps:
    """Most rules have no bound in dollars, and those are always the same steps."""
    return _steps(rules, None, 1)


def _steps(rules: SpendingRules, within: Within | None, scale: int) -> Steps:
    tiers = [(_known(bounds, within, scale), tier) for bounds, tier in rules.thresholds()]
    limits = {name: _known(bounds, within, scale) for name, bounds in rules.limits()}
    named = {**{tier.value: known for known, tier in tiers}, **limits}
    judged = takewhile(lambda pair: not pair[0].lacks_price, tiers)
    return Steps(
        thresholds=tuple((known.most, tier) for known, tier in judged if known.most is not None),
        limits={name: known.most for name, known in limits.items() if known.most is not None},
        in_dollars=frozenset(name for name, known in named.items() if known.in_dollars),
        above=Tier.APPROVAL if tiers else Tier.INSTANT,
        at_least=Tier.APPROVAL if any(known.lacks_price for known in limits.values()) else Tier.INSTANT,
        lacks_price=any(known.lacks_price for known in named.values()),
    )


def _known(bounds: Bounds, within: Within | None, scale: int) -> _Known:
    """The smaller of both bounds; the one in base units alone, and less than the whole truth, without a price."""
    base, dollars = bounds
    most = None if base is None else base * scale
    if dollars is None:
        return _Known(most=most)
    if within is None:
        return _Known(most=most, lacks_price=True)
    worth = within(dollars)
    if most is None or worth < most:
        return _Known(most=worth, in_dollars=True)
    return _Known(most=most)
