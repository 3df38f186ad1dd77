"""The journal: one write, two readers. An event becomes an audit row and, where people are told, outbox rows, inside the very
transaction that changes the state. If the audit row cannot be written, the change does not happen."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from waiaas.clock import Clock
from waiaas.engine.events import EVENTS
from waiaas.store.database import Unit
from waiaas.store.records import AuditRow

STRETCH = 100
"""So many audit rows are signed for at once."""


class Journal:
    """Writes events.

    :param notifications_enabled: whether outbox rows are made
    :param after_record: called once a row for people is committed; the outbox worker's wake-up
    :param after_stretch: called once each hundredth row is committed; the notary's wake-up
    """

    def __init__(
        self,
        clock: Clock,
        *,
        notifications_enabled: bool = True,
        after_record: Callable[[], None] = lambda: None,
        after_stretch: Callable[[], None] = lambda: None,
    ) -> None:
        self._clock = clock
        self._notifies = notifications_enabled
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
            self._tell(unit, row)
        if row.id % STRETCH == 0:
            unit.after_commit(self._after_stretch)
        return row

    def _tell(self, unit: Unit, row: AuditRow) -> None:
        payload = json.dumps({"auditId": row.id}, separators=(",", ":"))
        for channel in unit.channels.list(enabled=True):
            unit.outbox.insert(
                channel_id=channel.id,
                event=row.event_type,
                payload=payload,
                next_at=row.timestamp,
                created_at=row.timestamp,
            )
        unit.after_commit(self._after_record)
