"""Ending a row before anything was signed: its reservation is released in the same commit (invariant 5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from waiaas.engine.actors import SYSTEM, Actor
from waiaas.engine.pipeline.holds import close_approval
from waiaas.engine.pipeline.stage import Bench
from waiaas.store.database import Unit
from waiaas.store.records import Transaction

_EVENTS = {
    "EXPIRED": "transaction.expired",
    "CANCELLED": "transaction.cancelled",
    "FAILED": "transaction.failed",
}

KEYSTORE_DAMAGED = "KEYSTORE_DAMAGED"

_WAITED_FOR = {
    "FEE_ABOVE_CAP": "the network's fee stayed above the cap until the time for this payment was over",
    "ACCOUNT_BUSY": "the account was busy, with other payments or in another program, until the time for this payment was over",
    "CLAIM_HELD": "what it would have spent was held by another payment of the wallet until the time for this payment was over",
    KEYSTORE_DAMAGED: "the agent's key file could not be read until the time for this payment was over",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a row ends.

    :param code: for programs, upper snake case; :param why: for people
    :param event: the audit event, where it is not the status's own
    :param details: what the audit row says besides
    """

    status: str
    code: str
    why: str
    event: str | None = None
    details: Mapping[str, str] = field(default_factory=dict)


def expired(code: str, why: str) -> Ending:
    """Its time is over."""
    return Ending(status="EXPIRED", code=code, why=why)


def timed_out(row: Transaction) -> Ending:
    """It was not paid in time; what it waited for last is the named reason where the chain's plugin said one."""
    if row.error_code in _WAITED_FOR:
        return expired(row.error_code, _WAITED_FOR[row.error_code])
    return expired("EXECUTION_TIMEOUT", "it was not paid in time")


def end_unsigned(bench: Bench, row: Transaction, ending: Ending) -> bool:
    """End ``row`` in a transaction of its own. False when somebody else moved it first."""
    with bench.store.write() as unit:
        moved = end_unsigned_within(bench, unit, row, ending)
    bench.outcomes.ring(row.id)
    return moved


def end_unsigned_within(bench: Bench, unit: Unit, row: Transaction, ending: Ending, by: Actor = SYSTEM) -> bool:
    """End ``row`` in the caller's transaction. False when somebody else moved it first."""
    moved = bench.transitions.move(
        unit,
        row,
        ending.status,
        ending.event or _EVENTS[ending.status],
        by=by,
        details={"code": ending.code, "reason": ending.why, **ending.details},
        error_code=ending.code,
        error=ending.why,
    )
    if moved:
        unit.reservations.release(row.id)
        close_approval(unit, row, bench.clock.now())
    return moved
