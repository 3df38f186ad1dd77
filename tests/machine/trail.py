"""The audit log as it grows: each new row a valid successor, each change of state told once, the last one true."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from waiaas.engine.rules.transaction_states import MOVES
from waiaas.store.audit import NO_HASH, row_hash

_COLUMNS = (
    "id", "timestamp", "event_type", "actor", "agent_id", "session_id", "tx_id", "details", "severity", "ip_address",
    "prev_hash",
)  # fmt: skip


class Trail:
    """Reads what is new. :param states: each transaction's last audited state"""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._last = 0, NO_HASH
        self.states: dict[str, str] = {}

    def read(self) -> None:
        """Walk the new rows. :raises AssertionError: at the first that does not follow"""
        sql = f"SELECT {', '.join(_COLUMNS)}, hash FROM audit_log WHERE id > ? ORDER BY id"
        with closing(sqlite3.connect(self._database)) as connection:
            for *columns, digest in connection.execute(sql, (self._last[0],)):
                row = dict(zip(_COLUMNS, columns, strict=True))
                assert (row["id"], row["prev_hash"]) == (self._last[0] + 1, self._last[1])
                assert row_hash(**row) == digest
                self._last = row["id"], digest
                self._move(row["tx_id"], json.loads(row["details"]))

    def _move(self, tx_id: str | None, details: Mapping[str, object]) -> None:
        if tx_id is None or not {"from", "to"} <= details.keys():
            return
        before, after = str(details["from"]), str(details["to"])
        assert self.states.get(tx_id, "") == before, f"{tx_id} was {self.states.get(tx_id)}, and left {before}"
        assert after in MOVES[before], f"{tx_id} went from {before} to {after}"
        self.states[tx_id] = after
