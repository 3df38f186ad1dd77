"""The audit trail on the wire."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from waiaas.api.models.wire import (
    Answered,
    Asked,
    Count,
    PageAsked,
    PageSize,
    Reference,
    Since,
    UnixSeconds,
    Word,
    read_whole,
)

if TYPE_CHECKING:
    from waiaas.engine.audit import Stretch
    from waiaas.store.audit_chain import AuditReport
    from waiaas.store.records import AuditRow, Checkpoint


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

    id: Count
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

    id: Count
    hash: str


class CheckpointItem(Answered):
    """A signature over one row of the chain (Ed25519). :param public_key: hex, 32 bytes; :param signature: hex, 64 bytes"""

    instance_id: str
    audit_id: Count
    audit_hash: str
    public_key: str
    signature: str
    created_at: UnixSeconds

    @classmethod
    def of(cls, checkpoint: "Checkpoint", instance_id: str) -> "CheckpointItem":
        """From the stored record."""
        return cls(
            instance_id=instance_id,
            audit_id=checkpoint.audit_id,
            audit_hash=checkpoint.audit_hash,
            public_key=checkpoint.public_key,
            signature=checkpoint.signature,
            created_at=checkpoint.created_at,
        )


class ExportAsked(Asked):
    """Which stretch of the chain. :param after: the id of the last row that the caller has, 0 at first"""

    after: Since = 0
    limit: Annotated[int, Field(ge=1, le=1000), BeforeValidator(read_whole)] = 1000


class ExportRow(AuditItem):
    """One row as it was hashed. :param details: the stored text of JSON, byte for byte"""

    details: str

    @classmethod
    def of(cls, row: "AuditRow") -> "ExportRow":
        """From the stored record."""
        return cls(**asdict(row))


class ExportItem(Answered):
    """A stretch of the chain, oldest row first. :param head: the newest row's id; :param public_key: of checkpoints, if any"""

    instance_id: str
    public_key: str | None
    items: list[ExportRow]
    checkpoints: list[CheckpointItem]
    head: Count

    @classmethod
    def of(cls, stretch: "Stretch") -> "ExportItem":
        """From the engine's record."""
        return cls(
            instance_id=stretch.instance_id,
            public_key=stretch.public_key,
            items=[ExportRow.of(row) for row in stretch.rows],
            checkpoints=[CheckpointItem.of(one, stretch.instance_id) for one in stretch.checkpoints],
            head=stretch.head,
        )


class SignedUpTo(Answered):
    """The newest checkpoint. :param audit_id: the row it was signed for; :param public_key: hex"""

    audit_id: Count
    audit_hash: str
    public_key: str
    created_at: UnixSeconds

    @classmethod
    def of(cls, newest: "Checkpoint") -> "SignedUpTo":
        """From the stored record."""
        return cls(
            audit_id=newest.audit_id,
            audit_hash=newest.audit_hash,
            public_key=newest.public_key,
            created_at=newest.created_at,
        )


class AuditProblemItem(Answered):
    """One thing that is wrong. :param row: the audit row's id"""

    fault: str
    text: str
    row: Count | None
    tx_id: str | None


class AuditReportItem(Answered):
    """What verifying found.

    :param rows: how many rows were good: all, or those before the first bad one
    :param checkpoints: how many signatures the chain was held against; :param signed_up_to: None without any
    :param key_known: whether they were held against the signer's own key; not while it is locked
    """

    intact: bool
    rows: Count
    head: AuditHead | None
    problems: list[AuditProblemItem]
    checkpoints: Count
    signed_up_to: SignedUpTo | None
    key_known: bool

    @classmethod
    def of(cls, report: "AuditReport") -> "AuditReportItem":
        """From the store's report."""
        problems = [
            AuditProblemItem(fault=found.fault.value, text=found.text, row=found.row, tx_id=found.tx_id)
            for found in report.problems
        ]
        head = None if report.head is None else AuditHead(id=report.head[0], hash=report.head[1])
        return cls(
            intact=report.is_intact,
            rows=report.rows,
            head=head,
            problems=problems,
            checkpoints=report.checkpoints,
            signed_up_to=None if report.newest is None else SignedUpTo.of(report.newest),
            key_known=report.is_key_known,
        )
