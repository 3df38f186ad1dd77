"""The audit log, for whoever may read it."""

from pathlib import Path

from waiaas.engine.actors import Actor, require_operator
from waiaas.engine.head import HeadKeeper
from waiaas.engine.rules.transaction_states import MOVES
from waiaas.store.audit_chain import AuditReport, verify_file
from waiaas.store.database import Store
from waiaas.store.records import AuditRow, Page


class Audit:
    """Reads and verifies. Thread-safe."""

    def __init__(self, store: Store, database: Path, head: HeadKeeper) -> None:
        self._head = head
        self._store = store
        self._database = database

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
        """Rows, newest first."""
        require_operator(actor)
        with self._store.read() as unit:
            return unit.audit.list(
                event_type=event_type,
                agent_id=agent_id,
                tx_id=tx_id,
                severity=severity,
                since=since,
                limit=limit,
                cursor=cursor,
            )

    def verify(self, actor: Actor) -> AuditReport:
        """Walk the whole chain and hold it against the pinned head. Reads the file; takes time that grows with history."""
        require_operator(actor)
        return verify_file(self._database, head=self._head.pinned(), transitions=MOVES)
