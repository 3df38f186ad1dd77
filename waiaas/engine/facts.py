"""Facts: what judges may know, gathered from the database. Reads only; decides nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from waiaas.interfaces.chain import Effect, Resolved, What
from waiaas.interfaces.policy import Window
from waiaas.store.activity import Span
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

    A transaction that was admitted already has its place: what was admitted after it is not counted against it.

    :raises ValueError: for a window that nobody can measure
    """
    since = None if window.seconds is None else now - window.seconds
    if window.measure == "spent":
        return _spent(unit, subject, window, since)
    span = _span(unit, subject, window, now)
    if window.where.get("like") == "effects":
        return unit.activity.alike(subject.agent.id, effects_likeness(subject.resolved.effects), span)
    if _is_streak(window):
        return unit.activity.failed_since_paid(subject.agent.id, span.after)
    return _counted(unit, subject, window, span)


def resets_at(unit: Unit, subject: Subject, window: Window, now: int, value: int) -> int | None:
    """When the window's value falls: once its oldest entry leaves, or, where it names ``below``, so many that less are left.

    None where nothing leaves, or where several agents share a window that counts.
    """
    if value <= 0 or window.seconds is None or (window.scope == "all" and window.measure != "spent"):
        return None
    if window.measure == "spent":
        whose = _agents(unit, window) if window.scope == "all" else [subject.agent.id]
        at = unit.ledger.oldest_after(whose, window.where["asset"], _kinds(window), now - window.seconds)
    else:
        span = Span(since=now - window.seconds, after=_mark(subject, window))
        at = _leaving(unit, subject, window, span, max(0, value - int(window.where.get("below", value))))
    return None if at is None else at + window.seconds


def effects_likeness(effects: Sequence[Effect]) -> str:
    """A digest that equal effects share, in whatever order they stand.

    What is locked stays out of it: the first payment of a token pays for the recipient's account, the second does not.
    """
    return _likeness(tuple(effects))


@lru_cache(maxsize=1024)
def _likeness(effects: tuple[Effect, ...]) -> str:
    """Pure; one transaction's is asked for by each policy that looks for its like, and again under the writer lock."""
    told = [one for one in effects if one.what is not What.LOCKED]
    texts = sorted(f"{one.what.value}|{one.asset}|{one.units}|{one.to}|{one.method}|{one.data}" for one in told)
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
            found[key] = value, resets_at(unit, subject, window, now, value)
        told[window.name] = found[key]
    return {name: one[0] for name, one in told.items()}, {n: at for n, (_, at) in told.items() if at is not None}


def sameness(window: Window) -> Sameness:
    """Pure. What windows share that have the same value, whatever they are called."""
    where = window.where
    return window.measure, window.seconds, window.scope, tuple(sorted(where.items())) if where else ()


def _kinds(window: Window) -> Sequence[str]:
    return window.where.get("kinds", "amount,rent,allowance").split(",")


def _agents(unit: Unit, window: Window) -> Sequence[str]:
    """Who shares a window of all: those that it names, or everybody."""
    named = window.where.get("agents")
    return named.split(",") if named else unit.agents.all_ids()


def _spent(unit: Unit, subject: Subject, window: Window, since: int | None) -> int:
    """Spent plus reserved plus unproven: what is signed and not final is still reserved."""
    asset, kinds = window.where["asset"], _kinds(window)
    if window.scope == "all":
        agents, is_named = _agents(unit, window), bool(window.where.get("agents"))
        spent = unit.ledger.spent_together(agent_ids=agents, asset=asset, kinds=kinds, since=since)
        return spent + unit.reservations.total(
            agent_id=agents if is_named else None, asset=asset, kinds=kinds, except_tx=subject.except_tx
        )
    if window.scope == "session" and subject.session_id is None:
        return 0
    session_id = subject.session_id if window.scope == "session" else None
    spent = unit.ledger.spent(agent_id=subject.agent.id, asset=asset, kinds=kinds, since=since, session_id=session_id)
    return spent + unit.reservations.total(
        agent_id=subject.agent.id, asset=asset, kinds=kinds, session_id=session_id, except_tx=subject.except_tx
    )


def _counted(unit: Unit, subject: Subject, window: Window, span: Span) -> int:
    what = _WHAT[window.measure]
    if window.scope == "all":
        count = unit.activity.of_all(what, span)
    elif window.scope == "agent":
        count = unit.activity.of_agent(subject.agent.id, what, span)
    else:
        count = unit.activity.of_session(subject.session_id, what, span) if subject.session_id else 0
    if subject.except_tx is None or span.before is not None:
        return count
    return count - int(unit.activity.has(subject.except_tx, what, span))


def _span(unit: Unit, subject: Subject, window: Window, now: int) -> Span:
    """What the window counts: up to now, or, of admitted ones, up to the subject's own admission where it has one."""
    is_admitted = window.measure == "count" and subject.except_tx is not None
    before = unit.activity.admission(subject.except_tx or "") if is_admitted else None
    end = now if before is None else before.at
    since = None if window.seconds is None else end - window.seconds
    return Span(since=since, after=_mark(subject, window), before=before)


def _mark(subject: Subject, window: Window) -> int:
    """Behind which row the window begins, whatever its length.

    :raises ValueError: where a mark of one agent is asked for by a window of all
    """
    if "resumed" not in _since(window):
        return 0
    if window.scope == "all":
        raise ValueError(f"the window {window.name} is of all agents, who were not resumed together")
    return subject.agent.resumed_after


def _is_streak(window: Window) -> bool:
    return "paid" in _since(window) and window.measure == "failed" and window.scope == "agent"


def _since(window: Window) -> Sequence[str]:
    return window.where.get("since", "").split(",")


def _leaving(unit: Unit, subject: Subject, window: Window, span: Span, others: int) -> int | None:
    """The moment of the entry that has to leave, behind so many others; of equal ones the last has to."""
    if window.where.get("like") == "effects":
        return unit.activity.last_alike(subject.agent.id, effects_likeness(subject.resolved.effects), span)
    return unit.activity.nth(subject.agent.id, _WHAT[window.measure], span, others)
