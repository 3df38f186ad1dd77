"""Facts: what judges may know, gathered from the database. Reads only; decides nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import TypeVar

from waiaas.interfaces.chain import Effect, Resolved, What
from waiaas.interfaces.policy import Window
from waiaas.store.activity import Place, Span
from waiaas.store.database import Unit
from waiaas.store.readings import Reading
from waiaas.store.records import Agent, Session

_WHAT = {"count": "admitted", "near_limit": "near_limit", "failed": "failed", "denied": "denied"}
T = TypeVar("T")

Sameness = tuple[str, int | None, str, tuple[tuple[str, str], ...]]


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


Wanted = tuple[tuple[Sameness, Window], ...]
"""Windows, each with what it shares with others of the same value."""
Standing = tuple[int, int | None]
"""A window's value, and when it becomes smaller; None where that is not known."""
Measured = Mapping[Sameness, Standing | Exception]
"""How windows stood at one moment, or what kept one of them from being measured."""


def wanted(windows: Sequence[Window]) -> Wanted:
    """Pure. The windows as they are measured."""
    return tuple((sameness(window), window) for window in windows)


def measure(unit: Unit, subject: Subject, windows: Iterable[tuple[Sameness, Window]], now: int) -> Measured:
    """Each window as it stands now, without the subject itself; windows of one value are read once.

    A few index look-ups a window, whatever the history, and a few statements for all of them.
    """
    books, alike = _Books(unit, subject, now), dict(windows)
    return dict(zip(alike, unit.values(_held(books.standing(window)) for window in alike.values()), strict=True))


def told(measured: Measured, windows: Wanted) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Pure. Values by name, and by name when each becomes smaller, of windows that were measured.

    :raises Exception: what kept one of them from being measured
    """
    values: dict[str, int] = {}
    ends: dict[str, int] = {}
    for same, window in windows:
        found = measured[same]
        if isinstance(found, Exception):
            raise found
        values[window.name], end = found
        if end is not None:
            ends[window.name] = end
    return values, ends


def read_windows(
    unit: Unit, subject: Subject, windows: Sequence[Window], now: int
) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Values by name, and by name when each becomes smaller. :raises ValueError: for a window that nobody can measure"""
    asked = wanted(windows)
    return told(measure(unit, subject, asked, now), asked)


def _held(reading: Reading[T]) -> Reading[T | Exception]:
    """The reading, or what keeps it from coming to an end, so that one bad window does not hide the others."""
    try:
        return (yield from reading)
    except (ValueError, LookupError, TypeError, AttributeError) as problem:
        return problem


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


def sameness(window: Window) -> Sameness:
    """Pure. What windows share that have the same value, whatever they are called."""
    return window.measure, window.seconds, window.scope, tuple(sorted(window.where.items()))


class _Books:
    """What the books say of one subject at one moment. What several windows of it rest on is read once."""

    def __init__(self, unit: Unit, subject: Subject, now: int) -> None:
        self._unit = unit
        self._subject = subject
        self._now = now

    def standing(self, window: Window) -> Reading[Standing]:
        """The window's value now, without the subject itself, and when it falls: once its oldest entry leaves, or, where it
        names ``below``, so many that less are left. That is None where nothing leaves, or where several agents share a window
        that counts.

        A transaction that was admitted already has its place: what was admitted after it is not counted against it.

        :raises ValueError: for a window that nobody can measure
        """
        value, at = yield from (self._spent(window) if window.measure == "spent" else self._counted(window))
        return value, None if at is None or value <= 0 or window.seconds is None else at + window.seconds

    def _spent(self, window: Window) -> Reading[Standing]:
        """Spent plus reserved plus unproven: what is signed and not final is still reserved."""
        subject, asset, kinds = self._subject, window.where["asset"], _kinds(window)
        whose: Sequence[str] = (subject.agent.id,)
        reserving: Sequence[str] | None = whose
        session_id = None
        if window.scope == "all":
            named = window.where.get("agents")
            whose = named.split(",") if named else self._everybody
            reserving = whose if named else None
        elif window.scope == "session":
            session_id = subject.session_id
            if session_id is None:
                return 0, None
        since = None if window.seconds is None else self._now - window.seconds
        spent, at = yield from self._unit.ledger.spent(
            agent_id=whose, asset=asset, kinds=kinds, since=since, session_id=session_id
        )
        reserved = yield from self._unit.reservations.total(
            agent_id=reserving, asset=asset, kinds=kinds, session_id=session_id, except_tx=subject.except_tx
        )
        return spent + reserved, at

    def _counted(self, window: Window) -> Reading[Standing]:
        """A number of transactions, or of failures in a row, which only a payment ends."""
        activity, agent_id, what = self._unit.activity, self._subject.agent.id, _WHAT[window.measure]
        span = self._span(window)
        if window.where.get("like") == "effects":
            return (yield from activity.alike(agent_id, self._likeness, span))
        if _is_streak(window):
            return (yield from activity.failed_since_paid(agent_id, span.after)), None
        if window.scope == "all":
            count, _ = yield from activity.of_all(what, span)
            return (yield from self._less_own(count, what, span)), None
        session_id = self._subject.session_id if window.scope == "session" else None
        if session_id is not None:
            count, first = yield from activity.of_session(session_id, what, span)
        elif window.scope == "session":
            return 0, None
        else:
            count, first = yield from activity.of_agent(agent_id, what, span)
        value = yield from self._less_own(count, what, span)
        others = max(0, value - int(window.where.get("below", value)))
        if window.seconds is None or (others == 0 and span.before is None):
            return value, first
        lately = Span(since=self._now - window.seconds, after=span.after)
        return value, activity.nth(agent_id, what, lately, others, session_id)

    def _less_own(self, count: int, what: str, span: Span) -> Reading[int]:
        """What is counted without the subject's own part, which is in no span that ends before it."""
        if self._subject.except_tx is None or span.before is not None:
            return count
        return count - int((yield from self._unit.activity.has(self._subject.except_tx, what, span)))

    def _span(self, window: Window) -> Span:
        """What the window counts: up to now, or, of admitted ones, up to the subject's own admission where it has one."""
        before = self._admission if window.measure == "count" else None
        end = self._now if before is None else before.at
        since = None if window.seconds is None else end - window.seconds
        return Span(since=since, after=self._mark(window), before=before)

    def _mark(self, window: Window) -> int:
        """Behind which row the window begins, whatever its length.

        :raises ValueError: where a mark of one agent is asked for by a window of all
        """
        if "resumed" not in _since(window):
            return 0
        if window.scope == "all":
            raise ValueError(f"the window {window.name} is of all agents, who were not resumed together")
        return self._subject.agent.resumed_after

    @cached_property
    def _everybody(self) -> Sequence[str]:
        return self._unit.agents.all_ids()

    @cached_property
    def _admission(self) -> Place | None:
        admitted = self._subject.except_tx
        return None if admitted is None else self._unit.activity.admission(admitted)

    @cached_property
    def _likeness(self) -> str:
        return effects_likeness(self._subject.resolved.effects)


def _kinds(window: Window) -> Sequence[str]:
    return window.where.get("kinds", "amount,rent,allowance").split(",")


def _since(window: Window) -> Sequence[str]:
    return window.where.get("since", "").split(",")


def _is_streak(window: Window) -> bool:
    return "paid" in _since(window) and window.measure == "failed" and window.scope == "agent"
