"""Facts: what judges may know, gathered from the database. Reads only; decides nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from waiaas.interfaces.chain import Effect, Resolved
from waiaas.interfaces.policy import Window
from waiaas.store.database import Unit
from waiaas.store.records import Agent, Session

_WHAT = {"count": "admitted", "near_limit": "near_limit", "failed": "failed", "denied": "denied"}

Sameness = tuple[str, int | None, str, tuple[tuple[str, str], ...]]
Known = dict[Sameness, tuple[int, int | None]]
"""Values of windows at one moment, and when each becomes smaller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The transaction that is judged.

    :param fee_cap: the most that its fee may be, native base units
    :param except_tx: its own row, whose reservation does not count against it; None before there is one
    """

    agent: Agent
    session: Session | None
    resolved: Resolved
    fee_cap: int
    except_tx: str | None = None
    held_seconds: int = 0

    @property
    def session_id(self) -> str | None:
        return self.session.id if self.session else None


def read_window(unit: Unit, subject: Subject, window: Window, now: int) -> int:
    """The window's value now, without the subject itself. A few index look-ups, whatever the history.

    :raises ValueError: for a window that nobody can measure
    """
    since = None if window.seconds is None else now - window.seconds
    if window.measure == "spent":
        return _spent(unit, subject, window, since)
    if window.where.get("like") == "effects":
        alike = effects_likeness(subject.resolved.effects)
        return unit.activity.alike(subject.agent.id, alike, -1 if since is None else since, except_tx=subject.except_tx)
    if window.where.get("since") == "paid" and window.measure == "failed" and window.scope == "agent":
        return unit.activity.failed_since_paid(subject.agent.id)
    return _counted(unit, subject, window, since)


def resets_at(unit: Unit, subject: Subject, window: Window, now: int) -> int | None:
    """When the window's oldest entry falls out; None where nothing does, or where several agents share the window."""
    if window.seconds is None or window.scope == "all":
        return None
    since = now - window.seconds
    if window.measure == "spent":
        oldest = unit.ledger.oldest_after(subject.agent.id, window.where["asset"], _kinds(window), since)
    else:
        oldest = unit.activity.first_after(subject.agent.id, _WHAT[window.measure], since)
    return None if oldest is None else oldest + window.seconds


def effects_likeness(effects: Sequence[Effect]) -> str:
    """A digest that equal effects share, in whatever order they stand."""
    texts = sorted(f"{one.what.value}|{one.asset}|{one.units}|{one.to}|{one.method}|{one.data}" for one in effects)
    return blake2b("\n".join(texts).encode(), digest_size=16, person=b"waiaas-alike").hexdigest()


def read_windows(
    unit: Unit, subject: Subject, windows: Sequence[Window], now: int, known: Known | None = None
) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Values by name, and by name when each becomes smaller.

    :param known: what was read for the same subject at the same moment; grows, so that many policies read a window once
    """
    found = {} if known is None else known
    told: dict[str, tuple[int, int | None]] = {}
    for window in windows:
        key = sameness(window)
        if key not in found:
            value = read_window(unit, subject, window, now)
            found[key] = value, resets_at(unit, subject, window, now)
        told[window.name] = found[key]
    return {name: one[0] for name, one in told.items()}, {n: at for n, (_, at) in told.items() if at is not None}


def sameness(window: Window) -> Sameness:
    """Pure. What windows share that have the same value, whatever they are called."""
    where = window.where
    return window.measure, window.seconds, window.scope, tuple(sorted(where.items())) if where else ()


def _kinds(window: Window) -> Sequence[str]:
    return window.where.get("kinds", "amount,rent,allowance").split(",")


def _spent(unit: Unit, subject: Subject, window: Window, since: int | None) -> int:
    """Spent plus reserved plus unproven: what is signed and not final is still reserved."""
    asset, kinds = window.where["asset"], _kinds(window)
    if window.scope == "all":
        named = window.where.get("agents")
        agents = tuple(named.split(",")) if named else unit.agents.all_ids()
        spent = unit.ledger.spent_together(agent_ids=agents, asset=asset, kinds=kinds, since=since)
        return spent + unit.reservations.total(
            agent_id=agents if named else None, asset=asset, kinds=kinds, except_tx=subject.except_tx
        )
    if window.scope == "session" and subject.session_id is None:
        return 0
    session_id = subject.session_id if window.scope == "session" else None
    spent = unit.ledger.spent(agent_id=subject.agent.id, asset=asset, kinds=kinds, since=since, session_id=session_id)
    return spent + unit.reservations.total(
        agent_id=subject.agent.id, asset=asset, kinds=kinds, session_id=session_id, except_tx=subject.except_tx
    )


def _counted(unit: Unit, subject: Subject, window: Window, since: int | None) -> int:
    what = _WHAT[window.measure]
    if window.scope == "all":
        count = unit.activity.of_all(what, since)
    elif window.scope == "agent":
        count = unit.activity.of_agent(subject.agent.id, what, since)
    else:
        count = unit.activity.of_session(subject.session_id, what, since) if subject.session_id else 0
    own = subject.except_tx is not None and unit.activity.has(subject.except_tx, what, since)
    return count - int(own)
