"""The agent's own view: its address, its balance, and what it may do."""

import json
from typing import Any

from waiaas import __version__
from waiaas.engine.actors import Actor, require_session
from waiaas.engine.facts import Subject, read_windows
from waiaas.engine.nodes import within
from waiaas.engine.pipeline.stage import Bench
from waiaas.engine.rules.constraints import TOTAL, constraint_windows, read_constraints
from waiaas.engine.rules.totals import VALUE_KINDS
from waiaas.engine.views import AgentView, WalletBalance
from waiaas.errors import ChainUnreachable, Refused, Unavailable
from waiaas.interfaces.chain import Amount, Intent, Kind, Resolved
from waiaas.store.records import Agent, Policy, Session

_READ_SECONDS = 2.0
_PROMPT = (
    "You have a wallet through WAIaaS and never hold its key. Send payments with POST /v1/transactions/send; amounts are "
    "strings of base units. Small payments go at once; larger ones may wait for time (DELAY) or a person (APPROVAL): "
    "then poll GET /v1/transactions/{id}. A refusal says why, what remains and when to try again; do not repeat what it "
    "says will not help. Use a fresh Idempotency-Key for each new payment and the same one for its retries."
)


class Wallet:
    """What a session may see. Thread-safe."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def address(self, actor: Actor) -> AgentView:
        """The session's agent."""
        _, agent = require_session(actor)
        return AgentView(agent=agent, chain_id=self._bench.chains.chain_id(agent))

    def balance(self, actor: Actor) -> WalletBalance:
        """The native balance, and what of it is not reserved. Network, two seconds.

        :raises ChainUnreachable: when no node answers
        """
        _, agent = require_session(actor)
        chain = self._bench.chains.of(agent)
        native = chain.network.native
        try:
            with within(_READ_SECONDS):
                chain.require_right_chain()
                found = chain.call(chain.adapter.balances, chain.account(agent), (native.id,), ())
        except (Unavailable, Refused):
            raise ChainUnreachable(f"no node of {agent.network} answered", hint="try again") from None
        with self._bench.store.read() as unit:
            reserved = unit.reservations.total(agent_id=agent.id, asset=native.id, kinds=(*VALUE_KINDS, "fee"))
        total, spendable = (found[0].total, found[0].spendable) if found else (0, 0)
        return WalletBalance(
            view=self.address(actor),
            balance=total,
            spendable=max(0, spendable - reserved),
            decimals=native.decimals,
            symbol=native.symbol,
        )

    def connect_info(self, actor: Actor, base_url: str) -> dict[str, Any]:
        """Everything an agent needs to know to begin, in one answer."""
        session, agent = require_session(actor)
        with self._bench.store.read() as unit:
            policies = unit.policies.applying_to(agent.id)
        environment = "testnet" if self._is_test(agent) else "mainnet"
        wallet = {"id": agent.id, "name": agent.name, "chain": agent.chain, "network": agent.network}
        return {
            "session": {"id": session.id, "expiresAt": session.expires_at, "source": "api"},
            "wallets": [{**wallet, "environment": environment, "address": agent.address}],
            "policies": {agent.id: [_described(policy) for policy in policies]},
            "capabilities": self._capabilities(agent),
            "limits": self._limits(session, agent),
            "daemon": {"version": __version__, "baseUrl": base_url},
            "prompt": _PROMPT,
        }

    def _is_test(self, agent: Agent) -> bool:
        return self._bench.chains.network(agent.chain, agent.network)[1].is_test

    def _capabilities(self, agent: Agent) -> list[str]:
        adapter, _ = self._bench.chains.network(agent.chain, agent.network)
        kinds = sorted(kind.value for kind in adapter.kinds if kind is Kind.TRANSFER)
        return [*kinds, "simulate", "cancel", "renew"]

    def _limits(self, session: Session, agent: Agent) -> dict[str, Any]:
        constraints = read_constraints(json.loads(session.constraints))
        native = self._bench.chains.of(agent).network.native.id
        limits: dict[str, Any] = {"maxAmount": constraints.maxAmount, "maxTotal": constraints.maxTotal}
        with self._bench.store.read() as unit:
            windows = constraint_windows(constraints, native)
            values, _ = read_windows(unit, _nothing(agent, session, native), windows, self._bench.clock.now())
        if constraints.maxTotal is not None:
            limits["remaining"] = str(max(0, int(constraints.maxTotal) - values[TOTAL + native]))
        limits["resetsAt"] = None
        return limits


def _described(policy: Policy) -> dict[str, Any]:
    return {"id": policy.id, "type": policy.type, "rules": json.loads(policy.rules), "global": policy.agent_id is None}


def _nothing(agent: Agent, session: Session, native: str) -> Subject:
    """A subject that asks for nothing, to read windows with."""
    none = Resolved(intent=Intent(kind=Kind.TRANSFER), effects=(), assets=(), likely_fee=Amount(asset=native, units=0))
    return Subject(agent=agent, session=session, resolved=none, fee_cap=0)
