"""Ending a row before anything was signed: its reservation is released in the same commit (invariant 5)."""

from typing import Any

from waiaas.engine.pipeline.holds import close_approval
from waiaas.engine.pipeline.stage import Bench
from waiaas.store.database import Unit
from waiaas.store.records import Transaction

_EVENTS = {
    "EXPIRED": "transaction.expired",
    "CANCELLED": "transaction.cancelled",
    "FAILED": "transaction.failed",
}


def end_unsigned(bench: Bench, row: Transaction, status: str, code: str, why: str) -> bool:
    """End ``row`` in a transaction of its own. False when somebody else moved it first."""
    with bench.store.write() as unit:
        moved = end_unsigned_within(bench, unit, row, status, code, why)
    bench.outcomes.ring(row.id)
    return moved


def end_unsigned_within(
    bench: Bench,
    unit: Unit,
    row: Transaction,
    status: str,
    code: str,
    why: str,
    *,
    actor: str = "system",
    event: str | None = None,
    ip: str | None = None,
    **details: Any,
) -> bool:
    """End ``row`` in the caller's transaction. False when somebody else moved it first."""
    moved = bench.transitions.move(
        unit,
        row,
        status,
        event or _EVENTS[status],
        actor=actor,
        details={"code": code, "reason": why, **details},
        ip=ip,
        error_code=code,
        error=why,
    )
    if moved:
        unit.reservations.release(row.id)
        close_approval(unit, row, bench.clock.now())
    return moved
