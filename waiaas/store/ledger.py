"""The spend ledger: append-only, with running totals, so that a window costs two index look-ups whatever its history.

Each entry holds the total of its (agent, asset, kind), itself included, and where it has a session that of its (session,
asset, kind) too. What was spent after a second is the newest total minus the total of the last entry at or before it; that
is right because ``at`` never goes back.
"""

from collections.abc import Sequence

from waiaas.store.records import LedgerEntry
from waiaas.store.shapes import AMOUNT, Shape
from waiaas.store.statements import Statements

LEDGER_ENTRY = Shape(LedgerEntry, "spend_ledger", turns={"amount": AMOUNT})

_APPEND = (
    "INSERT INTO spend_ledger"
    " (agent_id, session_id, tx_id, asset, kind, amount, cumulative, session_cumulative, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
# One statement for the last total, one for the last up to a second: of an agent, and of a session.
_AGENT = (
    "SELECT cumulative FROM spend_ledger WHERE agent_id = ? AND asset = ? AND kind = ? ORDER BY at DESC, id DESC LIMIT 1",
    "SELECT cumulative FROM spend_ledger WHERE agent_id = ? AND asset = ? AND kind = ? AND at <= ?"
    " ORDER BY at DESC, id DESC LIMIT 1",
)
_SESSION = (
    "SELECT session_cumulative FROM spend_ledger WHERE session_id = ? AND asset = ? AND kind = ?"
    " ORDER BY at DESC, id DESC LIMIT 1",
    "SELECT session_cumulative FROM spend_ledger WHERE session_id = ? AND asset = ? AND kind = ? AND at <= ?"
    " ORDER BY at DESC, id DESC LIMIT 1",
)


class Ledger:
    """The spend_ledger table, inside one unit."""

    def __init__(self, sql: Statements) -> None:
        self._sql = sql

    def append(self, entry: LedgerEntry) -> int:
        """Write down what was finally taken; returns the entry's id.

        Time never goes back: an entry dated before the last one is dated like it.
        """
        _, last_at = self.last_position()
        total = self._last(_AGENT[0], entry.agent_id, entry.asset, entry.kind) + entry.amount
        session_total = None
        if entry.session_id is not None:
            session_total = str(self._last(_SESSION[0], entry.session_id, entry.asset, entry.kind) + entry.amount)
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
        (last, upto), whose = (_AGENT, agent_id) if session_id is None else (_SESSION, session_id)
        total = 0
        for kind in kinds:
            newest = self._last(last, whose, asset, kind)
            total += newest
            if newest and since is not None:
                total -= self._last(upto, whose, asset, kind, since)
        return total

    def oldest_after(self, agent_id: str, asset: str, kinds: Sequence[str], since: int) -> int | None:
        """When the first entry after ``since`` was made: the next to leave a rolling window. None where there is none."""
        times = []
        for kind in kinds:
            row = self._sql.one(
                "SELECT at FROM spend_ledger WHERE agent_id = ? AND asset = ? AND kind = ? AND at > ? ORDER BY at LIMIT 1",
                (agent_id, asset, kind, since),
            )
            if row:
                times.append(int(row[0]))
        return min(times, default=None)

    def last_position(self) -> tuple[int, int]:
        """Id and time of the newest entry; zeros for an empty ledger."""
        row = self._sql.one("SELECT id, at FROM spend_ledger ORDER BY id DESC LIMIT 1")
        return (int(row[0]), int(row[1])) if row else (0, 0)

    def of(self, tx_id: str) -> list[LedgerEntry]:
        """A transaction's entries, oldest first."""
        rows = self._sql.all(LEDGER_ENTRY.select("WHERE tx_id = ? ORDER BY id"), (tx_id,))
        return [LEDGER_ENTRY.read(row) for row in rows]

    def _last(self, sql: str, *parameters: str | int) -> int:
        row = self._sql.one(sql, parameters)
        return int(row[0]) if row else 0
