"""The audit trail on the wire."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

from pydantic import RootModel
from pydantic.alias_generators import to_camel

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


class AuditReportItem(RootModel[dict[str, Any]]):
    """What verifying found: whether the chain holds, how far it was read, and every finding."""

    @classmethod
    def of(cls, report: "AuditReport") -> "AuditReportItem":
        """From the store's report."""
        return cls(_camel(asdict(report)))


def _camel(value: Any) -> Any:
    if isinstance(value, dict):
        return {to_camel(str(key)): _camel(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_camel(item) for item in value]
    return value
