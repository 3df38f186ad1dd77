"""Stops, as the pipeline sees them: whether anything may be admitted, released, signed or first sent, read within a unit.

The switch for everything is a row of ``daemon_state``; that of one agent is its status, and for LOCKED a row besides; that of
one session is a column. What cannot be read is a stop. Only :mod:`waiaas.engine.kill_switch` writes any of it.
"""

import json
import shlex
from dataclasses import asdict, dataclass

from waiaas.engine.rules.kill_switch_states import ACTIVE, LOCKED, STATES, State
from waiaas.errors import Stopped
from waiaas.store.database import Unit
from waiaas.store.records import Agent, Session

SWITCH, STOP_EPOCH = "kill_switch", "stop_epoch"
_MOST_DIGITS = 15  # what the signer counts in holds more
RECOVER_HINT = "a person lifts it: `waiaas kill-switch recover`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """One switch. :param since: when it came to this state; :param by: how audit rows name who did it"""

    state: State
    since: int = 0
    by: str = ""
    reason: str = ""

    @property
    def is_stopped(self) -> bool:
        """Whether anything is held up by it."""
        return self.state != ACTIVE

    def encoded(self) -> str:
        """As it is stored."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)


UNTOUCHED = Switch(state=ACTIVE)
UNREADABLE = Switch(state=LOCKED, reason="what the database says of the kill switch cannot be read")


def switch_of_all(unit: Unit) -> Switch:
    """The switch for everything. Once anything was stopped its row stays: a missing one is a stop, as an unreadable one is."""
    text, epoch = _stored(unit, SWITCH), _stored(unit, STOP_EPOCH)
    if text is None and epoch is None:
        return UNTOUCHED
    return UNREADABLE if text is None or epoch is None or not _is_count(epoch) else _read(text)


def switch_of_agent(unit: Unit, agent: Agent) -> Switch:
    """The switch of one agent: suspended is its status, whoever suspended it; LOCKED is remembered besides."""
    text = _stored(unit, lock_key(agent.id))
    lock = UNTOUCHED if text is None else _read(text)
    if lock.is_stopped:
        return lock
    if agent.status != "SUSPENDED":
        return UNTOUCHED
    return Switch(state="SUSPENDED", since=agent.suspended_at or 0, reason=agent.suspension_reason or "")


def lock_key(agent_id: str) -> str:
    """Where the LOCKED of one agent is remembered."""
    return f"{SWITCH}:{agent_id}"


def stop_epoch(unit: Unit) -> int:
    """How often everything was stopped. To be read before the switch is: a stop in between then makes it stale."""
    text = _stored(unit, STOP_EPOCH) or "0"
    return int(text) if _is_count(text) else 0


def stop_over(unit: Unit, agent: Agent, session: Session | None) -> Stopped | None:
    """Why nothing may be done for the agent, or for this session of it, now; None where nothing stops it (invariant 9)."""
    everything = switch_of_all(unit)
    if everything.is_stopped:
        return _stopped("everything is stopped", "all", everything.state, everything.since)
    if agent.status != "ACTIVE":
        hint = "the operator can resume it: `waiaas agent resume`"
        return Stopped(f"this agent is {agent.status}", code="AGENT_SUSPENDED", hint=hint)
    if session is not None and session.stopped_at is not None:
        return _stopped("this session is stopped", "session", "SUSPENDED", session.stopped_at)
    return None


def lifting(unit: Unit, agent: Agent, session: Session | None) -> str:
    """What the operator types to lift the stop that :func:`stop_over` found: a whole command, with the name that it wants."""
    if switch_of_all(unit).is_stopped:
        return RECOVER_HINT
    name = shlex.quote(agent.name)
    recover = f"`waiaas kill-switch recover --agent {name}`"
    if switch_of_agent(unit, agent).state == LOCKED:
        return f"lift it: {recover}"
    if agent.status != ACTIVE:
        return f"let it go on: `waiaas agent resume {name}`; or choose which held payments go on: {recover}"
    return RECOVER_HINT if session is None else f"lift it: `waiaas kill-switch recover --session {session.id}`"


def locked_out(everything: Switch) -> Stopped | None:
    """Why no session may be issued now, or None."""
    if everything.state != LOCKED:
        return None
    return _stopped("everything is locked, and no session lives", "all", LOCKED, everything.since)


def _stopped(what: str, scope: str, state: State, since: int) -> Stopped:
    details = {"scope": scope, "state": state, "since": since}
    return Stopped(what, code="KILL_SWITCH", hint=RECOVER_HINT, details=details)


def is_stop(key: str, text: str) -> bool:
    """Whether a value of ``daemon_state`` that nobody sealed is heeded: before the unlock a stop cannot be."""
    if key == STOP_EPOCH:
        return _is_count(text)
    return key.startswith(SWITCH) and _read(text).is_stopped


def _stored(unit: Unit, key: str) -> str | None:
    """The value of ``key``; one that somebody else wrote or took away is as unreadable as any."""
    try:
        return unit.state.get(key)
    except Stopped:
        return ""


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS


def _read(text: str) -> Switch:
    try:
        switch = Switch(**json.loads(text))
    except (ValueError, TypeError, RecursionError):
        return UNREADABLE
    return switch if switch.state in STATES and type(switch.since) is int else UNREADABLE
