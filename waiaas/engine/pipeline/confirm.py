"""Confirm: what the chain says of signed bytes becomes the row's end. Only FINAL and DEAD end anything.

Many rows are settled in one commit, because one answer of a node speaks of many; each has its own compare-and-set. A row lands
if any of its variants is FINAL, with that variant's hash, and is given up only if all of them are DEAD at once. Where the one
that landed gives the payment up, the row is CANCELLED.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from waiaas.engine.pipeline.dead_ends import dead_end
from waiaas.engine.pipeline.evaluate import judged_usd
from waiaas.engine.pipeline.stage import Bench
from waiaas.engine.rules.foreign import quoted
from waiaas.engine.rules.totals import totals
from waiaas.engine.stored_intent import stored_intent
from waiaas.engine.variants import CANCEL, signed_of
from waiaas.interfaces.chain import Phase, Status
from waiaas.interfaces.money import USD
from waiaas.store.database import Unit
from waiaas.store.records import LedgerEntry, Reservation, Transaction, Variant

_log = logging.getLogger("waiaas.confirm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What the chain says of one variant of a row's bytes."""

    row: Transaction
    variant: Variant
    status: Status

    @property
    def fee(self) -> int:
        """What the network took, native base units; all that it could, where it does not say."""
        return self.status.fee_paid.units if self.status.fee_paid else self.variant.fee_cap


Look = Sequence[Sighting]
"""All variants of one row, in the order they were signed, as one answer showed them."""


