"""Limits: what policies leave to be spent now, before anybody asks for a payment. For people and agents; decides nothing."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from waiaas.clock import Clock
from waiaas.engine.actors import Actor, require_operator
from waiaas.engine.chains import Chains
from waiaas.engine.facts import Subject, read_windows
from waiaas.engine.judges import Judge, Judges
from waiaas.engine.pipeline.evaluate import Prices, no_prices
from waiaas.engine.policy_documents import PolicyDocuments
from waiaas.engine.reconciliation import FULL, unreconciled, with_doubt
from waiaas.engine.rules.fees import fee_window
from waiaas.errors import NotFound, WaiaasError
from waiaas.interfaces.chain import Amount, Asset, Intent, Kind, Resolved
from waiaas.interfaces.ids import show_units
from waiaas.interfaces.money import USD, USD_DECIMALS, units_within
from waiaas.interfaces.policy import Limit, Window
from waiaas.store.database import Store, Unit
from waiaas.store.records import Agent, Page, Policy, Session

_log = logging.getLogger("waiaas.policies")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """A limit and who sets it. :param policy: None is the house's own"""

    limit: Limit
    type: str
    policy: Policy | None = None


class Limits:
    """What is left of every limit. Thread-safe."""

    def __init__(
        self, *, store: Store, judges: Judges, chains: Chains, clock: Clock, prices: Prices = no_prices
    ) -> None:
        self._store = store
        self._judges = judges
        self._chains = chains
        self._clock = clock
        self._prices = prices
        self.documents = PolicyDocuments(store, chains, judges)

    def list(
        self, actor: Actor, agent_id: str | None, limit: int, cursor: str | None = None
    ) -> Page[Mapping[str, Any]]:
        """Agent by agent, newest first, those that ended left out. :param agent_id: only this one, by id or name"""
        require_operator(actor)

        def look(unit: Unit) -> Page[Mapping[str, Any]]:
            if agent_id is None:
                page = unit.agents.list(limit=limit, cursor=cursor)
            else:
                page = Page(items=(_found(unit.agents.get(agent_id) or unit.agents.by_name(agent_id)),))
            living = [agent for agent in page.items if agent.status != "TERMINATED"]
            items = tuple(self._item(unit, agent) for agent in living)
            return Page(items=items, cursor=page.cursor, has_more=page.has_more)

        return self._store.at_once(look)

    def of(self, agent: Agent) -> Sequence[Mapping[str, Any]]:
        """Every limit of one agent as it is now, those that it shares with others too; none while its chain is missing."""
        return self._store.at_once(lambda unit: self._of(unit, agent))

    def _of(self, unit: Unit, agent: Agent) -> Sequence[Mapping[str, Any]]:
        try:
            chain = self._chains.of(agent)
        except WaiaasError:
            return ()
        native, policies = chain.network.native, unit.policies.applying_to(agent.id)
        told = [one for policy in policies for one in self._asked(policy, agent, native.id)]
        house = Limit(window=fee_window(native.id), most=chain.fees.daily)
        return self._measured(unit, agent, native, [*told, _Told(limit=house, type="FEES")])

    def _item(self, unit: Unit, agent: Agent) -> Mapping[str, Any]:
        policies = unit.policies.applying_to(agent.id)
        judges = [self._judges.get(policy.type) for policy in policies]
        return {
            "agentId": agent.id,
            "name": agent.name,
            "chain": agent.chain,
            "network": agent.network,
            "status": agent.status,
            "hasGrant": any(judge is not None and judge.grants for judge in judges),
            "limits": self._of(unit, agent),
        }

    def _asked(self, policy: Policy, agent: Agent, native: str) -> Sequence[_Told]:
        judge = self._judges.get(policy.type)
        limits = () if judge is None else _limits_of(judge, policy, native)
        return [_Told(limit=one, type=policy.type, policy=policy) for one in limits if _is_about(one.window, agent)]

    def _measured(self, unit: Unit, agent: Agent, native: Asset, told: Sequence[_Told]) -> Sequence[Mapping[str, Any]]:
        subject, now = nothing_of(agent, None, native.id), self._clock.now()
        windows = [replace(one.limit.window, name=str(number)) for number, one in enumerate(told)]
        values, ends = read_windows(unit, subject, windows, now)
        values = with_doubt(values, windows, agent.id, unreconciled(unit))
        price = self._prices((native,)).get(native.id)
        return [
            _wire(one, native, values[window.name], ends.get(window.name), _most(one.limit, native, price))
            for one, window in zip(told, windows, strict=True)
        ]


def nothing_of(agent: Agent, session: Session | None, native: str) -> Subject:
    """A subject that asks for nothing, to read windows with."""
    none = Resolved(intent=Intent(kind=Kind.TRANSFER), effects=(), assets=(), likely_fee=Amount(asset=native, units=0))
    return Subject(agent=agent, session=session, resolved=none, fee_cap=0)


def _limits_of(judge: Judge, policy: Policy, native: str) -> Sequence[Limit]:
    try:
        return judge.limits(policy, native)
    except Exception:  # noqa: BLE001 - such a policy denies, which a simulation tells
        _log.exception("policy %s (%s) could not tell its limits", policy.id, policy.type)
        return ()


def _is_about(window: Window, agent: Agent) -> bool:
    """Whether the agent is one of those that share the window."""
    named = window.where.get("agents")
    return window.scope != "all" or not named or agent.id in named.split(",")


def _most(limit: Limit, native: Asset, price: tuple[str, int] | None) -> int | None:
    """The bound in the window's own measure; None where it is one of dollars and nobody here can say how much that is."""
    if limit.most is not None or limit.usd is None:
        return limit.most
    if price is None or limit.window.where.get("asset") != native.id:
        return None
    return units_within(limit.usd, native.decimals, price[0])


def _wire(one: _Told, native: Asset, used: int, resets_at: int | None, most: int | None) -> Mapping[str, Any]:
    window = one.limit.window
    asset = window.where.get("asset") if window.measure == "spent" else None
    if used == FULL and most is not None:
        used = most
    symbols, decimals = {native.id: native.symbol, USD: "USD"}, {native.id: native.decimals, USD: USD_DECIMALS}
    return {
        "policyId": None if one.policy is None else one.policy.id,
        "type": one.type,
        "name": window.name,
        "measure": window.measure,
        "scope": window.scope,
        "seconds": window.seconds,
        "asset": asset,
        "symbol": symbols.get(asset or ""),
        "decimals": decimals.get(asset or ""),
        "limit": None if most is None else str(most),
        "limitUsd": None if one.limit.usd is None else show_units(one.limit.usd, USD_DECIMALS),
        "used": str(used),
        "remaining": None if most is None else str(max(0, most - used)),
        "resetsAt": resets_at,
    }


def _found(agent: Agent | None) -> Agent:
    if agent is None:
        raise NotFound("there is no such agent", hint="see `waiaas agent list`")
    return agent
