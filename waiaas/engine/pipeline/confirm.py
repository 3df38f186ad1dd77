"""Confirm: what the chain says of signed bytes becomes the row's end. Only FINAL and DEAD end anything.

Many rows are settled in one commit, because one answer of a node speaks of many; each has its own compare-and-set.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from waiaas.engine.pipeline.stage import Bench
from waiaas.engine.rules.totals import totals
from waiaas.engine.stored_intent import stored_intent
from waiaas.interfaces.chain import Phase, Status
from waiaas.store.database import Unit
from waiaas.store.records import LedgerEntry, Reservation, Transaction, Variant

_log = logging.getLogger("waiaas.confirm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What the chain says of one row's bytes."""

    row: Transaction
    variant: Variant
    status: Status


class Confirm:
    """Settles SUBMITTED rows, and FAILED ones that landed after all."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def settle(self, sightings: Sequence[Sighting]) -> int:
        """Commit every end and every change of sighting; returns how many rows ended. May be called again."""
        news = [sighting for sighting in sightings if _is_news(sighting)]
        if not news:
            return 0
        for sighting in news:
            self._bench.observe("before-settle", sighting.row.id)
        with self._bench.store.write() as unit:
            ended = sum(self._one(unit, sighting) for sighting in news)
        for sighting in news:
            self._bench.observe("after-settle", sighting.row.id)
            self._bench.outcomes.ring(sighting.row.id)
        if ended:
            self._bench.on_signed()
        return ended

    def _one(self, unit: Unit, sighting: Sighting) -> int:
        row, status = sighting.row, sighting.status
        if status.phase is Phase.FINAL:
            return self._landed(unit, sighting)
        if status.phase is Phase.DEAD:
            return self._dead(unit, sighting)
        unit.variants.note(row.id, sighting.variant.n, last_status=status.phase.value)
        if status.phase is not Phase.UNSEEN and row.broadcast_at is None:
            now = self._bench.clock.now()
            unit.transactions.note(row.id, expected="SUBMITTED", at=now, broadcast_at=now)
        return 0

    def _landed(self, unit: Unit, sighting: Sighting) -> int:
        row, status = sighting.row, sighting.status
        is_paid = status.ok is True
        if row.status == "FAILED":
            return self._landed_late(unit, sighting) if is_paid else self._failed_late(unit, sighting)
        fee = status.fee_paid.units if status.fee_paid else sighting.variant.fee_cap
        now = self._bench.clock.now()
        moved = self._bench.transitions.move(
            unit,
            row,
            "CONFIRMED" if is_paid else "FAILED",
            "transaction.confirmed" if is_paid else "transaction.failed",
            details={"txHash": row.tx_hash, "height": status.height, "fee": str(fee), "reason": status.reason},
            executed_at=now,
            broadcast_at=row.broadcast_at or now,
            error=None if is_paid else (status.reason or "the chain refused it"),
            error_code=None if is_paid else "FAILED_ON_CHAIN",
        )
        if not moved:
            return 0
        self._book(unit, row, unit.reservations.of(row.id), fee, is_paid=is_paid)
        unit.reservations.release(row.id)
        unit.variants.note(row.id, sighting.variant.n, last_status=status.phase.value, proof=status.proof)
        if is_paid and row.tier == "NOTIFY":
            self._bench.transitions.tell(unit, row, "transaction.notified", {"txHash": row.tx_hash})
        return 1

    def _book(self, unit: Unit, row: Transaction, reserved: Sequence[Reservation], fee: int, *, is_paid: bool) -> None:
        """The ledger gets what really left: value only when it was paid, the fee in any case (invariants 4 and 5)."""
        for reservation in reserved:
            units = fee if reservation.kind == "fee" else reservation.amount if is_paid else 0
            self._append(unit, row, reservation.asset, reservation.kind, units)

    def _append(self, unit: Unit, row: Transaction, asset: str, kind: str, units: int) -> None:
        if units > 0:
            unit.ledger.append(
                LedgerEntry(
                    agent_id=row.agent_id,
                    session_id=row.session_id,
                    tx_id=row.id,
                    asset=asset,
                    kind=kind,
                    amount=units,
                    at=self._bench.clock.now(),
                )
            )

    def _dead(self, unit: Unit, sighting: Sighting) -> int:
        row, status = sighting.row, sighting.status
        if row.status != "SUBMITTED":
            return 0
        why = "the network did not take it before it expired; nothing was paid"
        moved = self._bench.transitions.move(
            unit,
            row,
            "FAILED",
            "transaction.failed",
            details={"code": "EXPIRED_ON_CHAIN", "proof": status.proof, "txHash": row.tx_hash},
            error=why,
            error_code="EXPIRED_ON_CHAIN",
        )
        if moved:
            unit.reservations.release(row.id)
            unit.variants.note(row.id, sighting.variant.n, last_status=status.phase.value, proof=status.proof)
        return int(moved)

    def _failed_late(self, unit: Unit, sighting: Sighting) -> int:
        """Given up, and refused by the chain all the same: nothing was paid but the fee, which is booked once."""
        row, status = sighting.row, sighting.status
        if unit.ledger.of(row.id):
            return 0
        fee = status.fee_paid.units if status.fee_paid else sighting.variant.fee_cap
        self._append(unit, row, stored_intent(row).resolved.likely_fee.asset, "fee", fee)
        details = {"code": "FAILED_ON_CHAIN", "txHash": row.tx_hash, "fee": str(fee), "reason": status.reason}
        self._bench.transitions.tell(unit, row, "transaction.failed", details)
        unit.transactions.note(row.id, expected="FAILED", at=self._bench.clock.now(), error_code="FAILED_ON_CHAIN")
        return 0

    def _landed_late(self, unit: Unit, sighting: Sighting) -> int:
        """Given up with proof, and paid all the same: the chain wins, and a person must hear of it."""
        row, status = sighting.row, sighting.status
        fee = status.fee_paid.units if status.fee_paid else sighting.variant.fee_cap
        moved = self._bench.transitions.move(
            unit,
            row,
            "CONFIRMED",
            "transaction.landed_late",
            details={"txHash": row.tx_hash, "height": status.height, "fee": str(fee)},
            executed_at=self._bench.clock.now(),
            error=None,
            error_code=None,
        )
        if moved:
            intent = stored_intent(row)
            for (asset, kind), units in totals(intent.resolved.effects).items():
                self._append(unit, row, asset, kind, units)
            self._append(unit, row, intent.resolved.likely_fee.asset, "fee", fee)
            _log.critical("transaction %s landed after it was given up", row.id)
        return int(moved)


def _is_news(sighting: Sighting) -> bool:
    status, row = sighting.status, sighting.row
    if status.phase in (Phase.FINAL, Phase.DEAD):
        return True
    if row.status != "SUBMITTED":
        return False
    is_first_sight = status.phase is not Phase.UNSEEN and row.broadcast_at is None
    return is_first_sight or (sighting.variant.last_status or Phase.UNSEEN.value) != status.phase.value
