"""Overdue: signed bytes that neither landed nor are proven dead after a while; a person is told once a row.

They stay reserved and are sent again as before. What a person can do depends on the chain: pay more for the same payment or
give it up where bytes can be replaced, bring an endpoint back whose word is missing where they expire.
"""

import json
from collections.abc import Sequence

from waiaas.engine.chains import Chain
from waiaas.engine.pipeline.confirm import Look
from waiaas.engine.pipeline.stage import Bench
from waiaas.interfaces.chain import Feature, Phase
from waiaas.store.records import Transaction

_AFTER_SECONDS = 900
_FIELD = "told_overdue_at"


def tell_overdue(bench: Bench, chain: Chain, found: Sequence[Look]) -> int:
    """Tell of each row that is overdue and was not told of; returns how many. May be called again."""
    now = bench.clock.now()
    late = [look for look in found if _is_overdue(look, now)]
    if not late:
        return 0
    with bench.store.write() as unit:
        for look in late:
            row = unit.transactions.get(look[0].row.id)
            if row is None or row.status != "SUBMITTED" or _FIELD in row.metadata:
                continue
            metadata = json.dumps({**json.loads(row.metadata), _FIELD: now}, ensure_ascii=False)
            unit.transactions.note(row.id, expected="SUBMITTED", at=now, metadata=metadata)
            details = {"txHash": row.tx_hash, "since": look[0].variant.created_at, "reason": _why(chain, row)}
            bench.transitions.tell(unit, row, "transaction.overdue", details)
    return len(late)


def _is_overdue(look: Look, now: int) -> bool:
    row = look[0].row
    if row.status != "SUBMITTED" or _FIELD in row.metadata or now - look[-1].variant.created_at < _AFTER_SECONDS:
        return False
    return all(sighting.status.phase in (Phase.UNSEEN, Phase.POOL, Phase.DEAD) for sighting in look)


def _why(chain: Chain, row: Transaction) -> str:
    if Feature.REPLACE in chain.adapter.features:
        return f"the network has not taken it; `waiaas tx speed-up {row.id}` pays more, `cancel-onchain` gives it up"
    return "it has not landed, and not every configured endpoint can prove that it never will; it counts as spent until then"
