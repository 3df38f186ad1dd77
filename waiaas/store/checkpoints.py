"""Checkpoints: signatures over the audit log's end, kept beside it for ever."""

from collections.abc import Sequence

from waiaas.store.records import Checkpoint
from waiaas.store.shapes import Shape
from waiaas.store.statements import Statements

CHECKPOINT = Shape(Checkpoint, "audit_checkpoints")


class Checkpoints:
    """The audit_checkpoints table, inside one unit."""

    def __init__(self, sql: Statements) -> None:
        self._sql = sql

    def add(self, checkpoint: Checkpoint) -> bool:
        """Keep one. False, and nothing written, where one of this row or a later one is kept already."""
        last = self.last()
        if last is not None and last.audit_id >= checkpoint.audit_id:
            return False
        self._sql.run(CHECKPOINT.insert, CHECKPOINT.values(checkpoint))
        return True

    def last(self) -> Checkpoint | None:
        """The one of the newest row."""
        row = self._sql.one(CHECKPOINT.select("ORDER BY audit_id DESC LIMIT 1"))
        return CHECKPOINT.read(row) if row else None

    def between(self, after: int, up_to: int) -> Sequence[Checkpoint]:
        """Those of audit rows past ``after`` and up to ``up_to``, oldest first."""
        rows = self._sql.all(
            CHECKPOINT.select("WHERE audit_id > ? AND audit_id <= ? ORDER BY audit_id"), (after, up_to)
        )
        return [CHECKPOINT.read(row) for row in rows]
