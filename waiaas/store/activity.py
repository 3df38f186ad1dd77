"""Activity: what happened, counted with running totals, so that a count over a window costs two index look-ups whatever its
history. The rows of :mod:`waiaas.store.ledger` sum amounts; these count transactions, also those that never paid anything.
"""

from dataclasses import dataclass

from waiaas.store.records import Happening
from waiaas.store.statements import Statements

_ADD = (
    "INSERT INTO activity (agent_id, session_id, tx_id, what, likeness, agent_count, session_count, all_count, at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_AGENT = ("agent_count", "agent_id = ? AND what = ?")
_SESSION = ("session_count", "session_id = ? AND what = ?")
_ALL = ("all_count", "what = ?")
_LAST_AT = "(SELECT at FROM activity ORDER BY id DESC LIMIT 1)"
_EVER = 2**62
_MOST_ALIKE = 1000
"""Equal transactions are counted one by one, and nobody needs to know how many more there are."""
_ALIKE = (
    "SELECT {last} FROM (SELECT at, EXISTS (SELECT 1 FROM transactions WHERE transactions.id = activity.tx_id"
    " AND status IN ('CANCELLED', 'EXPIRED', 'FAILED')) AS is_over FROM activity"
    " WHERE agent_id = ? AND likeness = ? AND at > ? AND id > ? AND id < ? ORDER BY at DESC, id DESC LIMIT ?)"
)

Look = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A row and its moment."""

    id: int
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which part of what happened.

    :param since: what is later than this moment; None is ever
    :param after: and behind this row
    :param before: and before this one
    """

    since: int | None = None
    after: int = 0
    before: Place | None = None


class Activity:
    """The activity table, inside one unit."""

    def __init__(self, sql: Statements) -> None:
        self._sql = sql

    def add(self, happening: Happening) -> None:
        """Count one. Time never goes back: what is dated before the last one is dated like it."""
        one, what = happening, happening.what
        sql = f"SELECT {_LAST_AT}, {_newest(_AGENT)}, {_newest(_SESSION)}, {_newest(_ALL)}"
        found = self._sql.one(sql, (one.agent_id, what, one.session_id, what, what)) or (0, 0, 0, 0)
        last_at, by_agent, by_session, by_all = (int(value or 0) for value in found)
        session_total = None if one.session_id is None else by_session + 1
        totals = (by_agent + 1, session_total, by_all + 1)
        at = max(one.at, last_at)
        self._sql.run(_ADD, (one.agent_id, one.session_id, one.tx_id, what, one.likeness, *totals, at))

    def of_agent(self, agent_id: str, what: str, span: Span) -> int:
        """How often it happened to the agent."""
        return self._count(_AGENT, (agent_id, what), span)

    def of_session(self, session_id: str, what: str, span: Span) -> int:
        """The same for one session."""
        return self._count(_SESSION, (session_id, what), span)

    def of_all(self, what: str, span: Span) -> int:
        """The same for everybody together."""
        return self._count(_ALL, (what,), span)

    def alike(self, agent_id: str, likeness: str, span: Span) -> int:
        """How many of the agent's admitted transactions have this likeness and were, or may still be, paid.

        Of more than a thousand only the newest are looked at, and then all of those count.
        """
        counts = _ALIKE.format(last="COUNT(*), COUNT(CASE WHEN is_over THEN 1 END)")
        row = self._sql.one(counts, _alike(agent_id, likeness, span))
        count, over = (int(value) for value in row or (0, 0))
        return count if count == _MOST_ALIKE else count - over

    def last_alike(self, agent_id: str, likeness: str, span: Span) -> int | None:
        """When the newest of those was admitted; None where there is none."""
        row = self._sql.one(
            _ALIKE.format(last="MAX(CASE WHEN NOT is_over THEN at END)"), _alike(agent_id, likeness, span)
        )
        return None if row is None or row[0] is None else int(row[0])

    def failed_since_paid(self, agent_id: str, after: int = 0) -> int:
        """How many of the agent's transactions failed after the last one that was paid. A few look-ups.

        :param after: and after this row
        """
        paid = self._sql.one(
            "SELECT id FROM activity WHERE agent_id = ? AND what = 'paid' ORDER BY at DESC, id DESC LIMIT 1",
            (agent_id,),
        )
        return self.of_agent(agent_id, "failed", Span(after=max(after, paid[0] if paid else 0)))

    def admission(self, tx_id: str) -> "Place | None":
        """Where the admission of a transaction stands."""
        row = self._sql.one("SELECT id, at FROM activity WHERE tx_id = ? AND what = 'admitted' LIMIT 1", (tx_id,))
        return None if row is None else Place(id=row[0], at=row[1])

    def has(self, tx_id: str, what: str, span: Span) -> bool:
        """Whether it happened to this transaction."""
        row = self._sql.one(
            "SELECT 1 FROM activity WHERE tx_id = ? AND what = ? AND at > ? AND id > ? LIMIT 1",
            (tx_id, what, _or_ever(span.since), span.after),
        )
        return row is not None

    def nth(self, agent_id: str, what: str, span: Span, n: int = 0) -> int | None:
        """When it happened to the agent for the first time (with ``n``: after so many others). None where it did not.

        The first is the next to leave a rolling window.
        """
        row = self._sql.one(
            "SELECT at FROM activity WHERE agent_id = ? AND what = ? AND at > ? AND id > ? ORDER BY at, id LIMIT 1 OFFSET ?",
            (agent_id, what, _or_ever(span.since), span.after, n),
        )
        return None if row is None else int(row[0])

    def _count(self, look: Look, whose: tuple[str, ...], span: Span) -> int:
        """Running totals at the end less those at the beginning, whichever of its two is the later."""
        before = span.before
        end = (before.at, before.id - 1) if before else (_EVER, _EVER)
        looks, values = [_total(look)], [*whose, *end]
        if span.since is not None:
            looks.append(_total(look))
            values += [*whose, span.since, _EVER]
        if span.after:
            looks.append(_total(look, at="(SELECT at FROM activity WHERE id = ?)"))
            values += [*whose, span.after, span.after]
        last, *first = (int(total or 0) for total in self._sql.one(f"SELECT {', '.join(looks)}", values) or (0,))
        return max(0, last - max(first, default=0))


def _newest(look: Look) -> str:
    column, where = look
    return f"(SELECT {column} FROM activity WHERE {where} ORDER BY at DESC, id DESC LIMIT 1)"  # noqa: S608 - literals


def _total(look: Look, at: str = "?") -> str:
    """The running total up to a moment and a row."""
    column, where = look
    return f"(SELECT {column} FROM activity WHERE {where} AND at <= {at} AND id <= ? ORDER BY at DESC, id DESC LIMIT 1)"  # noqa: S608


def _alike(agent_id: str, likeness: str, span: Span) -> tuple[str | int, ...]:
    before = span.before.id if span.before else _EVER
    return (agent_id, likeness, _or_ever(span.since), span.after, before, _MOST_ALIKE)


def _or_ever(since: int | None) -> int:
    return -1 if since is None else since
