"""How far signed bytes have come, and the proof that they never will. Network.

Seen means that a node names a block. DEAD needs more than silence: **every** configured endpoint, each of the right chain, must
have finalized a height above the last one at which the blockhash was valid, must say itself that the blockhash is not valid any
more (when it was is the word of the one node that gave it), must have searched its whole history in an answer that is not older
than that height, and must still keep the blocks since the bytes were made. A lagging, pruned, forked or absent node proves
nothing: the bytes stay UNSEEN, and count as spent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from waiaas.errors import Malformed, Unavailable
from waiaas.interfaces.chain import Amount, Network, Phase, Signed, Status
from waiaas_solana.evidence import Lifetime, read_evidence
from waiaas_solana.failures import describe
from waiaas_solana.networks import is_genesis_of
from waiaas_solana.rpc import Call, Rpc, as_list, as_object, as_text, as_whole, context_slot, in_context
from waiaas_solana.wire import reading_of

MOST_AT_ONCE = 256
"""Signatures that getSignatureStatuses takes in one call."""

_FINALIZED = {"commitment": "finalized"}
_BOTH = ("processed", "finalized")
"""Too old for the newest block is not too new for it, and too old for the final one is so for good."""
_MOST_HASHES = 32
"""Blockhashes asked about in one request; bytes with others wait for the next look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """What one endpoint says, in one answer.

    :param height: finalized block height, and ``slot`` its slot
    :param first_slot: the oldest block that it still has
    :param searched_slot: the slot at which it looked for the signatures
    :param expired: those of the blockhashes that it says are not valid any more
    :param sightings: one for each signature asked, None where it has none
    """

    height: int
    slot: int
    first_slot: int
    searched_slot: int
    expired: frozenset[str]
    sightings: list[Any]

    def proves_absence(self, lifetime: Lifetime, blockhash: str) -> bool:
        """Whether a missing sighting means that the bytes did not land and no longer can."""
        return (
            self.height > lifetime.last_valid_height
            and blockhash in self.expired
            and self.searched_slot >= self.slot
            and self.first_slot <= lifetime.slot
        )


def read_statuses(rpc: Rpc, network: Network, signed: Sequence[Signed]) -> list[Status]:
    """One status for each, in order: one request for 256 of them, and one for each endpoint if some seem to have expired.

    :raises Unavailable: when no node answered
    :raises Malformed: when what is asked about is not ours
    """
    found: list[Status] = []
    for start in range(0, len(signed), MOST_AT_ONCE):
        found += _read_some(rpc, network, signed[start : start + MOST_AT_ONCE])
    return found


def is_settled(sighting: Any) -> bool:
    """Whether a sighting is already part of what balances at ``confirmed`` show."""
    return sighting is not None and as_object(sighting).get("confirmationStatus") in ("confirmed", "finalized")


def sightings_call(signed: Sequence[Signed]) -> Call:
    """The call that looks for signatures in the whole history."""
    return "getSignatureStatuses", [[one.tx_hash for one in signed], {"searchTransactionHistory": True}]


def sightings_of(answer: Any, count: int) -> list[Any]:
    """The sightings of an answer. :raises Unavailable: when it holds another number of them"""
    sightings = as_list(in_context(answer))
    if len(sightings) != count:
        raise Unavailable("the node answered about another number of transactions")
    return sightings


def _read_some(rpc: Rpc, network: Network, signed: Sequence[Signed]) -> list[Status]:
    answer, epoch = rpc.batch([sightings_call(signed), ("getEpochInfo", [_FINALIZED])])
    statuses = [
        _status(one, seen, network) for one, seen in zip(signed, sightings_of(answer, len(signed)), strict=True)
    ]
    height = as_whole(as_object(epoch).get("blockHeight"))
    expired = [
        index
        for index, one in enumerate(signed)
        if statuses[index].phase is Phase.UNSEEN and height > read_evidence(one.evidence).lifetime.last_valid_height
    ]
    if expired:
        settled = _ask_everybody(rpc, network, [signed[index] for index in expired])
        for index, status in zip(expired, settled, strict=True):
            statuses[index] = status
    return statuses


def _status(signed: Signed, sighting: Any, network: Network) -> Status:
    if sighting is None:
        return Status(phase=Phase.UNSEEN)
    seen = as_object(sighting)
    if "err" not in seen:
        raise Unavailable("the node's answer does not say whether the transaction succeeded")
    is_final = seen.get("confirmationStatus") == "finalized"
    return Status(
        phase=Phase.FINAL if is_final else Phase.INCLUDED,
        ok=seen["err"] is None,
        height=as_whole(seen.get("slot")),
        fee_paid=Amount(asset=network.native.id, units=reading_of(signed.raw).max_fee),
        reason=None if seen["err"] is None else describe(seen["err"]),
    )


def _ask_everybody(rpc: Rpc, network: Network, signed: Sequence[Signed]) -> list[Status]:
    try:
        views = [_view(endpoint, network, signed) for endpoint in rpc.each()]
    except Unavailable:
        # an endpoint that cannot be asked proves nothing, and takes nothing back either
        return [Status(phase=Phase.UNSEEN) for _ in signed]
    return [_verdict(views, index, one, network) for index, one in enumerate(signed)]


def _view(rpc: Rpc, network: Network, signed: Sequence[Signed]) -> _View:
    hashes = list(dict.fromkeys(_blockhash_of(one) for one in signed))[:_MOST_HASHES]
    genesis, epoch, first, answer, *valid = rpc.batch(
        [
            ("getGenesisHash", []),
            ("getEpochInfo", [_FINALIZED]),
            ("getFirstAvailableBlock", []),
            sightings_call(signed),
            *(("isBlockhashValid", [one, {"commitment": commitment}]) for one in hashes for commitment in _BOTH),
        ]
    )
    if not is_genesis_of(as_text(genesis), network):
        raise Unavailable("a node of another chain was asked")
    position: Mapping[str, Any] = as_object(epoch)
    return _View(
        height=as_whole(position.get("blockHeight")),
        slot=as_whole(position.get("absoluteSlot")),
        first_slot=as_whole(first),
        searched_slot=context_slot(answer),
        expired=frozenset(
            one
            for index, one in enumerate(hashes)
            if all(in_context(said) is False for said in valid[2 * index : 2 * index + 2])
        ),
        sightings=sightings_of(answer, len(signed)),
    )


def _verdict(views: Sequence[_View], index: int, signed: Signed, network: Network) -> Status:
    seen = next((view.sightings[index] for view in views if view.sightings[index] is not None), None)
    lifetime, blockhash = read_evidence(signed.evidence).lifetime, _blockhash_of(signed)
    if seen is not None or not views or not all(view.proves_absence(lifetime, blockhash) for view in views):
        return _status(signed, seen, network)
    height = min(view.height for view in views)
    return Status(
        phase=Phase.DEAD,
        proof=f"finalized height {height} is above the last valid height {lifetime.last_valid_height}, and {len(views)} "
        f"endpoint(s) have no record of it since slot {lifetime.slot}",
    )


def _blockhash_of(signed: Signed) -> str:
    """:raises Malformed: when the bytes are not ours"""
    plan = reading_of(signed.raw).plan
    if plan is None:
        raise Malformed("these bytes are none of ours")
    return str(plan.blockhash)
