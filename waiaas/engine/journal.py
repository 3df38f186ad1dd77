"""The journal: one write, two readers. An event becomes an audit row and, where people are told, outbox rows, inside the very
transaction that changes the state. If the audit row cannot be written, the change does not happen."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from waiaas.clock import Clock
from waiaas.engine.events import EVENTS, EventType
from waiaas.store.database import Unit
from waiaas.store.records import AuditRow

STRETCH = 100
"""So many audit rows are signed for at once."""


class Journal:
    """Writes events.

    :param notifications_enabled: whether outbox rows are made
    :param dedup_ttl: seconds for which equal notices of one agent become one with a count; 0 tells of each
    :param after_record: called once a row for people is committed; the outbox worker's wake-up
    :param after_stretch: called once each hundredth row is committed; the notary's wake-up
    """

    def __init__(
        self,
        clock: Clock,
        *,
        notifications_enabled: bool = True,
        dedup_ttl: int = 0,
        after_record: Callable[[], None] = lambda: None,
        after_stretch: Callable[[], None] = lambda: None,
    ) -> None:
        self._clock = clock
        self._notifies = notifications_enabled
        self._dedup_ttl = dedup_ttl
        self._after_record = after_record
        self._after_stretch = after_stretch

    def record(
        self,
        unit: Unit,
        event: str,
        *,
        actor: str,
        agent_id: str | None = None,
        session_id: str | None = None,
        tx_id: str | None = None,
        details: Mapping[str, Any] | None = None,
        ip: str | None = None,
    ) -> AuditRow:
        """Write ``event`` within ``unit``.

        :raises KeyError: for a name that is not in the registry
        """
        kind = EVENTS[event]
        text = json.dumps(dict(details or {}), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        row = unit.audit.append(
            timestamp=self._clock.now(),
            event_type=event,
            actor=actor,
            agent_id=agent_id,
            session_id=session_id,
            tx_id=tx_id,
            details=text,
            severity=kind.severity,
            ip_address=ip,
        )
        if kind.is_notified and self._notifies:
            self._tell(unit, kind, row)
        if row.id % STRETCH == 0:
            unit.after_commit(self._after_stretch)
        return row

    def _tell(self, unit: Unit, kind: EventType, row: AuditRow) -> None:
        """One item a channel. What was told already within ``dedup_ttl`` waits for its end, and is counted meanwhile."""
        alike = _alike(kind, row) if self._dedup_ttl else None
        for channel in unit.channels.list(enabled=True):
            before = None if alike is None else unit.outbox.newest_alike(channel.id, alike)
            if before is not None and unit.outbox.count_again(before.id):
                continue
            unit.outbox.insert(
                channel_id=channel.id,
                event=row.event_type,
                payload=json.dumps({"auditId": row.id}, separators=(",", ":")),
                next_at=row.timestamp if before is None else max(row.timestamp, before.next_at + self._dedup_ttl),
                created_at=row.timestamp,
                precedence=kind.precedence,
                alike=alike,
            )
        unit.after_commit(self._after_record)


def _alike(kind: EventType, row: AuditRow) -> str | None:
    """What two notices have in common that say the same; None where each counts."""
    if kind.alike_by is None:
        return None
    details = json.loads(row.details)
    return json.dumps([kind.name, row.agent_id, *(details.get(key) for key in kind.alike_by)], separators=(",", ":"))
