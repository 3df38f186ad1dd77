"""BUDGET: one allowance over a rolling window for several agents together. It restricts, it never grants.

What counts is what can leave of one asset, or of every asset in dollars, by all the agents that share it, on whatever chains
they are. A breach is denied; with ``on_breach`` freeze it also suspends the agents that share the budget, and nobody else.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from waiaas.builtin.budget_rules import EVERYBODY, BudgetRules, is_tighter
from waiaas.builtin.dollars import PRICE_MISSING, Price, is_price, price_of, shown_dollars
from waiaas.builtin.leaving import ANY_VALUE, leaving, period, shown, total
from waiaas.interfaces.chain import Effect, Resolved
from waiaas.interfaces.money import USD, leaving_value, micro_usd
from waiaas.interfaces.policy import AssetReader, Facts, Limit, PolicyType, Tier, Verdict, Window

EXCEEDED = "BUDGET_EXCEEDED"
WINDOW = "budget"


class Budget(PolicyType[BudgetRules]):
    """See the module."""

    type = "BUDGET"
    rules_model = BudgetRules
    grants = False

    def normalise(self, rules: BudgetRules, reader: AssetReader) -> BudgetRules:
        """The asset becomes its one id, the agents a list in order without repetitions."""
        agents = rules.agents if rules.agents == EVERYBODY else tuple(sorted(set(rules.agents)))
        is_every_asset = rules.asset is None and rules.limit is None
        asset = None if is_every_asset else reader.asset(rules.asset)
        return rules.model_copy(update={"asset": asset, "agents": agents})

    def windows(self, rules: BudgetRules, resolved: Resolved) -> Sequence[Window]:
        """What the agents spent together; none where the transaction touches nothing that the budget measures."""
        if not leaving(resolved.effects, _asset(rules)):
            return ()
        return [_window(rules)]

    def limits(self, rules: BudgetRules, native: str) -> Sequence[Limit]:
        """What all of them may spend together; a budget in dollars over every asset is measured in dollars."""
        if rules.limit is not None:
            return [Limit(window=_window(rules), most=int(rules.limit))]
        dollars = micro_usd(rules.limit_usd or "")
        return [Limit(window=_window(rules), **{"usd" if rules.asset else "most": dollars})]

    def judge(self, rules: BudgetRules, facts: Facts) -> Verdict | None:
        """DENY above the budget, otherwise INSTANT; for an agent that does not share it, whatever the others spend meanwhile.

        :raises ValueError: for rules that were never normalised
        :raises KeyError: when the window that was asked for is missing
        """
        counted = leaving(facts.effects, _asset(rules))
        if not counted:
            return None
        if not rules.covers(facts.agent):
            return _not_shared(rules)
        case = _case(rules, facts, counted)
        if case.amount is None or (case.left is not None and case.amount > case.left):
            return _breached(case)
        return _priceless(case) if case.lacks_price else _within(case)

    def is_tighter(self, old: BudgetRules, new: BudgetRules) -> bool:
        """Exact."""
        return is_tighter(old, new)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One transaction under one budget, in the budget's measure: base units of its asset, or millionths of a dollar.

    :param amount: what can leave, as far as it is known; None is unbounded
    :param most: the budget; None where there is no price to say it in base units
    :param price: what turns base units into dollars, where the transaction moves one asset
    :param asset: that asset, or None
    """

    rules: BudgetRules
    facts: Facts
    amount: int | None
    most: int | None
    lacks_price: bool
    price: Price | None
    asset: str | None

    @property
    def used(self) -> int:
        return self.facts.windows[WINDOW]

    @property
    def left(self) -> int | None:
        return None if self.most is None else self.most - self.used

    @property
    def remaining(self) -> int | None:
        """Base units of the one asset that moves; None where there are several, or no price."""
        if self.left is None or self.asset is None:
            return None
        left = max(0, self.left)
        if self.rules.asset is not None:
            return left
        return None if self.price is None else self.price.units_within(left)

    def show(self, amount: int | None) -> str:
        """An amount of the budget's measure for people, in dollars where the budget is."""
        if amount is None or self.rules.limit is not None:
            return shown(self.facts, self.rules.asset or "", amount)
        if self.rules.asset is None:
            return shown_dollars(amount)
        return shown_dollars(self.price.value(amount)) if self.price else shown(self.facts, self.rules.asset, amount)


