"""The audit log, for whoever may read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from waiaas.engine.actors import Actor, require_operator
from waiaas.engine.checkpoints import Checkpoints, is_genuine
from waiaas.engine.head import HeadKeeper
from waiaas.engine.rules.transaction_states import MOVES
from waiaas.store.audit_chain import AuditReport, verify_file
from waiaas.store.database import Store, Unit
from waiaas.store.records import AuditRow, Checkpoint, Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A piece of the log as it goes to somebody who keeps it.

    :param rows: oldest first; :param checkpoints: those of the rows in it; :param head: the newest row's id, 0 without any
    :param public_key: the key that signs checkpoints now, or signed the last one while the signer is locked
    """

    instance_id: str
    public_key: str | None
    rows: Sequence[AuditRow]
    checkpoints: Sequence[Checkpoint]
    head: int


class Audit:
    """Reads, exports and verifies. Thread-safe."""

    def __init__(
        self, store: Store, database: Path, head: HeadKeeper, checkpoints: Checkpoints, instance_id: str
    ) -> None:
        self._head = head
        self._store = store
        self._database = database
        self._checkpoints = checkpoints
        self._instance_id = instance_id

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

    def export(self, actor: Actor, *, after: int, limit: int) -> Stretch:
        """Rows past ``after``, byte for byte as they were hashed, with their checkpoints."""
        require_operator(actor)
        key = self._checkpoints.key()

        def look(unit: Unit) -> Stretch:
            rows = unit.audit.after(after, limit)
            head, last = unit.audit.head(), unit.checkpoints.last()
            return Stretch(
                instance_id=self._instance_id,
                public_key=key or (last.public_key if last else None),
                rows=rows,
                checkpoints=unit.checkpoints.between(after, rows[-1].id) if rows else (),
                head=head[0] if head else 0,
            )

        return self._store.at_once(look)

    def verify(self, actor: Actor) -> AuditReport:
        """Walk the whole chain; hold it against the pinned head, and against every checkpoint under the signer's own key.

        Reads the file; takes time that grows with history.
        """
        require_operator(actor)
        key = self._checkpoints.key()
        return verify_file(self._database, head=self._head.pinned(), transitions=MOVES, is_genuine=is_genuine, key=key)
