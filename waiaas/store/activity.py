"""Activity: what happened, counted with running totals, so that a count over a window costs two index look-ups whatever its
history. The rows of :mod:`waiaas.store.ledger` sum amounts; these count transactions, also those that never paid anything.
"""

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
_MOST_ALIKE = 10_000
"""Equal transactions are counted one by one, and nobody needs to know how many more there are."""

Look = tuple[str, str]


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

    def of_agent(self, agent_id: str, what: str, since: int | None) -> int:
        """How often it happened to the agent after ``since``; ever, where None."""
        return self._count(_AGENT, (agent_id, what), since)

    def of_session(self, session_id: str, what: str, since: int | None) -> int:
        """The same for one session."""
        return self._count(_SESSION, (session_id, what), since)

    def of_all(self, what: str, since: int | None) -> int:
        """The same for everybody together."""
        return self._count(_ALL, (what,), since)

    def alike(self, agent_id: str, likeness: str, since: int, *, except_tx: str | None = None) -> int:
        """How many of the agent's admitted transactions after ``since`` have this likeness; at most 10,000 are counted."""
        sql = (
            "SELECT COUNT(*) FROM (SELECT 1 FROM activity WHERE agent_id = ? AND likeness = ? AND at > ? AND tx_id <> ?"
            " LIMIT ?)"
        )
        row = self._sql.one(sql, (agent_id, likeness, since, except_tx or "", _MOST_ALIKE))
        return int(row[0]) if row else 0

    def failed_since_paid(self, agent_id: str) -> int:
        """How many of the agent's transactions failed after the last one that was paid. Three look-ups."""
        newest = "SELECT id, at, agent_count FROM activity WHERE agent_id = ?1 AND what = {} ORDER BY at DESC, id DESC LIMIT 1"
        paid, failed = newest.format("'paid'"), newest.format("'failed'")
        then = (
            f"SELECT one.agent_count FROM activity one, ({paid}) paid WHERE one.agent_id = ?1 AND one.what = 'failed'"  # noqa: S608 - literals
            " AND one.at <= paid.at AND one.id < paid.id ORDER BY one.at DESC, one.id DESC LIMIT 1"
        )
        row = self._sql.one(f"SELECT (SELECT agent_count FROM ({failed})), ({then})", (agent_id,))  # noqa: S608 - literals
        return int(row[0] or 0) - int(row[1] or 0) if row else 0

    def has(self, tx_id: str, what: str, since: int | None) -> bool:
        """Whether it happened to this transaction after ``since``."""
        row = self._sql.one(
            "SELECT 1 FROM activity WHERE tx_id = ? AND what = ? AND at > ? LIMIT 1", (tx_id, what, _or_ever(since))
        )
        return row is not None

    def first_after(self, agent_id: str, what: str, since: int) -> int | None:
        """When it first happened to the agent after ``since``: the next to leave a rolling window. None where it did not."""
        row = self._sql.one(
            "SELECT at FROM activity WHERE agent_id = ? AND what = ? AND at > ? ORDER BY at LIMIT 1",
            (agent_id, what, since),
        )
        return None if row is None else int(row[0])

    def _count(self, look: Look, whose: tuple[str, ...], since: int | None) -> int:
        if since is None:
            row = self._sql.one(f"SELECT {_newest(look)}", whose)
            return int(row[0] or 0) if row else 0
        row = self._sql.one(f"SELECT {_newest(look)}, {_upto(look)}", (*whose, *whose, since))
        return int(row[0] or 0) - int(row[1] or 0) if row else 0


def _newest(look: Look) -> str:
    column, where = look
    return f"(SELECT {column} FROM activity WHERE {where} ORDER BY at DESC, id DESC LIMIT 1)"  # noqa: S608 - literals


def _upto(look: Look) -> str:
    column, where = look
    return f"(SELECT {column} FROM activity WHERE {where} AND at <= ? ORDER BY at DESC, id DESC LIMIT 1)"  # noqa: S608


def _or_ever(since: int | None) -> int:
    return -1 if since is None else since