def _window(rules: BudgetRules) -> Window:
    where = {"asset": rules.asset or USD}
    if rules.agents != EVERYBODY:
        where["agents"] = ",".join(rules.agents)
    return Window(name=WINDOW, measure="spent", seconds=rules.window_seconds, scope="all", where=where)


def _asset(rules: BudgetRules) -> str | None:
    if rules.asset is None and rules.limit is not None:
        raise ValueError("the rules were not normalised: they name no asset")
    return rules.asset


def _case(rules: BudgetRules, facts: Facts, counted: Sequence[Effect]) -> _Case:
    sum_of_all, assets = total(counted), {effect.asset for effect in counted}
    asset = assets.pop() if len(assets) == 1 else None
    price = None if asset is None else price_of(facts, asset)
    amount, most, lacks_price = sum_of_all, None, False
    if rules.limit is not None:
        most = int(rules.limit)
    elif rules.asset is None:
        most = micro_usd(rules.limit_usd or "")
        prices = {name: known for name, known in facts.prices.items() if is_price(known)}
        value, unpriced = leaving_value(counted, facts.resolved.assets, prices)
        amount, lacks_price = None if sum_of_all is None else value, bool(unpriced)
    else:
        most = None if price is None else price.units_within(micro_usd(rules.limit_usd or ""))
        lacks_price = price is None
    return _Case(rules=rules, facts=facts, amount=amount, most=most, lacks_price=lacks_price, price=price, asset=asset)


def _not_shared(rules: BudgetRules) -> Verdict:
    """No silence, which would hold only while the others spend nothing: they could keep this agent from being judged."""
    return Verdict(
        tier=Tier.INSTANT,
        code="NOT_SHARED",
        reason=f"the budget {_name_of(rules)} is not this agent's",
        valid_while={WINDOW: ANY_VALUE},
    )


def _within(case: _Case) -> Verdict:
    return Verdict(
        tier=Tier.INSTANT,
        code="WITHIN_BUDGET",
        reason=f"{case.show(case.amount)} is within the budget {_figures(case)}",
        remaining=case.remaining,
        resets_at=case.facts.oldest.get(WINDOW),
        valid_while={WINDOW: (case.most or 0) - (case.amount or 0)},
    )


def _priceless(case: _Case) -> Verdict:
    """It holds until what is known of it is over the budget alone."""
    return Verdict(
        tier=Tier.APPROVAL,
        code=PRICE_MISSING,
        reason=f"without a fresh price the budget {_name(case)} cannot be judged, so a person must approve it",
        valid_while={WINDOW: ANY_VALUE if case.most is None else case.most - (case.amount or 0)},
    )


def _breached(case: _Case) -> Verdict:
    left = "" if case.left is None else f", {case.show(max(0, case.left))} is left"
    is_frozen = case.rules.on_breach == "freeze"
    is_ever_possible = case.most is not None and case.amount is not None and case.amount <= case.most
    return Verdict(
        tier=Tier.DENY,
        code=EXCEEDED,
        reason=f"{case.show(case.amount)} is over the budget {_figures(case)}{left}",
        remaining=None if case.lacks_price else case.remaining,
        resets_at=case.facts.oldest.get(WINDOW) if is_ever_possible else None,
        freeze=is_frozen,
        freeze_agents=tuple(case.rules.agents) if is_frozen else (),
    )


def _figures(case: _Case) -> str:
    of = f"{case.rules.limit_usd} USD" if case.most is None or case.rules.limit is None else case.show(case.most)
    return f"{_name(case)}: {case.show(case.used)} of {of} is used {period(case.rules.window_seconds)}"


def _name(case: _Case) -> str:
    return _name_of(case.rules)


def _name_of(rules: BudgetRules) -> str:
    """The operator's word, in quotes."""
    return json.dumps(rules.name)
