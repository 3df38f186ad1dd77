"""Statuses: what an adapter says of many signed bytes. One of which it cannot tell holds up no other."""

import logging
import time
from collections.abc import Sequence

from waiaas.engine.chains import Chain
from waiaas.errors import Malformed, NodeFailure, Refused, Unavailable
from waiaas.interfaces.chain import Amount, ChainAdapter, Phase, Signed, Status

_log = logging.getLogger("waiaas.confirm")
_SECONDS = 5.0
"""For asking in pieces; what is left then is asked in the next round."""
_LONGEST = 4096
_MOST_UNTOLD = 10_000
UNKNOWN = Status(phase=Phase.UNKNOWN)


def statuses_of(chain: Chain, adapter: ChainAdapter, signed: Sequence[Signed]) -> list[Status]:
    """One for each, in order. Where the adapter cannot tell of all together it is asked about each half, down to the ones of
    which it cannot: those are UNKNOWN. Network; may be called again.

    :param adapter: the chain's own, or one of its witnesses
    :raises Unavailable: when the nodes are away
    """
    return _asked(chain, adapter, signed, time.monotonic() + _SECONDS) if signed else []


def _asked(chain: Chain, adapter: ChainAdapter, signed: Sequence[Signed], end: float) -> list[Status]:
    problem = "it gave no status for each"
    try:
        given = chain.call(adapter.statuses, signed)
    except NodeFailure as failure:
        if failure.is_away:
            raise
        problem = failure.message
    except (Unavailable, Refused, Malformed) as failure:
        problem = failure.message
    else:
        if isinstance(given, Sequence) and len(given) == len(signed):
            return [_checked(chain, adapter, asked, one) for asked, one in zip(signed, given, strict=True)]
    if len(signed) > 1 and time.monotonic() < end:
        middle = len(signed) // 2
        return _asked(chain, adapter, signed[:middle], end) + _asked(chain, adapter, signed[middle:], end)
    for one in signed:
        _say_once(chain, adapter, one, f"cannot tell about it: {problem}")
    return [UNKNOWN for _ in signed]


def _checked(chain: Chain, adapter: ChainAdapter, asked: Signed, given: object) -> Status:
    """What a plugin said of one, if it is what its contract says: what is written down later must be of the right kinds."""
    if isinstance(given, Status) and _is_whole(given):
        chain.untold.pop((id(adapter), asked.tx_hash), None)
        return given
    _say_once(chain, adapter, asked, "gave no status of it")
    return UNKNOWN


def _say_once(chain: Chain, adapter: ChainAdapter, asked: Signed, problem: str) -> None:
    """A line in the log, until something else is wrong with the same bytes: a node that is odd for hours fills no disk."""
    key = (id(adapter), asked.tx_hash)
    if chain.untold.get(key) == problem:
        return
    if len(chain.untold) >= _MOST_UNTOLD:
        chain.untold.clear()
    chain.untold[key] = problem
    _log.warning("%s: the adapter of %s %s", asked.tx_hash, chain.network.chain_id, problem)


def _is_whole(status: Status) -> bool:
    texts = (status.chain_tx_id, status.block_id, status.reason, status.proof)
    fee = status.fee_paid
    return (
        isinstance(status.phase, Phase)
        and (status.ok is None or isinstance(status.ok, bool))
        and (status.height is None or _is_count(status.height))
        and all(text is None or (isinstance(text, str) and len(text) <= _LONGEST) for text in texts)
        and (fee is None or (isinstance(fee, Amount) and _is_count(fee.units)))
    )


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0
