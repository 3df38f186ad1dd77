"""What a stop is over, everything, one agent or one session, and how its switch stands."""

from dataclasses import dataclass

from waiaas.engine.rules.kill_switch_states import ACTIVE, LOCKED, SUSPENDED
from waiaas.engine.stops import Switch, switch_of_agent, switch_of_all
from waiaas.errors import BadRequest, Conflict, NotFound
from waiaas.store.database import Unit
from waiaas.store.records import Agent, Session, Transaction

_STOPPABLE = ("CREATING", "ACTIVE", "SUSPENDED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Everything, where both are None. :param session_id: goes with its agent's id"""

    agent_id: str | None = None
    session_id: str | None = None

    @property
    def name(self) -> str:
        """all, agent or session."""
        return "session" if self.session_id else "agent" if self.agent_id else "all"

    def holds(self, row: Transaction) -> bool:
        """Whether a payment is within it."""
        if self.session_id is not None:
            return row.session_id == self.session_id
        return self.agent_id in (None, row.agent_id)


def scope_of(unit: Unit, agent_id: str | None, session_id: str | None) -> Scope:
    """:param agent_id: or its name

    :raises NotFound: for what is not there, :raises Conflict: for what has ended, :raises BadRequest: for both at once
    """
    if agent_id is not None and session_id is not None:
        raise BadRequest("agentId and sessionId exclude each other", hint="name one of them, or neither for everything")
    if session_id is not None:
        return Scope(agent_id=_session(unit, session_id).agent_id, session_id=session_id)
    return Scope() if agent_id is None else Scope(agent_id=_agent(unit, agent_id).id)


def switch_of(unit: Unit, scope: Scope) -> Switch:
    """How the switch of this very scope stands; a wider stop is not looked at."""
    if scope.session_id is not None:
        return _switch_of_session(_session(unit, scope.session_id))
    return switch_of_all(unit) if scope.agent_id is None else switch_of_agent(unit, _agent(unit, scope.agent_id))


def _switch_of_session(session: Session) -> Switch:
    if session.revoked_at is not None:
        return Switch(state=LOCKED, since=session.revoked_at)
    return Switch(state=ACTIVE if session.stopped_at is None else SUSPENDED, since=session.stopped_at or 0)


def _agent(unit: Unit, name_or_id: str) -> Agent:
    agent = unit.agents.get(name_or_id) or unit.agents.by_name(name_or_id)
    if agent is None:
        raise NotFound("there is no such agent", hint="see `waiaas agent list`")
    if agent.status not in _STOPPABLE:
        raise Conflict(f"this agent is {agent.status}", hint="it signs nothing")
    return agent


def _session(unit: Unit, session_id: str) -> Session:
    session = unit.sessions.get(session_id)
    if session is None:
        raise NotFound("there is no such session", hint="see `waiaas session list`")
    return session
