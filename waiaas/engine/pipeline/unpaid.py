"""Unpaid: an end by which nobody was paid is believed only where no configured endpoint leaves a doubt of it.

Whoever hears of such an end may pay again. So one node's word for a failure, or for a cancellation that landed, ends nothing
while another endpoint does not have it, and no proof that bytes are dead does while another has them in a block. An endpoint
that cannot be asked is a doubt too: the row stays SUBMITTED and counts as spent (invariant 15).
"""

import logging
from collections.abc import Sequence

from waiaas.engine.chains import Chain
from waiaas.engine.pipeline.confirm import Look, Sighting, looks
from waiaas.engine.pipeline.statuses import statuses_of
from waiaas.engine.variants import CANCEL, signed_of
from waiaas.errors import Unavailable
from waiaas.interfaces.chain import ChainAdapter, Phase, Status

_log = logging.getLogger("waiaas.confirm")
_LANDED = frozenset({Phase.INCLUDED, Phase.FINAL})


def agreed(chain: Chain, sightings: Sequence[Sighting]) -> list[Sighting]:
    """The sightings without those of rows whose unpaid end some endpoint leaves in doubt.

    Network, one question to each endpoint, only where there is such an end and more than one endpoint. May be called again.
    """
    doubted = [one for look in looks(sightings) for one in _unpaid_ends(look)]
    witnesses = chain.call(chain.witnesses) if doubted else ()
    if len(witnesses) < 2:
        return list(sightings)
    told = [hear(chain, witness, doubted) for witness in witnesses]
    open_ = {one.row.id for index, one in enumerate(doubted) if not all(_bears_out(one, said[index]) for said in told)}
    for tx_id in sorted(open_):
        _log.info("%s is said to have ended without paying, and not by every endpoint: it waits", tx_id)
    return [one for one in sightings if one.row.id not in open_]


def hear(chain: Chain, witness: ChainAdapter, asked: Sequence[Sighting]) -> Sequence[Status | None]:
    """What one endpoint says of each; None where it cannot tell. Network."""
    try:
        statuses = statuses_of(chain, witness, [signed_of(one.variant) for one in asked])
    except Unavailable:
        return [None] * len(asked)
    return [None if one.phase is Phase.UNKNOWN else one for one in statuses]


def _unpaid_ends(look: Look) -> Look:
    """Those of a row's sightings by which it would end with nobody paid."""
    if all(one.status.phase is Phase.DEAD for one in look):
        return look
    return [one for one in look if _is_unpaid(one, one.status)]


def _bears_out(sighting: Sighting, said: Status | None) -> bool:
    """Whether an endpoint's word leaves no doubt of it. That it knows nothing of bytes that are dead is as it should be."""
    if said is None:
        return False
    return said.phase not in _LANDED if sighting.status.phase is Phase.DEAD else _is_unpaid(sighting, said)


def _is_unpaid(sighting: Sighting, status: Status) -> bool:
    """Whether this is final and paid nobody."""
    return status.phase is Phase.FINAL and (sighting.variant.kind == CANCEL or status.ok is False)
