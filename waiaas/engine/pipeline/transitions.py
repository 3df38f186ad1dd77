"""One transition: the table consulted, the status compared and set, the audit row written, all in the caller's transaction."""

from collections.abc import Mapping
from typing import Any

from waiaas.clock import Clock
from waiaas.engine.actors import SYSTEM, Actor
from waiaas.engine.journal import Journal
from waiaas.engine.rules.totals import totals
from waiaas.engine.rules.transaction_states import NEW, is_allowed
from waiaas.engine.stored_intent import StoredIntent
from waiaas.interfaces.money import USD
from waiaas.store.database import Unit
from waiaas.store.records import Happening, Reservation, Transaction

_COUNTED = {"FAILED": "failed", "CONFIRMED": "paid"}


class Transitions:
    """Moves rows. Every method works inside a ``write()`` of the caller."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock

    def create(
        self, unit: Unit, row: Transaction, event: str, details: Mapping[str, Any], by: Actor, likeness: str
    ) -> None:
        """Insert ``row`` in its first state. :param likeness: by which transactions with equal effects are found"""
        if not is_allowed(NEW, row.status):
            raise ValueError(f"no transaction begins as {row.status}")
        unit.transactions.insert(row)
        if row.status == "CANCELLED":
            self.count(unit, row, "denied")
        else:
            self.count(unit, row, "admitted", likeness=likeness)
        self._record(unit, row, event, {"from": NEW, "to": row.status, **details}, by)

    def move(
        self,
        unit: Unit,
        row: Transaction,
        status: str,
        event: str,
        *,
        by: Actor = SYSTEM,
        details: Mapping[str, Any] | None = None,
        **columns: Any,
    ) -> bool:
        """Compare and set. False when somebody else moved the row first: then nothing was written.

        :raises ValueError: for a move that the table does not hold
        """
        if not is_allowed(row.status, status):
            raise ValueError(f"a transaction may not go from {row.status} to {status}")
        if not unit.transactions.move(row.id, expected=row.status, status=status, at=self._clock.now(), **columns):
            return False
        if status in _COUNTED:
            self.count(unit, row, _COUNTED[status])
        self._record(unit, row, event, {"from": row.status, "to": status, **(details or {})}, by)
        return True

    def count(self, unit: Unit, row: Transaction, what: str, *, likeness: str | None = None) -> None:
        """Count what happened to ``row`` for the windows that policies ask about."""
        unit.activity.add(
            Happening(
                agent_id=row.agent_id,
                session_id=row.session_id,
                tx_id=row.id,
                what=what,
                likeness=likeness,
                at=self._clock.now(),
            )
        )

    def count_denied(self, unit: Unit, last: Transaction, session_id: str | None, times: int) -> None:
        """Count denials that are not stored, under the last one's id."""
        now = self._clock.now()
        unit.activity.add(
            Happening(agent_id=last.agent_id, session_id=session_id, tx_id=last.id, what="denied", times=times, at=now)
        )

    def tell(self, unit: Unit, row: Transaction, event: str, details: Mapping[str, Any], by: Actor = SYSTEM) -> None:
        """Record something about ``row`` that changes no state."""
        self._record(unit, row, event, details, by)

    def tell_of_agent(
        self, unit: Unit, row: Transaction, event: str, details: Mapping[str, Any], by: Actor = SYSTEM
    ) -> None:
        """Record something about the agent and session of ``row``, which is not stored itself."""
        self._journal.record(
            unit,
            event,
            actor=by.label,
            agent_id=row.agent_id,
            session_id=row.session_id,
            details=details,
            ip=by.ip,
        )

    def reserve(self, unit: Unit, row: Transaction, intent: StoredIntent, usd: int) -> None:
        """Set aside everything the row may take: value, rent, allowances, and its fee up to the cap (invariant 4).

        :param usd: what it was judged to be worth, in millionths of a dollar: limits in dollars count that as an amount
        """
        fee = intent.resolved.likely_fee.asset, "fee"
        amounts = {**totals(intent.resolved.effects), fee: intent.fee_cap, (USD, "amount"): usd}
        unit.reservations.reserve(
            [self._reservation(row, asset, kind, units) for (asset, kind), units in amounts.items() if units > 0]
        )

    def raise_usd(self, unit: Unit, row: Transaction, usd: int) -> None:
        """It is worth more now than when it was judged before, and counts as much from now on."""
        unit.reservations.grow(self._reservation(row, USD, "amount", usd))

    def _reservation(self, row: Transaction, asset: str, kind: str, units: int) -> Reservation:
        return Reservation(
            tx_id=row.id,
            agent_id=row.agent_id,
            session_id=row.session_id,
            asset=asset,
            kind=kind,
            amount=units,
            state="reserved",
            created_at=self._clock.now(),
        )

    def _record(self, unit: Unit, row: Transaction, event: str, details: Mapping[str, Any], by: Actor) -> None:
        self._journal.record(
            unit,
            event,
            actor=by.label,
            agent_id=row.agent_id,
            session_id=row.session_id,
            tx_id=row.id,
            details=details,
            ip=by.ip,
        )
