"""The audit log and backups of the engine that is played."""

from dataclasses import dataclass
from pathlib import Path

from waiaas.engine.actors import Actor
from waiaas.engine.audit import Stretch
from waiaas.engine.backup_format import Header
from waiaas.engine.backup_writing import Made
from waiaas.store.audit_report import AuditProblem, AuditReport, Fault
from waiaas.store.records import AuditRow, Checkpoint, Page

from .played import Played
from .records import AGENT_ID, NOW

CHECKPOINT = Checkpoint(created_at=NOW, audit_id=1, audit_hash="1" * 64, public_key="2" * 64, signature="3" * 128)


@dataclass
class Audit(Played):
    def list(
        self,
        actor: Actor,
        *,
        event_type: str | None = None,
        agent_id: str | None = None,
        tx_id: str | None = None,
        severity: str | None = None,
        since: int | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[AuditRow]:
        self.called("list", actor=actor, event_type=event_type, severity=severity, since=since, limit=limit)
        return Page(items=(self._row(),))

    @staticmethod
    def _row() -> AuditRow:
        return AuditRow(
            id=1,
            timestamp=NOW,
            event_type="agent.created",
            actor="operator",
            agent_id=AGENT_ID,
            session_id=None,
            tx_id=None,
            details="{}",
            severity="info",
            ip_address="127.0.0.1",
            prev_hash="0" * 64,
            hash="1" * 64,
        )

    def export(self, actor: Actor, *, after: int, limit: int) -> Stretch:
        self.called("export", actor=actor, after=after, limit=limit)
        return Stretch(
            instance_id="of-a-test", public_key="2" * 64, rows=[self._row()], checkpoints=[CHECKPOINT], head=1
        )

    def verify(self, actor: Actor) -> AuditReport:
        self.called("verify", actor=actor)
        problem = AuditProblem(fault=Fault.EDITED, text="row 3 was edited", row=3)
        return AuditReport(rows=2, head=(2, "1" * 64), problems=(problem,), checkpoints=1, newest=CHECKPOINT)


@dataclass
class Backups(Played):
    def create(self, actor: Actor) -> Made:
        self.called("create", actor=actor)
        header = Header(
            created_at=NOW,
            instance_id="of-a-test",
            master="{}",
            payload_bytes=1,
            program="0.1.0",
            salt="00" * 32,
            schema_version=2,
        )
        return Made(path=Path("backups/some.backup"), size=5, header=header)
