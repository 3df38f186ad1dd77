"""Unpaid: an end by which nobody was paid is believed only where every configured endpoint tells of it.

Whoever hears of such an end may pay again. So one node's word for a failure, or for a cancellation that landed, ends nothing
while another endpoint does not have it, or cannot be asked: the row stays SUBMITTED and counts as spent (invariant 15).
"""

import logging
from collections.abc import Sequence

from waiaas.engine.chains import Chain
from waiaas.engine.pipeline.confirm import Sighting
from waiaas.engine.pipeline.statuses import statuses_of
from waiaas.engine.variants import CANCEL, signed_of
from waiaas.errors import Unavailable
from waiaas.interfaces.chain import ChainAdapter, Phase, Status

_log = logging.getLogger("waiaas.confirm")


def agreed(chain: Chain, sightings: Sequence[Sighting]) -> list[Sighting]:
    """The sightings without those of rows whose unpaid end some endpoint does not tell of.

    Network, one question to each endpoint, only where there is such an end and more than one endpoint. May be called again.
    """
    doubted = [one for one in sightings if _is_unpaid(one, one.status)]
    witnesses = chain.call(chain.witnesses) if doubted else ()
    if len(witnesses) < 2:
        return list(sightings)
    told = [_hear(chain, witness, doubted) for witness in witnesses]
    open_ = {one.row.id for index, one in enumerate(doubted) if not all(_is_unpaid(one, said[index]) for said in told)}
    for tx_id in sorted(open_):
        _log.info("%s is said to have ended without paying, and not by every endpoint: it waits", tx_id)
    return [one for one in sightings if one.row.id not in open_]


def _is_unpaid(sighting: Sighting, status: Status | None) -> bool:
    """Whether this is final and paid nobody."""
    if status is None or status.phase is not Phase.FINAL:
        return False
    return sighting.variant.kind == CANCEL or status.ok is False


def _hear(chain: Chain, witness: ChainAdapter, doubted: Sequence[Sighting]) -> Sequence[Status | None]:
    """What one endpoint says of each; None where it cannot tell."""
    try:
        return statuses_of(chain, witness, [signed_of(one.variant) for one in doubted])
    except Unavailable:
        return [None] * len(doubted)
