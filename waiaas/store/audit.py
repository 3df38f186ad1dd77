"""The audit log: rows chained by hash, each naming the one before.

A row's hash is ``SHA-256("waiaas/audit/v1" || 0x00 || J)`` in lower-case hex. J is the RFC 8785 JSON of one object with the
members id, timestamp, event_type, actor, agent_id, session_id, tx_id, details, severity, ip_address and prev_hash. ``details``
is the stored text as one JSON string, so that not a byte of it can change; absent ids are null; ``prev_hash`` of the first row
is 64 zeros.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from waiaas.store.listing import Listing, Query
from waiaas.store.records import AuditRow, Page
from waiaas.store.shapes import Shape
from waiaas.store.statements import Statements

AUDIT_ROW = Shape(AuditRow, "audit_log")

# Inside a class that has a method of this name, ``list`` is that method.
Rows = list[AuditRow]

NO_HASH = "0" * 64
"""``prev_hash`` of the first row."""

_DOMAIN = b"waiaas/audit/v1\0"
# With sorted keys, no spaces and text unescaped, json writes integers, strings and null exactly as RFC 8785 wants them (its
# harder rules are about floats and keys beyond ASCII, which these rows have none of). One encoder kept is four times as quick.
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def row_hash(  # noqa: PLR0913 - one argument for each column it covers
    *,
    id: int,
    timestamp: int,
    event_type: str,
    actor: str,
    agent_id: str | None,
    session_id: str | None,
    tx_id: str | None,
    details: str,
    severity: str,
    ip_address: str | None,
    prev_hash: str,
) -> str:
    """The hash of a row, by the formula above. Pure."""
    document = {
        "id": id,
        "timestamp": timestamp,
        "event_type": event_type,
        "actor": actor,
        "agent_id": agent_id,
        "session_id": session_id,
        "tx_id": tx_id,
        "details": details,
        "severity": severity,
        "ip_address": ip_address,
        "prev_hash": prev_hash,
    }
    return hashlib.sha256(_DOMAIN + _encode(document).encode("utf-8")).hexdigest()


class Audit:
    """The audit_log table, inside one unit."""

    def __init__(self, sql: Statements, entities: Any) -> None:
        self._sql = sql
        self._listing = Listing(entities.AuditRow, AUDIT_ROW)

    def append(  # noqa: PLR0913 - one argument for each column it covers
        self,
        *,
        timestamp: int,
        event_type: str,
        actor: str,
        agent_id: str | None = None,
        session_id: str | None = None,
        tx_id: str | None = None,
        details: str = "{}",
        severity: str = "info",
        ip_address: str | None = None,
    ) -> AuditRow:
        """Add the next row. The head is read inside the write, so that writers never fork the chain.

        :param details: JSON; stored and hashed byte for byte
        :param severity: info, warning or critical
        """
        last, prev_hash = self.head() or (0, NO_HASH)
        columns: dict[str, Any] = {
            "id": last + 1,
            "timestamp": timestamp,
            "event_type": event_type,
            "actor": actor,
            "agent_id": agent_id,
            "session_id": session_id,
            "tx_id": tx_id,
            "details": details,
            "severity": severity,
            "ip_address": ip_address,
            "prev_hash": prev_hash,
        }
        row = AuditRow(**columns, hash=row_hash(**columns))
        self._sql.run(AUDIT_ROW.insert, AUDIT_ROW.values(row))
        return row

    def head(self) -> tuple[int, str] | None:
        """Id and hash of the newest row."""
        row = self._sql.one("SELECT id, hash FROM audit_log ORDER BY id DESC LIMIT 1")
        return (int(row[0]), str(row[1])) if row else None

    def get(self, row_id: int) -> AuditRow | None:
        """By id."""
        row = self._sql.one(AUDIT_ROW.select("WHERE id = ?"), (row_id,))
        return AUDIT_ROW.read(row) if row else None

    def list(
        self,
        *,
        limit: int,
        cursor: str | None = None,
        event_type: str | None = None,
        agent_id: str | None = None,
        tx_id: str | None = None,
        severity: str | None = None,
        since: int | None = None,
    ) -> Page[AuditRow]:
        """Newest first; every condition that is given holds. :param since: Unix seconds, inclusive"""
        wanted = {"event_type": event_type, "agent_id": agent_id, "tx_id": tx_id, "severity": severity}
        equal = {name: value for name, value in wanted.items() if value is not None}

        def narrow(query: Query) -> Query:
            query = query.filter(**equal) if equal else query
            return query.filter(lambda row: row.timestamp >= since) if since is not None else query

        return self._listing.page(narrow, limit=limit, cursor=cursor)

    def named_after(self, row_id: int, event_types: Sequence[str]) -> Rows:
        """Rows of some kinds past ``row_id``, oldest first."""
        marks = ",".join("?" * len(event_types))
        rows = self._sql.all(
            AUDIT_ROW.select(f"WHERE event_type IN ({marks}) AND id > ? ORDER BY id"), (*event_types, row_id)
        )
        return [AUDIT_ROW.read(row) for row in rows]

    def after(self, row_id: int, limit: int) -> Rows:
        """Rows past ``row_id``, oldest first."""
        rows = self._sql.all(AUDIT_ROW.select("WHERE id > ? ORDER BY id LIMIT ?"), (row_id, limit))
        return [AUDIT_ROW.read(row) for row in rows]
