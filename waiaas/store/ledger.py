"""The spend ledger: append-only, with running totals, so that a window costs two index look-ups whatever its history.

Each entry holds the total of its (agent, asset, kind), itself included, and where it has a session that of its (session,
asset, kind) too. What was spent after a second is the newest total minus the total before the first entry after it; that is
right because ``at`` never goes back.
"""

from collections.abc import Sequence

from waiaas.store.readings import Reading
from waiaas.store.records import LedgerEntry
from waiaas.store.shapes import AMOUNT, Shape
from waiaas.store.statements import Statements

LEDGER_ENTRY = Shape(LedgerEntry, "spend_ledger", turns={"amount": AMOUNT})

_APPEND = (
    "INSERT INTO spend_ledger"
    " (agent_id, session_id, tx_id, asset, kind, amount, cumulative, session_cumulative, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
# Look-ups, each the first or last step of an index: the newest total, and the first entry after a second with its own total.
_NEWEST = (
    "SELECT cumulative FROM spend_ledger WHERE agent_id = ?1 AND asset = ?2 AND kind = ?3"
    " ORDER BY at DESC, id DESC LIMIT 1"
)
_FIRST = (
    "SELECT at || ' ' || cumulative || ' ' || amount FROM spend_ledger"
    " WHERE agent_id = ?1 AND asset = ?2 AND kind = ?3 AND at > ?4 ORDER BY at, id LIMIT 1"
)
_OF_AGENT = (_NEWEST, _FIRST)
_OF_SESSION = tuple(
    look.replace("cumulative", "session_cumulative").replace("agent_id", "session_id") for look in _OF_AGENT
)
_LAST_AT = "SELECT at FROM spend_ledger ORDER BY id DESC LIMIT 1"
_BEFORE = f"SELECT ({_LAST_AT}), ({_NEWEST}), ({_OF_SESSION[0].replace('?1', '?4')})"

Spent = tuple[int, int | None]
"""Base units, and when the first entry of them was made, the next to leave a rolling window; None where there is none."""


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
        return self._sql.insert(
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

    def spent(
        self,
        *,
        agent_id: str | Sequence[str],
        asset: str,
        kinds: Sequence[str],
        since: int | None,
        session_id: str | None = None,
    ) -> Reading[Spent]:
        """What was taken after ``since``; ever, where None, and then without a moment. Two look-ups a kind.

        :param agent_id: whose; or several agents', two look-ups an agent and kind
        :param session_id: count this session's alone
        """
        (newest, first), whose = (_OF_AGENT, _each(agent_id)) if session_id is None else (_OF_SESSION, [session_id])
        places = [(one, asset, kind) for one in whose for kind in kinds]
        if since is None:
            totals = yield [(newest, place) for place in places]
            return sum(int(total or 0) for total in totals), None
        # The newest first: what is appended in between then counts neither in the window nor as what was before it.
        found = yield [*((newest, place) for place in places), *((first, (*place, since)) for place in places)]
        inside = [
            (int(total or 0), *map(int, entry.split()))
            for total, entry in zip(found, found[len(places) :], strict=False)
            if entry is not None
        ]
        return sum(last - (own - amount) for last, _, own, amount in inside), min(
            (at for _, at, *_ in inside), default=None
        )

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
        row = self._sql.only(_BEFORE, (entry.agent_id, entry.asset, entry.kind, entry.session_id))
        last_at, spent, by_session = (int(found or 0) for found in row)
        return last_at, spent, by_session


def _each(agent_id: str | Sequence[str]) -> Sequence[str]:
    return [agent_id] if isinstance(agent_id, str) else agent_id
