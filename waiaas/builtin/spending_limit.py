"""SPENDING_LIMIT: tiers by amount, and sums over rolling windows, for one asset. It grants plain transfers of that asset.

What counts is what can leave: outflows, locked value and allowances of the asset, from the decoded effects. Network fees are
measured elsewhere. All sums are the agent's own, also where the policy is global. Bounds in dollars are taken at the present
price, what was spent before included; without a fresh price they ask for approval where they would decide.

A plain transfer moves the asset and nothing else but the native rent that a token's new account locks: the token's limit speaks
for that rent, and a limit of the native asset, where there is one, still counts it.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from waiaas.builtin.dollars import PRICE_MISSING, price_of
from waiaas.builtin.leaving import ANY_VALUE, leaving, total
from waiaas.builtin.spending_comparison import is_tighter
from waiaas.builtin.spending_rules import PERIODS, TIER, SpendingRules
from waiaas.builtin.spending_steps import steps_at
from waiaas.builtin.spending_words import Case, denied_reason, tier_reason
from waiaas.interfaces.chain import Effect, Resolved, What
from waiaas.interfaces.policy import NEAR_LIMIT, AssetReader, Facts, Limit, PolicyType, Tier, Verdict, Window

EXCEEDED = "SPENDING_LIMIT_EXCEEDED"
_PLAIN = frozenset({What.OUT, What.LOCKED})
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
        """The agent's sums over each limit's window and the tiers'; none where the transaction does not touch the asset."""
        asset = _asset(rules)
        if not leaving(resolved.effects, asset):
            return ()
        return _windows(rules)

    def judge(self, rules: SpendingRules, facts: Facts) -> Verdict | None:
        """DENY above a limit, otherwise the amount's tier. ``remaining`` does not count this transaction.

        :raises ValueError: for rules that were never normalised
        :raises KeyError: when a window that was asked for is missing
        """
        asset = _asset(rules)
        counted = leaving(facts.effects, asset)
        if not counted:
            return None
        amount, price = total(counted), price_of(facts, asset)
        steps = steps_at(rules, None if price is None else price.units_within)
        case = Case(rules=rules, facts=facts, asset=asset, amount=amount, price=price, steps=steps)
        left = {name: most - facts.windows[name] for name, most in steps.limits.items()}
        exceeded = [name for name, rest in left.items() if amount is None or amount > rest]
        return _denied(case, left, exceeded) if exceeded else _allowed(case, left)

    def limits(self, rules: SpendingRules, native: str) -> Sequence[Limit]:
        """Each period's, once in base units and once in dollars where it is bounded by both."""
        asset, found = _asset(rules), []
        for name, (most, dollars) in rules.limits():
            window = _window(name, PERIODS[name], asset)
            found += [Limit(window=window, most=most)] if most is not None else []
            found += [Limit(window=window, usd=dollars)] if dollars is not None else []
        return found

    def is_tighter(self, old: SpendingRules, new: SpendingRules) -> bool:
        """Exact, but for delays left to the configuration on one side."""
        return is_tighter(old, new)


@lru_cache(maxsize=1024)
def _windows(rules: SpendingRules) -> Sequence[Window]:
    return tuple(_window(name, seconds, _asset(rules)) for name, seconds in rules.windows())


def _window(name: str, seconds: int, asset: str) -> Window:
    return Window(name=name, measure="spent", seconds=seconds, scope="agent", where={"asset": asset})


def _asset(rules: SpendingRules) -> str:
    if rules.asset is None:
        raise ValueError("the rules were not normalised: they name no asset")
    return rules.asset


def _allowed(case: Case, left: Mapping[str, int]) -> Verdict:
    """The tier of the amount and of what counts beside it; what is left of a limit that needs a price is not known without."""
    tier = case.steps.tier_of(case.counted)
    tightest = None if case.steps.at_least is Tier.APPROVAL else min(left.values(), default=None)
    is_priceless = tier is Tier.APPROVAL and case.steps.lacks_price
    return Verdict(
        tier=tier,
        code=PRICE_MISSING if is_priceless else _CODES[tier],
        reason=tier_reason(case, tier),
        remaining=tightest,
        resets_at=None if tightest is None else _resets_at(case.facts, left, tightest),
        delay_seconds=case.rules.delay_seconds if tier is Tier.DELAY else None,
        grants=_is_plain(case),
        marks=frozenset({NEAR_LIMIT}) if _is_near(case, tier, left) else frozenset(),
        valid_while=_valid_while(case, tier),
    )


def _denied(case: Case, left: Mapping[str, int], exceeded: Sequence[str]) -> Verdict:
    tightest = min(left[name] for name in exceeded)
    name = next(name for name in exceeded if left[name] == tightest)
    is_known = case.steps.at_least is not Tier.APPROVAL
    return Verdict(
        tier=Tier.DENY,
        code=EXCEEDED,
        reason=denied_reason(case, name, max(0, tightest)),
        remaining=max(0, tightest) if is_known else None,
        resets_at=_passes_at(case, exceeded),
    )


def _valid_while(case: Case, tier: Tier) -> Mapping[str, int]:
    """Each limit's window until it leaves less than the amount, the tiers' window until the amount has the next tier."""
    amount = case.amount or 0
    bounds = {name: ANY_VALUE for name, _ in case.rules.windows()}
    bounds |= {name: most - amount for name, most in case.steps.limits.items()}
    bound = case.steps.bound_of(tier)
    if TIER in bounds and bound is not None:
        bounds[TIER] = bound - amount
    return bounds


def _is_near(case: Case, tier: Tier, left: Mapping[str, int]) -> bool:
    """Whether the amount is over nine tenths of the largest that would be judged alike."""
    bound = case.steps.bound_of(tier)
    largest = [*left.values(), *([] if bound is None else [bound - case.before])]
    return case.amount is not None and bool(largest) and 10 * case.amount > 9 * min(largest)


def _resets_at(facts: Facts, left: Mapping[str, int], tightest: int) -> int | None:
    """When the last of the windows that leave the least lets its oldest entry go; None where none has an entry."""
    moments = [facts.oldest.get(name) for name, rest in left.items() if rest == tightest]
    known = [moment for moment in moments if moment is not None]
    return max(known) if len(known) == len(moments) else None


def _passes_at(case: Case, exceeded: Sequence[str]) -> int | None:
    """When every window in the way has let its oldest entry go; None where the amount is over a limit by itself."""
    if case.amount is None or any(case.amount > case.steps.limits[name] for name in exceeded):
        return None
    moments = [case.facts.oldest.get(name) for name in exceeded]
    known = [moment for moment in moments if moment is not None]
    return max(known) if len(known) == len(moments) else None


def _is_plain(case: Case) -> bool:
    """A limit speaks for a transaction that moves the asset it measures, locks native rent for that, and does nothing else."""
    return all(_is_covered(effect, case.asset, case.facts.native) for effect in case.facts.effects)


def _is_covered(effect: Effect, asset: str, native: str) -> bool:
    if effect.asset == asset:
        return effect.what in _PLAIN
    return effect.what is What.LOCKED and effect.asset == native
