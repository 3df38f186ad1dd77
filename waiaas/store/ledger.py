"""The spend ledger: append-only, with running totals, so that a window costs two index look-ups whatever its history.

Each entry holds the total of its (agent, asset, kind), itself included, and where it has a session that of its (session,
asset, kind) too. What was spent after a second is the newest total minus the total of the last entry at or before it; that
is right because ``at`` never goes back.
"""

from collections.abc import Sequence
from typing import Any

from waiaas.store.records import LedgerEntry
from waiaas.store.shapes import AMOUNT, Shape
from waiaas.store.statements import Statements

LEDGER_ENTRY = Shape(LedgerEntry, "spend_ledger", turns={"amount": AMOUNT})

_APPEND = (
    "INSERT INTO spend_ledger"
    " (agent_id, session_id, tx_id, asset, kind, amount, cumulative, session_cumulative, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
# Look-ups, each the last or first step of an index; several go into one statement, because asking costs more than looking.
# Of an agent and of a session: the newest total, and the last one up to a second.
_AGENT = (
    "(SELECT cumulative FROM spend_ledger WHERE agent_id = ? AND asset = ? AND kind = ? ORDER BY at DESC, id DESC LIMIT 1)",
    "(SELECT cumulative FROM spend_ledger WHERE agent_id = ? AND asset = ? AND kind = ? AND at <= ?"
    " ORDER BY at DESC, id DESC LIMIT 1)",
)
_SESSION = (
    "(SELECT session_cumulative FROM spend_ledger WHERE session_id = ? AND asset = ? AND kind = ?"
    " ORDER BY at DESC, id DESC LIMIT 1)",
    "(SELECT session_cumulative FROM spend_ledger WHERE session_id = ? AND asset = ? AND kind = ? AND at <= ?"
    " ORDER BY at DESC, id DESC LIMIT 1)",
)
_FIRST = "(SELECT at FROM spend_ledger WHERE agent_id = ? AND asset = ? AND kind = ? AND at > ? ORDER BY at LIMIT 1)"
_AGENTS_AT_ONCE = 100
"""So that one statement stays below SQLite's most columns."""
_LAST_AT = "(SELECT at FROM spend_ledger ORDER BY id DESC LIMIT 1)"


class Ledger:
    """The spend_ledger table, inside one unit."""

    def __init__(self, sql: Statements) -> None:
        self._sql = sql

    def append(self, entry: LedgerEntry) -> int:
        """Write down what was finally taken; returns the entry's id.

        Time never goes back: an entry dated before the last one is dated like it.
        """
        last_at, spent, spent_by_session = self._before(entry)
        total = spent + entry.amount
        session_total = None if entry.session_id is None else str(spent_by_session + entry.amount)
        cursor = self._sql.run(
            _APPEND,
            (
                entry.agent_id,
                entry.session_id,
                entry.tx_id,
                entry.asset,
                entry.kind,
                str(entry.amount),
                str(total),
                session_total,
                max(entry.at, last_at),
            ),
        )
        return int(cursor.lastrowid or 0)

    def spent(
        self, *, agent_id: str, asset: str, kinds: Sequence[str], since: int | None, session_id: str | None = None
    ) -> int:
        """What was taken after ``since``, in base units; ever, where None.

        :param session_id: count this session's alone
        """
        (newest, upto), whose = (_AGENT, agent_id) if session_id is None else (_SESSION, session_id)
        looks: list[tuple[str, tuple[str | int | None, ...]]] = [(newest, (whose, asset, kind)) for kind in kinds]
        if since is not None:
            looks += [(upto, (whose, asset, kind, since)) for kind in kinds]
        totals = [int(found or 0) for found in self._look(looks)]
        return sum(totals[: len(kinds)]) - sum(totals[len(kinds) :])

    def spent_together(self, *, agent_ids: Sequence[str], asset: str, kinds: Sequence[str], since: int | None) -> int:
        """What several agents took after ``since``, in base units; ever, where None. Two look-ups an agent and kind."""
        total = 0
        for start in range(0, len(agent_ids), _AGENTS_AT_ONCE):
            some = agent_ids[start : start + _AGENTS_AT_ONCE]
            looks: list[tuple[str, tuple[str | int | None, ...]]]
            looks = [(_AGENT[0], (one, asset, kind)) for one in some for kind in kinds]
            if since is not None:
                looks += [(_AGENT[1], (one, asset, kind, since)) for one in some for kind in kinds]
            totals = [int(found or 0) for found in self._look(looks)]
            half = len(some) * len(kinds)
            total += sum(totals[:half]) - sum(totals[half:])
        return total

    def oldest_after(self, agent_id: str | Sequence[str], asset: str, kinds: Sequence[str], since: int) -> int | None:
        """When the first entry after ``since`` was made: the next to leave a rolling window. None where there is none.

        :param agent_id: whose; or several agents', one look-up an agent and kind
        """
        whose = [agent_id] if isinstance(agent_id, str) else agent_id
        times: list[Any] = []
        for start in range(0, len(whose), _AGENTS_AT_ONCE):
            some = whose[start : start + _AGENTS_AT_ONCE]
            times += self._look([(_FIRST, (one, asset, kind, since)) for one in some for kind in kinds])
        return min((int(at) for at in times if at is not None), default=None)

    def last_position(self) -> tuple[int, int]:
        """Id and time of the newest entry; zeros for an empty ledger."""
        row = self._sql.one("SELECT id, at FROM spend_ledger ORDER BY id DESC LIMIT 1")
        return (int(row[0]), int(row[1])) if row else (0, 0)

    def of(self, tx_id: str) -> list[LedgerEntry]:
        """A transaction's entries, oldest first."""
        rows = self._sql.all(LEDGER_ENTRY.select("WHERE tx_id = ? ORDER BY id"), (tx_id,))
        return [LEDGER_ENTRY.read(row) for row in rows]

    def _before(self, entry: LedgerEntry) -> tuple[int, int, int]:
        """The last entry's time, and the totals so far of the entry's agent and of its session; zeros where there are none."""
        what = (entry.asset, entry.kind)
        looks = ((_LAST_AT, ()), (_AGENT[0], (entry.agent_id, *what)), (_SESSION[0], (entry.session_id, *what)))
        last_at, spent, by_session = self._look(looks)
        return int(last_at or 0), int(spent or 0), int(by_session or 0)

    def _look(self, looks: Sequence[tuple[str, tuple[str | int | None, ...]]]) -> Sequence[Any]:
        """Several look-ups, each with its parameters, in one statement; None for each that finds nothing."""
        if not looks:
            return ()
        sql = f"SELECT {', '.join(look for look, _ in looks)}"
        return self._sql.one(sql, [value for _, parameters in looks for value in parameters]) or ()
