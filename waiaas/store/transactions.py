"""Transactions: inserted once, moved by compare-and-set, never deleted."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from waiaas.store.listing import Listing, Query
from waiaas.store.records import Page, Transaction
from waiaas.store.shapes import AMOUNT, Shape
from waiaas.store.statements import Moment, Statements

TRANSACTION = Shape(Transaction, "transactions", turns={"amount": AMOUNT})

# Inside a class that has a method of this name, ``list`` is that method.
Ids = list[str]
Rows = list[Transaction]

UNSIGNED = ("PENDING", "QUEUED", "EXECUTING")
UNFINISHED = (*UNSIGNED, "SUBMITTED")

_MOVABLE = frozenset(
    {
        "tier",
        "decision",
        "due_at",
        "queued_at",
        "executed_at",
        "approved_at",
        "tx_hash",
        "broadcast_at",
        "error",
        "error_code",
        "idempotency_key",
        "session_id",
        "intent",
        "metadata",
    }
)
# Where a query must not read the history its index is named: SQLite, without statistics, may well choose another. The words
# of the condition are those of the index, or it could not be used.
_UNFINISHED = "INDEXED BY transactions_unfinished WHERE status IN ('PENDING', 'QUEUED', 'EXECUTING', 'SUBMITTED')"


class Transactions:
    """The transactions table, inside one unit."""

    def __init__(self, sql: Statements, entities: Any) -> None:
        self._sql = sql
        self._listing = Listing(entities.Transaction, TRANSACTION)

    def insert(self, transaction: Transaction) -> None:
        """:raises Conflict: with code IDEMPOTENCY_CONFLICT where the agent's key is in use"""
        self._sql.run(TRANSACTION.insert, TRANSACTION.values(transaction))

    def get(self, tx_id: str) -> Transaction | None:
        """By id."""
        return self._first("WHERE id = ?", tx_id)

    def by_key(self, agent_id: str, key: str) -> Transaction | None:
        """By the agent's idempotency key."""
        return self._first("WHERE agent_id = ? AND idempotency_key = ?", agent_id, key)

    def move(self, tx_id: str, *, expected: str, status: str, at: int, **columns: Any) -> bool:
        """Compare and set the status, with other columns in the same statement.

        :param columns: what else changes; None clears
        :returns: False when the row is not in ``expected``: nothing was written
        :raises ValueError: for a column that does not change in a row's life
        """
        return self._update(tx_id, expected, at, {"status": status, **_movable(columns)})

    def note(self, tx_id: str, *, at: int, expected: str | None = None, **columns: Any) -> bool:
        """Change columns and not the status; with ``expected``, only while the row is in it."""
        return self._update(tx_id, expected, at, _movable(columns))

    def list(
        self,
        *,
        limit: int,
        agent_id: str | None = None,
        status: str | Sequence[str] | None = None,
        type: str | None = None,
        cursor: str | None = None,
    ) -> Page[Transaction]:
        """Newest first; every condition that is given holds.

        :raises RuntimeError: for several statuses in a unit that does not see them all at one moment
        """
        wanted = {"agent_id": agent_id, "type": type}
        equal = {name: value for name, value in wanted.items() if value is not None}
        if status is None:
            return self._listing.page(lambda query: query.filter(**equal), limit=limit, cursor=cursor)
        statuses = {status} if isinstance(status, str) else set(status)
        if len(statuses) > 1 and self._sql.moment is Moment.EACH:
            raise RuntimeError("a row could move from one status to another meanwhile: look at_once()")
        narrows = [partial(_with, **equal, status=one) for one in statuses]
        return self._listing.merged(narrows, limit=limit, cursor=cursor)

    def ids_in(
        self, statuses: Sequence[str], *, chain: str | None = None, network: str | None = None, limit: int = 100000
    ) -> Ids:
        """Ids of rows in ``statuses``, oldest first."""
        where, parameters = _in(statuses, chain, network)
        rows = self._sql.all(f"SELECT id FROM transactions {where} ORDER BY id LIMIT ?", (*parameters, limit))  # noqa: S608 - literals
        return [row[0] for row in rows]

    def rows_in(
        self, statuses: Sequence[str], *, chain: str | None = None, network: str | None = None, limit: int = 1000
    ) -> Rows:
        """Rows in ``statuses``, oldest first."""
        where, parameters = _in(statuses, chain, network)
        return self._read(f"{where} ORDER BY id LIMIT ?", *parameters, limit)

    def newest_ids(self, *, agent_id: str | None, since: int, limit: int) -> Ids:
        """Ids of the rows made at or after ``since``, newest first. :param agent_id: None is everybody's"""
        of, whose = ("", ()) if agent_id is None else (" AND agent_id = ?", (agent_id,))
        sql = f"SELECT id FROM transactions WHERE created_at >= ?{of} ORDER BY id DESC LIMIT ?"  # noqa: S608 - literals
        return [row[0] for row in self._sql.all(sql, (since, *whose, limit))]

    def several(self, ids: Sequence[str]) -> Rows:
        """Rows by their ids, oldest first; at most some hundreds at once."""
        return self._read(f"WHERE id IN ({', '.join('?' * len(ids))}) ORDER BY id", *ids)

    def given_up(self, *, chain: str, network: str, since: int, limit: int = 1000) -> Rows:
        """Rows that failed since ``since`` because their bytes expired unseen or others used a claim: what a late block could
        still hold."""
        where = (
            "INDEXED BY transactions_given_up WHERE status = 'FAILED'"
            " AND error_code IN ('EXPIRED_ON_CHAIN', 'CLAIM_USED_ELSEWHERE') AND updated_at >= ? AND chain = ? AND network = ?"
        )
        return self._read(f"{where} ORDER BY updated_at LIMIT ?", since, chain, network, limit)

    def due(self, now: int, limit: int = 1000) -> Ids:
        """Ids of delayed rows whose time has come, the longest due first."""
        rows = self._sql.all(
            "SELECT id FROM transactions INDEXED BY transactions_due_at"
            " WHERE status = 'QUEUED' AND due_at <= ? ORDER BY due_at LIMIT ?",
            (now, limit),
        )
        return [row[0] for row in rows]

    def next_due(self) -> int | None:
        """When the next delayed row is due; None where none is held for a time."""
        row = self._sql.one(
            "SELECT MIN(due_at) FROM transactions INDEXED BY transactions_due_at"
            " WHERE status = 'QUEUED' AND due_at IS NOT NULL"
        )
        return row[0] if row else None

    def unsigned_of_session(self, session_id: str) -> Rows:
        """Rows of the session without signed bytes, oldest first: what a revoke cancels."""
        return self._read(
            "INDEXED BY transactions_session_id WHERE session_id = ? AND status IN (?, ?, ?) ORDER BY id",
            session_id,
            *UNSIGNED,
        )

    def unsigned_of_agent(self, agent_id: str) -> Rows:
        """Rows of the agent without signed bytes, oldest first."""
        return self._read(
            "INDEXED BY transactions_agent_status WHERE agent_id = ? AND status IN (?, ?, ?) ORDER BY id",
            agent_id,
            *UNSIGNED,
        )

    def count_queued(self, agent_id: str) -> int:
        """How many of the agent's rows are held."""
        row = self._sql.one("SELECT COUNT(*) FROM transactions WHERE agent_id = ? AND status = 'QUEUED'", (agent_id,))
        return int(row[0]) if row else 0

    def count_active(self) -> int:
        """How many rows of all agents are PENDING or EXECUTING."""
        row = self._sql.one(
            f"SELECT COUNT(*) FROM transactions {_UNFINISHED} AND status IN ('PENDING', 'EXECUTING')"  # noqa: S608 - literals
        )
        return int(row[0]) if row else 0

    def older_than(self, statuses: Sequence[str], created_before: int, limit: int = 1000) -> Rows:
        """Rows in ``statuses`` made before ``created_before``, oldest first."""
        where, parameters = _in(statuses, None, None)
        return self._read(f"{where} AND created_at < ? ORDER BY id LIMIT ?", *parameters, created_before, limit)

    def _update(self, tx_id: str, expected: str | None, at: int, columns: dict[str, Any]) -> bool:
        assignments = ", ".join(f"{name} = ?" for name in (*columns, "updated_at"))
        condition = "" if expected is None else " AND status = ?"
        sql = f"UPDATE transactions SET {assignments} WHERE id = ?{condition}"  # noqa: S608 - names from a fixed list
        tail = (tx_id,) if expected is None else (tx_id, expected)
        return self._sql.run(sql, (*columns.values(), at, *tail)).rowcount == 1

    def _first(self, where: str, *parameters: Any) -> Transaction | None:
        row = self._sql.one(TRANSACTION.select(where), parameters)
        return TRANSACTION.read(row) if row else None

    def _read(self, where: str, *parameters: Any) -> Rows:
        return [TRANSACTION.read(row) for row in self._sql.all(TRANSACTION.select(where), parameters)]


def _with(query: Query, **equal: str) -> Query:
    return query.filter(**equal)


def _movable(columns: dict[str, Any]) -> dict[str, Any]:
    unknown = columns.keys() - _MOVABLE
    if unknown:
        raise ValueError(f"a transaction's {', '.join(sorted(unknown))} cannot be changed")
    return columns


def _in(statuses: Sequence[str], chain: str | None, network: str | None) -> tuple[str, list[Any]]:
    """What follows the table's name, and its parameters."""
    given = f"status IN ({', '.join('?' * len(statuses))})"
    where = [f"{_UNFINISHED} AND {given}" if set(statuses) <= set(UNFINISHED) else f"WHERE {given}"]
    parameters: list[Any] = [*statuses]
    for name, value in (("chain", chain), ("network", network)):
        if value is not None:
            where.append(f"{name} = ?")
            parameters.append(value)
    return " AND ".join(where), parameters
