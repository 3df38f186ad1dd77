"""The floor's database: plain sqlite3, the same durability, one row and one log row a change, and nothing else."""

import secrets
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

_TABLES = """
CREATE TABLE sessions (token_hash TEXT PRIMARY KEY, agent_id TEXT NOT NULL, address TEXT NOT NULL) STRICT;
CREATE TABLE transactions (id TEXT PRIMARY KEY, agent_id TEXT NOT NULL, status TEXT NOT NULL, amount TEXT NOT NULL,
  to_address TEXT NOT NULL, tx_hash TEXT, signed_raw TEXT) STRICT;
CREATE INDEX transactions_status ON transactions (status);
CREATE TABLE log (id INTEGER PRIMARY KEY, tx_id TEXT NOT NULL, event TEXT NOT NULL) STRICT;
CREATE TABLE spend_ledger (id INTEGER PRIMARY KEY, tx_id TEXT NOT NULL, amount TEXT NOT NULL) STRICT;
"""


class Book:
    """Thread-safe: a connection a thread; writers take turns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._here = threading.local()
        self._turn = threading.Lock()
        connection = self._connection()
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_TABLES)

    def add_session(self, agent_id: str, address: str) -> str:
        """A new token."""
        token = "wai_sess_" + secrets.token_urlsafe(32)
        with self._commit() as connection:
            row = (sha256(token.encode()).hexdigest(), agent_id, address)
            connection.execute("INSERT INTO sessions VALUES (?, ?, ?)", row)
        return token

    def session(self, token: str) -> tuple[str, str] | None:
        """Agent and address: one indexed read."""
        found: tuple[str, str] | None = (
            self._connection()
            .execute(
                "SELECT agent_id, address FROM sessions WHERE token_hash = ?", (sha256(token.encode()).hexdigest(),)
            )
            .fetchone()
        )
        return found

    def insert(self, tx_id: str, agent_id: str, status: str, amount: str, to: str) -> None:
        """One durable commit: the row and its log row."""
        with self._commit() as connection:
            row = (tx_id, agent_id, status, amount, to)
            connection.execute(
                "INSERT INTO transactions (id, agent_id, status, amount, to_address) VALUES (?, ?, ?, ?, ?)", row
            )
            connection.execute("INSERT INTO log (tx_id, event) VALUES (?, ?)", (tx_id, status))

    def move(self, tx_id: str, status: str) -> None:
        """One durable commit."""
        with self._commit() as connection:
            connection.execute("UPDATE transactions SET status = ? WHERE id = ?", (status, tx_id))
            connection.execute("INSERT INTO log (tx_id, event) VALUES (?, ?)", (tx_id, status))

    def keep_signed(self, tx_id: str, tx_hash: str, raw: bytes) -> None:
        """One durable commit: the bytes, before they leave."""
        with self._commit() as connection:
            connection.execute(
                "UPDATE transactions SET status = 'SIGNED', tx_hash = ?, signed_raw = ? WHERE id = ?",
                (tx_hash, raw.hex(), tx_id),
            )
            connection.execute("INSERT INTO log (tx_id, event) VALUES (?, 'SIGNED')", (tx_id,))

    def unsettled(self) -> list[tuple[str, str, str]]:
        """Id, hash and amount of what a node has taken."""
        return (
            self._connection()
            .execute("SELECT id, tx_hash, amount FROM transactions WHERE status = 'ACCEPTED' LIMIT 256")
            .fetchall()
        )

    def settle(self, rows: Sequence[tuple[str, str]]) -> None:
        """One durable commit for all of them. :param rows: id and amount"""
        with self._commit() as connection:
            for tx_id, amount in rows:
                connection.execute("UPDATE transactions SET status = 'CONFIRMED' WHERE id = ?", (tx_id,))
                connection.execute("INSERT INTO log (tx_id, event) VALUES (?, 'CONFIRMED')", (tx_id,))
                connection.execute("INSERT INTO spend_ledger (tx_id, amount) VALUES (?, ?)", (tx_id, amount))

    @contextmanager
    def _commit(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection()
        with self._turn:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._here, "connection", None)
        if connection is None:
            connection = self._here.connection = sqlite3.connect(self._path, isolation_level=None, timeout=10)
            connection.execute("PRAGMA synchronous = FULL")
        return connection
