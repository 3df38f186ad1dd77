"""Ids by how they begin, for people who type no more than they must."""

from typing import Literal

from waiaas.store.statements import Statements

Noun = Literal["agent", "session", "policy", "transaction", "channel", "approval"]

_TABLES: dict[Noun, str] = {
    "agent": "agents",
    "session": "sessions",
    "policy": "policies",
    "transaction": "transactions",
    "channel": "notification_channels",
    "approval": "pending_approvals",
}
_AFTER_ANY_DIGIT = "g"
"""Above every character that an id is written with."""

NOUNS: tuple[Noun, ...] = tuple(_TABLES)


class Ids:
    """The ids of all tables that people name rows of, inside one unit."""

    def __init__(self, sql: Statements) -> None:
        self._sql = sql

    def beginning(self, noun: Noun, beginning: str, limit: int) -> list[str]:
        """The newest ``limit`` that begin so: one look-up in the table's primary key."""
        # table names are ours, from the constant above, and cannot be parameters
        statement = f"SELECT id FROM {_TABLES[noun]} WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT ?"  # noqa: S608
        return [str(row[0]) for row in self._sql.all(statement, (beginning, beginning + _AFTER_ANY_DIGIT, limit))]
