"""The audit trail on the wire."""

import json
from typing import TYPE_CHECKING, Any, Literal

from waiaas.api.models.wire import Answered, PageAsked, PageSize, Reference, Since, UnixSeconds, Word

if TYPE_CHECKING:
    from waiaas.store.audit_chain import AuditReport
    from waiaas.store.records import AuditRow


class AuditAsked(PageAsked):
    """Which rows to list. :param since: Unix seconds"""

    limit: PageSize = 100
    event_type: Word | None = None
    agent_id: Reference | None = None
    tx_id: Reference | None = None
    severity: Literal["info", "warning", "critical"] | None = None
    since: Since | None = None


class AuditItem(Answered):
    """One row of the chain. :param prev_hash: the hash of the row before"""

    id: int
    timestamp: UnixSeconds
    event_type: str
    actor: str
    agent_id: str | None
    session_id: str | None
    tx_id: str | None
    details: Any
    severity: str
    ip_address: str | None
    prev_hash: str
    hash: str

    @classmethod
    def of(cls, row: "AuditRow") -> "AuditItem":
        """From the stored record."""
        return cls(
            id=row.id,
            timestamp=row.timestamp,
            event_type=row.event_type,
            actor=row.actor,
            agent_id=row.agent_id,
            session_id=row.session_id,
            tx_id=row.tx_id,
            details=json.loads(row.details),
            severity=row.severity,
            ip_address=row.ip_address,
            prev_hash=row.prev_hash,
            hash=row.hash,
        )


class AuditHead(Answered):
    """The last good row."""

    id: int
    hash: str


class AuditProblemItem(Answered):
    """One thing that is wrong. :param row: the audit row's id"""

    fault: str
    text: str
    row: int | None
    tx_id: str | None


class AuditReportItem(Answered):
    """What verifying found. :param rows: how many rows were good: all, or those before the first bad one"""

    intact: bool
    rows: int
    head: AuditHead | None
    problems: list[AuditProblemItem]

    @classmethod
    def of(cls, report: "AuditReport") -> "AuditReportItem":
        """From the store's report."""
        problems = [
            AuditProblemItem(fault=found.fault.value, text=found.text, row=found.row, tx_id=found.tx_id)
            for found in report.problems
        ]
        head = None if report.head is None else AuditHead(id=report.head[0], hash=report.head[1])
        return cls(intact=report.is_intact, rows=report.rows, head=head, problems=problems)
