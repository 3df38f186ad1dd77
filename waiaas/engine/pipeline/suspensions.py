"""Suspensions: the one way in which an agent is stopped, whoever stops it: the operator, a policy that froze it, or the house.

A stop of an agent is its status SUSPENDED, set inside the transaction of whatever caused it, with its audit row. Once that
is committed, authentication forgets what it knows, and whoever was about to sign or send is waited for (invariant 9).
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from waiaas.clock import Clock
from waiaas.engine.journal import Journal
from waiaas.engine.pipeline.gate import Gate
from waiaas.engine.rules.text import shown
from waiaas.engine.rules.verdicts import Decision, Named
from waiaas.interfaces.policy import Tier
from waiaas.store.database import Unit
from waiaas.store.records import Agent, Transaction

_log = logging.getLogger("waiaas.suspensions")
_DRAIN_SECONDS = 10.0
EVERYBODY = "*"
_STOPPABLE = frozenset({"ACTIVE", "CREATING"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why agents are suspended.

    :param reason: one sentence for people, kept with the agent
    :param actor: how audit rows name who did it
    :param row: the transaction that led to it, if one did
    :param details: what the audit rows say besides
    """

    reason: str
    actor: str = "system"
    ip: str | None = None
    row: Transaction | None = None
    details: Mapping[str, object] = field(default_factory=dict)


class Suspensions:
    """Suspends agents, inside a ``write()`` of the caller. Thread-safe."""

    def __init__(self, journal: Journal, clock: Clock, gate: Gate) -> None:
        self._journal = journal
        self._clock = clock
        self._gate = gate
        self._told: list[Callable[[], None]] = []

    def then(self, tell: Callable[[], None]) -> None:
        """Have ``tell`` called after each commit that suspended somebody, before the gate is waited for."""
        self._told.append(tell)

    def suspend(self, unit: Unit, agents: Sequence[Agent], cause: Cause, *, waits: bool = True) -> tuple[str, ...]:
        """Suspend those of ``agents`` that run, as they were read in this unit; returns their ids.

        The block's ``write()`` returns when nothing more is signed or first sent for them; unsigned rows stay where they are.

        :param waits: False leaves it to the caller to wait for whoever passes the gate
        """
        now = self._clock.now()
        stopped = tuple(agent.id for agent in agents if agent.status in _STOPPABLE and _stop(unit, agent, cause, now))
        for agent_id in stopped:
            self._record(unit, "agent.suspended", agent_id, cause, {"reason": cause.reason, **cause.details})
        if stopped:
            unit.after_commit(lambda: self.settle(stopped if waits else ()))
        return stopped

    def freeze(self, unit: Unit, decision: Decision, judged: Agent, row: Transaction) -> None:
        """Suspend whom the denials among the verdicts name, in the transaction that stores the denial of ``row``.

        :param judged: the agent as it was when it was judged: where a person let it go on since then, it goes on
        """
        for named in decision.verdicts:
            if named.verdict.tier is Tier.DENY and named.verdict.freeze:
                self._freeze(unit, named, judged, row)

    def _freeze(self, unit: Unit, named: Named, judged: Agent, row: Transaction) -> None:
        actor = f"policy:{named.policy_id or named.type}"
        why = shown(f"policy {named.type} {named.policy_id or ''}: {named.verdict.reason}")
        running = [agent for agent in _named(unit, named, judged) if agent.status == "ACTIVE"]
        agents = [agent for agent in running if not _was_resumed(agent, judged)]
        if not agents:
            return
        about = {"policyId": named.policy_id, "type": named.type, "code": named.verdict.code}
        cause = Cause(reason=why, actor=actor, row=row, details=about)
        whom = {"agents": [agent.id for agent in agents], "reason": shown(named.verdict.reason)}
        self._record(unit, "policy.froze", judged.id, cause, {**about, **whom})
        self.suspend(unit, agents, cause)
        _log.critical("%s; suspended: %s", why, ", ".join(agent.name for agent in agents))

    def _record(self, unit: Unit, event: str, agent_id: str, cause: Cause, details: Mapping[str, object]) -> None:
        row = cause.row
        is_own = row is not None and row.agent_id == agent_id
        self._journal.record(
            unit,
            event,
            actor=cause.actor,
            agent_id=agent_id,
            session_id=row.session_id if row is not None and is_own else None,
            tx_id=row.id if row is not None else None,
            details=details,
            ip=cause.ip,
        )

    def settle(self, agent_ids: Sequence[str]) -> None:
        """Have authentication forget, and wait until nobody signs or sends for them any more."""
        for tell in self._told:
            tell()
        end = time.monotonic() + _DRAIN_SECONDS
        for agent_id in agent_ids:
            self._gate.drain(agent_id, max(0.0, end - time.monotonic()))


def _stop(unit: Unit, agent: Agent, cause: Cause, now: int) -> bool:
    return unit.agents.set_status(agent.id, expected=agent.status, status="SUSPENDED", at=now, reason=cause.reason)


def _named(unit: Unit, named: Named, judged: Agent) -> list[Agent]:
    """Whom a verdict freezes, as they are now; ids of nobody are passed over."""
    ids: Sequence[str] = named.verdict.freeze_agents or (judged.id,)
    if EVERYBODY in ids:
        ids = unit.agents.all_ids()
    found = [unit.agents.get(agent_id) for agent_id in dict.fromkeys(ids)]
    return [agent for agent in found if agent is not None]


def _was_resumed(agent: Agent, judged: Agent) -> bool:
    return agent.id == judged.id and agent.resumed_after != judged.resumed_after
