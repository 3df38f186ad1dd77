"""What an attacker with the files does to them: the database behind every trigger's back, and rows sealed again."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from waiaas.store.audit import row_hash

COLUMNS = "timestamp, event_type, actor, agent_id, session_id, tx_id, details, severity, ip_address, prev_hash, hash"


class Attacker:
    """:param database: of a daemon that does not run"""

    def __init__(self, database: Path) -> None:
        self.database = database

    def change(self, *statements: str) -> None:
        """Run SQL with every trigger out of the way, and put the triggers back."""
        with closing(sqlite3.connect(self.database, isolation_level=None)) as connection:
            made = list(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
            for name, _ in made:
                connection.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                connection.execute(statement)
            for _, sql in made:
                connection.execute(sql)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def seal_again(self, first: int, last: int = 2**31) -> None:
        """Give every row from ``first`` to ``last`` the hash that fits what it says now."""
        with closing(sqlite3.connect(self.database)) as connection:
            connection.row_factory = sqlite3.Row
            rows = [dict(row) for row in connection.execute(f"SELECT id, {COLUMNS} FROM audit_log ORDER BY id")]
        before = next((row["hash"] for row in rows if row["id"] == first - 1), "0" * 64)
        for row in rows:
            if first <= row["id"] <= last:
                columns: dict[str, Any] = {name: value for name, value in row.items() if name != "hash"}
                columns["prev_hash"] = before
                before = row_hash(**columns)
                self.change(
                    f"UPDATE audit_log SET prev_hash = '{columns['prev_hash']}', hash = '{before}' WHERE id = {row['id']}"
                )

    def one(self, sql: str) -> Any:
        """The only value of the only row."""
        with closing(sqlite3.connect(self.database)) as connection:
            ((value,),) = connection.execute(sql).fetchall()
        return value