class Confirm:
    """Settles SUBMITTED rows, and FAILED ones that landed after all."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def settle(self, sightings: Sequence[Sighting]) -> int:
        """Commit every end and every change of sighting; returns how many rows ended. May be called again.

        :param sightings: those of all variants of each row, in the order they were signed
        """
        news = [look for look in looks(sightings) if _is_told(look) and _is_news(look)]
        if not news:
            return 0
        for look in news:
            self._bench.observe("before-settle", look[0].row.id)
        with self._bench.store.write() as unit:
            ended = sum(self._one(unit, look) for look in news)
        for look in news:
            self._bench.observe("after-settle", look[0].row.id)
            self._bench.outcomes.ring(look[0].row.id)
        if ended:
            self._bench.on_signed()
        return ended

    def _one(self, unit: Unit, look: Look) -> int:
        landed = next((sighting for sighting in look if sighting.status.phase is Phase.FINAL), None)
        if landed is not None:
            return self._landed(unit, landed)
        if all(sighting.status.phase is Phase.DEAD for sighting in look):
            return self._dead(unit, look)
        for sighting in look:
            self._seen(unit, sighting)
        return 0

    def _seen(self, unit: Unit, sighting: Sighting) -> None:
        """A change that ends nothing. Bytes that a node shows were taken, whoever has heard the answer."""
        row, variant, status = sighting.row, sighting.variant, sighting.status
        if row.status != "SUBMITTED" or not _has_changed(sighting):
            return
        now, is_there = self._bench.clock.now(), status.phase in (Phase.POOL, Phase.INCLUDED)
        unit.variants.note(
            row.id,
            variant.n,
            last_status=status.phase.value,
            proof=status.proof,
            chain_tx_id=status.chain_tx_id,
            first_broadcast_at=now if is_there else None,
        )
        if is_there and variant.n == 1 and row.broadcast_at is None:
            unit.transactions.note(row.id, expected="SUBMITTED", at=now, broadcast_at=now)

    def _landed(self, unit: Unit, landed: Sighting) -> int:
        row, is_paid = landed.row, landed.status.ok is True and landed.variant.kind != CANCEL
        if row.status == "FAILED":
            return self._landed_late(unit, landed) if is_paid else self._failed_late(unit, landed)
        if not self._move(unit, landed, is_paid=is_paid):
            return 0
        self._book(unit, row, unit.reservations.of(row.id), landed.fee, is_paid=is_paid)
        unit.reservations.release(row.id)
        unit.claims.release(row.id, but=signed_of(landed.variant).claims)  # the bytes that lost can use theirs no more
        status = landed.status
        unit.variants.note(
            row.id,
            landed.variant.n,
            last_status=status.phase.value,
            proof=status.proof,
            chain_tx_id=status.chain_tx_id,
        )
        if is_paid and row.tier == "NOTIFY":
            details = {"txHash": landed.variant.tx_hash}
            self._bench.transitions.tell(unit, row, "transaction.notified", details)
        return 1

    def _move(self, unit: Unit, landed: Sighting, *, is_paid: bool) -> bool:
        row, status, variant, now = landed.row, landed.status, landed.variant, self._bench.clock.now()
        reason = None if status.reason is None else quoted(status.reason)
        if is_paid:
            end = _End("CONFIRMED", "transaction.confirmed", None, None)
        elif variant.kind == CANCEL:
            end = _End(
                "CANCELLED",
                "transaction.cancelled",
                "CANCELLED_ON_CHAIN",
                "it was cancelled on chain; only a fee was paid",
            )
        else:
            why = "the chain refused it" if reason is None else f"the chain refused it: {reason}"
            end = _End("FAILED", "transaction.failed", "FAILED_ON_CHAIN", why)
        details = {"txHash": variant.tx_hash, "height": status.height, "fee": str(landed.fee), "reason": reason}
        return self._bench.transitions.move(
            unit,
            row,
            end.status,
            end.event,
            details=details | ({"code": end.code} if end.code else {}),
            executed_at=now,
            broadcast_at=row.broadcast_at or now,
            tx_hash=variant.tx_hash,
            error=end.why,
            error_code=end.code,
        )

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

    def _dead(self, unit: Unit, look: Look) -> int:
        row, seen, end = look[0].row, {sighting.variant.n for sighting in look}, dead_end(look)
        if row.status != "SUBMITTED" or {one.n for one in unit.variants.of(row.id)} != seen:
            return 0  # finished, or there are bytes that this answer does not speak of
        moved = self._bench.transitions.move(
            unit,
            row,
            "FAILED",
            "transaction.failed",
            details={"code": end.code, "proof": end.proof, "txHash": row.tx_hash},
            error=end.why,
            error_code=end.code,
        )
        if moved:
            unit.reservations.release(row.id)
            unit.claims.release(row.id)
            for sighting in look:
                status = sighting.status
                unit.variants.note(row.id, sighting.variant.n, last_status=status.phase.value, proof=status.proof)
        return int(moved)

    def _failed_late(self, unit: Unit, landed: Sighting) -> int:
        """Given up, and landed without paying anybody all the same: nothing was paid but the fee, which is booked once."""
        row, status = landed.row, landed.status
        if unit.ledger.of(row.id):
            return 0
        self._append(unit, row, stored_intent(row).resolved.likely_fee.asset, "fee", landed.fee)
        code = "CANCELLED_ON_CHAIN" if landed.variant.kind == CANCEL else "FAILED_ON_CHAIN"
        reason = None if status.reason is None else quoted(status.reason)
        details = {"code": code, "txHash": landed.variant.tx_hash, "fee": str(landed.fee), "reason": reason}
        self._bench.transitions.tell(unit, row, "transaction.failed", details)
        now = self._bench.clock.now()
        unit.claims.hold_free(row.agent_id, signed_of(landed.variant).claims, row.id)
        unit.transactions.note(row.id, expected="FAILED", at=now, error_code=code, tx_hash=landed.variant.tx_hash)
        return 0

    def _landed_late(self, unit: Unit, landed: Sighting) -> int:
        """Given up with proof, and paid all the same: the chain wins, and a person must hear of it."""
        row, status = landed.row, landed.status
        moved = self._bench.transitions.move(
            unit,
            row,
            "CONFIRMED",
            "transaction.landed_late",
            details={"txHash": landed.variant.tx_hash, "height": status.height, "fee": str(landed.fee)},
            executed_at=self._bench.clock.now(),
            tx_hash=landed.variant.tx_hash,
            error=None,
            error_code=None,
        )
        if moved:
            unit.claims.hold_free(row.agent_id, signed_of(landed.variant).claims, row.id)
            intent = stored_intent(row)
            for (asset, kind), units in totals(intent.resolved.effects).items():
                self._append(unit, row, asset, kind, units)
            self._append(unit, row, USD, "amount", judged_usd(row))
            self._append(unit, row, intent.resolved.likely_fee.asset, "fee", landed.fee)
            unit.variants.note(row.id, landed.variant.n, last_status=status.phase.value)
            _log.critical("transaction %s landed after it was given up", row.id)
        return int(moved)


@dataclass(frozen=True, slots=True)
class _End:
    status: str
    event: str
    code: str | None
    why: str | None


def looks(sightings: Sequence[Sighting]) -> Sequence[Look]:
    """Pure. The sightings by row, rows in the order they first appear."""
    found: dict[str, list[Sighting]] = {}
    for sighting in sightings:
        found.setdefault(sighting.row.id, []).append(sighting)
    return list(found.values())


def _is_told(look: Look) -> bool:
    """Whether whatever is final says if it did what it should: without that word nothing is taken for paid or for failed."""
    silent = [one for one in look if one.status.phase is Phase.FINAL and one.status.ok is None]
    for sighting in silent:
        _log.error("variant %d of %s is final and its adapter does not say how", sighting.variant.n, sighting.row.id)
    return not silent


def _is_news(look: Look) -> bool:
    """Whether the look ends its row, or tells of a variant what nobody has written down yet."""
    phases = {sighting.status.phase for sighting in look}
    if Phase.FINAL in phases or phases == {Phase.DEAD}:
        return True
    return look[0].row.status == "SUBMITTED" and any(_has_changed(sighting) for sighting in look)


def _has_changed(sighting: Sighting) -> bool:
    status, row, variant = sighting.status, sighting.row, sighting.variant
    is_there = status.phase in (Phase.POOL, Phase.INCLUDED)
    if is_there and variant.n == 1 and row.broadcast_at is None:
        return True
    return (variant.last_status or Phase.UNSEEN.value) != status.phase.value
