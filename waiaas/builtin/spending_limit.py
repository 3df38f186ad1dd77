"""SPENDING_LIMIT: tiers by amount, and sums over rolling windows, for one asset. It grants plain transfers of that asset.

What counts is what can leave: outflows, locked value and allowances of the asset, from the decoded effects. Network fees are
measured elsewhere. All sums are the agent's own, also where the policy is global.

A plain transfer moves the asset and nothing else but the native rent that a token's new account locks: the token's limit speaks
for that rent, and a limit of the native asset, where there is one, still counts it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence

from waiaas.builtin.spending_rules import PERIODS, SpendingRules, is_tighter
from waiaas.interfaces.chain import Effect, Resolved, What
from waiaas.interfaces.ids import show_units
from waiaas.interfaces.policy import AssetReader, Facts, PolicyType, Tier, Verdict, Window

EXCEEDED = "SPENDING_LIMIT_EXCEEDED"
_COUNTED = frozenset({What.OUT, What.LOCKED, What.APPROVE})
_PLAIN = frozenset({What.OUT, What.LOCKED})
_WORDS = {"daily": "24 hours", "weekly": "7 days", "monthly": "30 days"}
_CODES = {
    Tier.INSTANT: "WITHIN_INSTANT_MAX",
    Tier.NOTIFY: "WITHIN_NOTIFY_MAX",
    Tier.DELAY: "WITHIN_DELAY_MAX",
    Tier.APPROVAL: "ABOVE_THRESHOLDS",
}


class SpendingLimit(PolicyType[SpendingRules]):
    """See the module."""

    type = "SPENDING_LIMIT"
    rules_model = SpendingRules
    grants = True

    def normalise(self, rules: SpendingRules, reader: AssetReader) -> SpendingRules:
        """The asset becomes its one id."""
        return rules.model_copy(update={"asset": reader.asset(rules.asset)})

    def windows(self, rules: SpendingRules, resolved: Resolved) -> Sequence[Window]:
        """One ``spent`` window a limit, of the agent; none where the transaction does not touch the asset."""
        asset = _asset(rules)
        if not any(effect.asset == asset and effect.what in _COUNTED for effect in resolved.effects):
            return ()
        return [
            Window(name=name, measure="spent", seconds=PERIODS[name], scope="agent", where={"asset": asset})
            for name, _ in rules.limits()
        ]

    def judge(self, rules: SpendingRules, facts: Facts) -> Verdict | None:
        """DENY above a limit, otherwise the amount's tier. ``remaining`` does not count this transaction.

        :raises ValueError: for rules that were never normalised
        :raises KeyError: when a window that was asked for is missing
        """
        asset = _asset(rules)
        counted = [effect for effect in facts.effects if effect.asset == asset and effect.what in _COUNTED]
        if not counted:
            return None
        amount = _sum(counted)
        left = {name: most - facts.windows[name] for name, most in rules.limits()}
        exceeded = [name for name, rest in left.items() if amount is None or amount > rest]
        if exceeded:
            return _denied(rules, facts, amount, left, exceeded)
        return _allowed(rules, facts, amount, left)

    def is_tighter(self, old: SpendingRules, new: SpendingRules) -> bool:
        """Exact, but for delays left to the configuration on one side."""
        return is_tighter(old, new)


def _asset(rules: SpendingRules) -> str:
    if rules.asset is None:
        raise ValueError("the rules were not normalised: they name no asset")
    return rules.asset


def _sum(effects: Iterable[Effect]) -> int | None:
    """Base units of all effects together; None as soon as one is unbounded.

    :raises ValueError: for an effect below zero, which would hide another
    """
    units = [effect.units for effect in effects]
    if any(one is not None and one < 0 for one in units):
        raise ValueError("an effect has a negative amount")
    return None if None in units else sum(one for one in units if one is not None)


def _allowed(rules: SpendingRules, facts: Facts, amount: int | None, left: Mapping[str, int]) -> Verdict:
    """The tier depends on the amount alone, so it holds until a window leaves less than the amount."""
    tier = rules.tier_of(amount)
    tightest = min(left.values(), default=None)
    return Verdict(
        tier=tier,
        code=_CODES[tier],
        reason=_tier_reason(rules, facts, amount, tier),
        remaining=tightest,
        resets_at=None if tightest is None else _resets_at(facts, left, tightest),
        delay_seconds=rules.delay_seconds if tier is Tier.DELAY else None,
        grants=_is_plain(rules, facts),
        valid_while={name: most - (amount or 0) for name, most in rules.limits()},
    )


def _denied(
    rules: SpendingRules, facts: Facts, amount: int | None, left: Mapping[str, int], exceeded: Sequence[str]
) -> Verdict:
    tightest = min(left[name] for name in exceeded)
    name = next(name for name in exceeded if left[name] == tightest)
    most, spent = dict(rules.limits())[name], facts.windows[name]
    reason = (
        f"{_shown(facts, rules, amount)} is over the {name} limit: {_shown(facts, rules, spent)} of "
        f"{_shown(facts, rules, most)} is used in the last {_WORDS[name]}, {_shown(facts, rules, max(0, tightest))} is left"
    )
    return Verdict(
        tier=Tier.DENY,
        code=EXCEEDED,
        reason=reason,
        remaining=max(0, tightest),
        resets_at=_resets_at(facts, {name: left[name] for name in exceeded}, tightest),
    )


def _resets_at(facts: Facts, left: Mapping[str, int], tightest: int) -> int | None:
    """When the last of the windows that leave the least lets its oldest entry go; None where none has an entry."""
    moments = [facts.oldest.get(name) for name, rest in left.items() if rest == tightest]
    known = [moment for moment in moments if moment is not None]
    return max(known) if len(known) == len(moments) else None


def _is_plain(rules: SpendingRules, facts: Facts) -> bool:
    """A limit speaks for a transaction that moves the asset it measures, locks native rent for that, and does nothing else."""
    return all(_is_covered(effect, rules, facts.native) for effect in facts.effects)


def _is_covered(effect: Effect, rules: SpendingRules, native: str) -> bool:
    if effect.asset == rules.asset:
        return effect.what in _PLAIN
    return effect.what is What.LOCKED and effect.asset == native


def _tier_reason(rules: SpendingRules, facts: Facts, amount: int | None, tier: Tier) -> str:
    shown = _shown(facts, rules, amount)
    bounds = {found: bound for bound, found in rules.thresholds()}
    if tier in bounds:
        return f"{shown} is within {tier.value.lower()}_max, {_shown(facts, rules, bounds[tier])}"
    if not bounds:
        return f"{shown} is within the limits"
    return f"{shown} is above {_shown(facts, rules, max(bounds.values()))}, the last threshold"


def _shown(facts: Facts, rules: SpendingRules, units: int | None) -> str:
    """An amount for people, in whole units where the asset is known; a token's symbol is a foreign word, so it is quoted."""
    if units is None:
        return "an unbounded amount"
    for asset in facts.resolved.assets:
        if asset.id == rules.asset:
            symbol = asset.symbol if asset.id == facts.native else json.dumps(asset.symbol or "?")
            return f"{show_units(units, asset.decimals)} {symbol}"
    return f"{units} base units"
