"""What the daemon itself remembers between starts, by key."""

from waiaas.store.statements import Statements

_SET = "INSERT INTO daemon_state (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"


class State:
    """The daemon_state table, inside one unit."""

    def __init__(self, sql: Statements) -> None:
        self._sql = sql

    def get(self, key: str) -> str | None:
        """The value of ``key``, or None where it was never set."""
        row = self._sql.one("SELECT value FROM daemon_state WHERE key = ?", (key,))
        return row[0] if row else None

    def set(self, key: str, value: str) -> None:
        """Set ``key``, new or not."""
        self._sql.run(_SET, (key, value))

    def bump(self, key: str) -> int:
        """Add one to a counter that starts at zero; returns it. :raises ValueError: where the value is not a number"""
        number = int(self.get(key) or "0") + 1
        self.set(key, str(number))
        return number
