"""Overdue: signed bytes that neither landed nor are proven dead after a while; a person is told once a row.

They stay reserved and are sent again as before. What a person can do depends on the chain: pay more for the same payment or
give it up where bytes can be replaced, bring an endpoint back whose word is missing where they expire, or where not all of them
tell of an end by which nobody was paid.
"""

import json
from collections.abc import Collection, Sequence

from waiaas.engine.chains import Chain
from waiaas.engine.pipeline.confirm import Look
from waiaas.engine.pipeline.stage import Bench
from waiaas.interfaces.chain import Feature, Phase
from waiaas.store.records import Transaction

_AFTER_SECONDS = 900
_NOT_LANDED = frozenset({Phase.UNKNOWN, Phase.UNSEEN, Phase.POOL, Phase.DEAD})
_FIELD = "told_overdue_at"


def tell_overdue(bench: Bench, chain: Chain, found: Sequence[Look], doubted: Collection[str] = ()) -> int:
    """Tell of each row that is overdue and was not told of; returns how many. May be called again.

    :param doubted: ids of rows whose end not every endpoint tells of
    """
    now = bench.clock.now()
    late = [look for look in found if _is_overdue(look, now, is_doubted=look[0].row.id in doubted)]
    if not late:
        return 0
    with bench.store.write() as unit:
        for look in late:
            row = unit.transactions.get(look[0].row.id)
            if row is None or row.status != "SUBMITTED" or was_told(row):
                continue
            metadata = json.dumps({**json.loads(row.metadata), _FIELD: now}, ensure_ascii=False)
            unit.transactions.note(row.id, expected="SUBMITTED", at=now, metadata=metadata)
            details = {"txHash": row.tx_hash, "since": look[0].variant.created_at, "reason": _why(chain, row, doubted)}
            bench.transitions.tell(unit, row, "transaction.overdue", details)
    return len(late)


def was_told(row: Transaction) -> bool:
    """Pure. Whether a person heard of it; what an agent wrote into its note says nothing."""
    return _FIELD in dict(json.loads(row.metadata))


def _is_overdue(look: Look, now: int, *, is_doubted: bool) -> bool:
    row = look[0].row
    if row.status != "SUBMITTED" or was_told(row) or now - look[-1].variant.created_at < _AFTER_SECONDS:
        return False
    return is_doubted or all(sighting.status.phase in _NOT_LANDED for sighting in look)


def _why(chain: Chain, row: Transaction, doubted: Collection[str]) -> str:
    if row.id in doubted:
        return "an endpoint tells that it ended without paying, and not every other does; it counts as spent until they agree"
    if Feature.REPLACE in chain.adapter.features:
        return f"the network has not taken it; `waiaas tx speed-up {row.id}` pays more, `cancel-onchain` gives it up"
    return "it has not landed, and not every configured endpoint can prove that it never will; it counts as spent until then"
