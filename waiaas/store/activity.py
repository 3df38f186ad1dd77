"""Activity: what happened, counted with running totals, so that a count over a window costs two index look-ups whatever its
history. The rows of :mod:`waiaas.store.ledger` sum amounts; these count transactions, also those that never paid anything.
"""

from dataclasses import dataclass

from waiaas.store.readings import Reading
from waiaas.store.records import Happening
from waiaas.store.statements import Statements

_ADD = (
    "INSERT INTO activity (agent_id, session_id, tx_id, what, likeness, agent_count, session_count, all_count, at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_AGENT = ("agent_count", "agent_id = ?1 AND what = ?2")
_SESSION = ("session_count", "session_id = ?1 AND what = ?2")
_ALL = ("all_count", "what = ?2")
_LAST_AT = "SELECT at FROM activity ORDER BY id DESC LIMIT 1"
_EVER = 2**62
_ALIKE = (
    "SELECT at, EXISTS (SELECT 1 FROM transactions WHERE transactions.id = activity.tx_id"
    " AND status IN ('CANCELLED', 'EXPIRED', 'FAILED')) AS is_over FROM activity"
    " WHERE agent_id = ?1 AND likeness = ?2 AND at > ?3 AND id > ?4 AND id < ?5 ORDER BY at DESC, id DESC LIMIT 1000"
)
_COUNT_ALIKE = (
    "SELECT CASE COUNT(*) WHEN 1000 THEN 1000 ELSE COUNT(CASE WHEN NOT is_over THEN 1 END) END"  # noqa: S608 - literals
    f" || ' ' || COALESCE(MAX(CASE WHEN NOT is_over THEN at END), '') FROM ({_ALIKE})"
)
"""Equal transactions are counted one by one, and nobody needs to know how many more than a thousand there are."""
_LAST_PAID = "SELECT id FROM activity WHERE agent_id = ?1 AND what = 'paid' ORDER BY at DESC, id DESC LIMIT 1"
_ADMISSION = "SELECT id, at FROM activity WHERE tx_id = ?1 AND what = 'admitted' LIMIT 1"
_HAS = "SELECT 1 FROM activity WHERE tx_id = ?1 AND what = ?2 AND at > ?3 AND id > ?4 LIMIT 1"
Counted = tuple[int, int | None]
"""How many, and when the first of them happened, the next to leave a rolling window; None where there is none."""
Total = tuple[str, str]
"""A column of running totals, and whose row has the total."""


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
        found = self._sql.only(_BEFORE, (one.agent_id, what, one.session_id))
        last_at, by_agent, by_session, by_all = (int(value or 0) for value in found)
        session_total = None if one.session_id is None else by_session + one.times
        totals = (by_agent + one.times, session_total, by_all + one.times)
        at = max(one.at, last_at)
        self._sql.run(_ADD, (one.agent_id, one.session_id, one.tx_id, what, one.likeness, *totals, at))

    def of_agent(self, agent_id: str, what: str, span: Span) -> Reading[Counted]:
        """How often it happened to the agent."""
        return self._count(_AGENT, agent_id, what, span)

    def of_session(self, session_id: str, what: str, span: Span) -> Reading[Counted]:
        """The same for one session."""
        return self._count(_SESSION, session_id, what, span)

    def of_all(self, what: str, span: Span) -> Reading[Counted]:
        """The same for everybody together."""
        return self._count(_ALL, None, what, span)

    def alike(self, agent_id: str, likeness: str, span: Span) -> Reading[Counted]:
        """How many of the agent's admitted transactions have this likeness and were, or may still be, paid, and when the newest
        of them happened: of equal ones the last has to leave.

        Of more than a thousand only the newest are looked at, and then all of those count.
        """
        before = span.before.id if span.before else _EVER
        found = yield [(_COUNT_ALIKE, (agent_id, likeness, _or_ever(span.since), span.after, before))]
        count, _, last = found[0].partition(" ")
        return int(count), int(last) if last else None

    def failed_since_paid(self, agent_id: str, after: int) -> Reading[int]:
        """How many of the agent's transactions failed after the last one that was paid, and after a row. A few look-ups."""
        paid = yield [(_LAST_PAID, (agent_id,))]
        count, _ = yield from self.of_agent(agent_id, "failed", Span(after=max(after, paid[0] or 0)))
        return count

    def admission(self, tx_id: str) -> Place | None:
        """Where the admission of a transaction stands."""
        row = self._sql.one(_ADMISSION, (tx_id,))
        return None if row is None else Place(id=row[0], at=row[1])

    def has(self, tx_id: str, what: str, span: Span) -> Reading[bool]:
        """Whether it happened to this transaction."""
        found = yield [(_HAS, (tx_id, what, _or_ever(span.since), span.after))]
        return found[0] is not None

    def nth(self, agent_id: str, what: str, span: Span, n: int, session_id: str | None = None) -> int | None:
        """When it happened to the agent, or its session, after so many others. None where it did not. Looks at each of them."""
        total, whose = (_AGENT, agent_id) if session_id is None else (_SESSION, session_id)
        row = self._sql.one(_NTH[total], (whose, what, _or_ever(span.since), span.after, n))
        return None if row is None else int(row[0])

    def _count(self, total: Total, whose: str | None, what: str, span: Span) -> Reading[Counted]:
        """The running total at the end less what it was before the first one inside."""
        first = (_FIRST_BEHIND if span.after else _FIRST)[total], (whose, what, _or_ever(span.since), span.after)
        # The last first: what is added in between then counts neither in the span nor as what was before it.
        if span.before is None:
            last, inside = yield [(_NEWEST[total], (whose, what)), first]
        else:
            last, inside = yield [(_UPTO[total], (whose, what, span.before.at, span.before.id - 1)), first]
        if inside is None or last is None:
            return 0, None
        at, own = map(int, inside.split())
        count = last - own + 1
        return (count, at) if count > 0 else (0, None)


# What lies behind a row is not older than it. A row that is gone hides nothing.
_BEHIND_ROW = (
    "at >= MAX(?3 + 1, COALESCE((SELECT at FROM activity WHERE id = ?4), 0))"
    " AND id > COALESCE((SELECT id FROM activity WHERE id = ?4), 0)"
)
_TOTALS = (_AGENT, _SESSION, _ALL)
# Each of the first or last row within some bounds; texts of this module alone.
_NEWEST = {
    (column, where): f"SELECT {column} FROM activity WHERE {where} ORDER BY at DESC, id DESC LIMIT 1"  # noqa: S608
    for column, where in _TOTALS
}
_UPTO = {
    (column, where): f"SELECT {column} FROM activity WHERE {where} AND at <= ?3 AND id <= ?4"  # noqa: S608
    " ORDER BY at DESC, id DESC LIMIT 1"
    for column, where in _TOTALS
}
_NTH = {
    (column, where): f"SELECT at FROM activity WHERE {where} AND at > ?3 AND id > ?4 ORDER BY at, id LIMIT 1 OFFSET ?5"  # noqa: S608
    for column, where in _TOTALS
}
_FIRST, _FIRST_BEHIND = (
    {
        (
            column,
            where,
        ): f"SELECT at || ' ' || {column} FROM activity WHERE {where} AND {bounds} ORDER BY at, id LIMIT 1"  # noqa: S608
        for column, where in _TOTALS
    }
    for bounds in ("at > ?3", _BEHIND_ROW)
)
_BEFORE = f"SELECT ({_LAST_AT}), ({_NEWEST[_AGENT]}), ({_NEWEST[_SESSION].replace('?1', '?3')}), ({_NEWEST[_ALL]})"


def _or_ever(since: int | None) -> int:
    return -1 if since is None else since
