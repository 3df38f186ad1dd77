"""Held: what a stop keeps from being paid, and what becomes of it when a person lifts the stop.

Of the payments that wait unsigned, those that the person names go on the way they were going; the others are cancelled. Signed
bytes that no node has taken cannot be cancelled: unless they are named they are withheld for good, and given up on the chains
where further bytes can do that.
"""

from collections.abc import Collection, Sequence

from waiaas.engine.actors import Actor
from waiaas.engine.pipeline.ending import Ending, end_unsigned_within
from waiaas.engine.pipeline.orders import is_withheld, with_withheld
from waiaas.engine.pipeline.stage import Bench
from waiaas.engine.rules.transaction_states import UNSIGNED
from waiaas.engine.stop_scopes import Scope
from waiaas.engine.variants import was_taken
from waiaas.store.database import Unit
from waiaas.store.records import Transaction

_MOST = 100_000
_NOT_RELEASED = Ending(
    status="CANCELLED", code="KILL_SWITCH", why="it was not among the payments released when the stop was lifted"
)


def held_rows(unit: Unit, scope: Scope) -> Sequence[Transaction]:
    """What waits within the scope, oldest first: unsigned rows, and signed ones that no node has taken."""
    rows = unit.transactions.rows_in((*UNSIGNED, "SUBMITTED"), limit=_MOST)
    mine = [row for row in rows if scope.holds(row)]
    signed = unit.variants.of_many([row.id for row in mine if row.status == "SUBMITTED" and row.broadcast_at is None])
    return [
        row
        for row in mine
        if row.status != "SUBMITTED" or (row.id in signed and not any(was_taken(one, row) for one in signed[row.id]))
        if not is_withheld(row)
    ]


def drop(bench: Bench, unit: Unit, rows: Sequence[Transaction], kept: Collection[str], by: Actor) -> Sequence[str]:
    """Cancel or withhold every row that is not kept, in the caller's transaction. Returns the ids of those."""
    dropped = [row for row in rows if row.id not in kept]
    for row in dropped:
        if row.status in UNSIGNED:
            end_unsigned_within(bench, unit, row, _NOT_RELEASED, by)
        else:
            _withhold(bench, unit, row, by)
    return [row.id for row in dropped]


def _withhold(bench: Bench, unit: Unit, row: Transaction, by: Actor) -> None:
    unit.transactions.note(row.id, expected="SUBMITTED", at=bench.clock.now(), metadata=with_withheld(row))
    details = {"txHash": row.tx_hash, "reason": _NOT_RELEASED.why}
    bench.transitions.tell(unit, row, "transaction.withheld", details, by)
