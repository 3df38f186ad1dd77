"""What one endpoint says, in one answer, of bytes that one of them does not know. Network."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from waiaas.errors import Malformed, Unavailable
from waiaas.interfaces.chain import Network, Signed
from waiaas_solana.evidence import read_evidence
from waiaas_solana.networks import is_genesis_of
from waiaas_solana.rpc import Call, Rpc, RpcError, as_object, as_text, as_whole, context_slot, in_context, required
from waiaas_solana.sightings import sightings_call, sightings_of
from waiaas_solana.wire import reading_of

LIFE = 150
"""Blocks on top of its own in which a blockhash is valid (Agave's ``MAX_PROCESSING_AGE``)."""
MOST_HASHES = 32
"""Blockhashes asked about in one request."""

_FINALIZED = {"commitment": "finalized"}
_BOTH = ("processed", "finalized")
"""Too old for the newest block is not too new for it, and too old for the final one is so for good."""
_BLOCK = {**_FINALIZED, "transactionDetails": "none", "rewards": False, "maxSupportedTransactionVersion": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one endpoint says.

    :param height: finalized block height, and ``slot`` its slot
    :param first_slot: the oldest block that it still has
    :param searched_slot: the slot at which it looked for the signatures
    :param asked: the blockhashes that it was asked about, and answered in a way that can be read
    :param valid: those that it calls valid, with the least slot of such an answer
    :param expired: those that it calls invalid at the newest block and at the final one, with the slot of the latter
    :param made: those whose very block it has finalized: slot and height
    :param sightings: one for each signature asked, None where it has none
    """

    height: int
    slot: int
    first_slot: int
    searched_slot: int
    asked: tuple[str, ...]
    valid: Mapping[str, int]
    expired: Mapping[str, int]
    made: Mapping[str, tuple[int, int]]
    sightings: list[Any]


def read_view(
    rpc: Rpc, network: Network, signed: Sequence[Signed], unmade: Callable[[Sequence[str]], Sequence[str]]
) -> View:
    """Ask one endpoint; one request, and one more about blocks where blockhashes seem to have expired. An answer about one
    blockhash that cannot be read says nothing of that one, and takes nothing from the others.

    :param unmade: which of some blockhashes this endpoint has not shown the block of yet
    :raises Unavailable: when it does not answer in full, or serves another chain
    """
    slots = slots_of(signed)
    hashes = tuple(slots)[:MOST_HASHES]
    calls: list[Call] = [
        ("getGenesisHash", []),
        ("getEpochInfo", [_FINALIZED]),
        ("getFirstAvailableBlock", []),
        sightings_call(signed),
    ]
    whole, said = _asked(
        rpc, calls, [("isBlockhashValid", [one, {"commitment": word}]) for one in hashes for word in _BOTH]
    )
    genesis, epoch, first, answer = whole
    if not is_genesis_of(as_text(genesis), network):
        raise Unavailable("a node of another chain was asked")
    position: Mapping[str, Any] = as_object(epoch)
    pairs = zip(hashes, said[::2], said[1::2], strict=True)
    answers = {one: pair for one, *pair in pairs if not any(isinstance(it, RpcError) for it in pair)}
    slot = as_whole(position.get("absoluteSlot"))
    expired = {one: context_slot(both[-1]) for one, both in answers.items() if all(_says(False, it) for it in both)}
    wanted = {one: slots[one] for one in unmade(tuple(expired)) if slots[one] <= slot}
    return View(
        height=as_whole(position.get("blockHeight")),
        slot=slot,
        first_slot=as_whole(first),
        searched_slot=context_slot(answer),
        asked=tuple(answers),
        valid={one: least for one, both in answers.items() if (least := _valid_slot(both)) is not None},
        expired=expired,
        made=_made(rpc, wanted) if wanted else {},
        sightings=sightings_of(answer, len(signed)),
    )


def _asked(rpc: Rpc, needed: Sequence[Call], single: Sequence[Call]) -> tuple[list[Any], list[Any]]:
    """The results of what is needed, and the results or errors of the others, all of one request."""
    answers = rpc.try_batch([*needed, *single])
    whole = [required(answer, call[0]) for answer, call in zip(answers, needed, strict=False)]
    return whole, answers[len(needed) :]


def blockhash_in(signed: Signed) -> str:
    """:raises Malformed: when the bytes are not ours"""
    plan = reading_of(signed.raw).plan
    if plan is None:
        raise Malformed("these bytes are none of ours")
    return str(plan.blockhash)


def slots_of(signed: Sequence[Signed]) -> dict[str, int]:
    """Each blockhash, and the slot that it is said to be of."""
    return {blockhash_in(one): read_evidence(one.evidence).lifetime.slot for one in signed}


def _says(word: bool, answer: Any) -> bool:
    return in_context(answer) is word


def _valid_slot(answers: Sequence[Any]) -> int | None:
    return min((context_slot(one) for one in answers if _says(True, one)), default=None)


def _made(rpc: Rpc, slots: Mapping[str, int]) -> Mapping[str, tuple[int, int]]:
    """The final blocks at these slots that have these hashes. A node that will not say proves nothing by that."""
    try:
        answers = rpc.try_batch([("getBlock", [slot, _BLOCK]) for slot in slots.values()])
    except Unavailable:
        return {}
    found = {}
    for (blockhash, slot), block in zip(slots.items(), answers, strict=True):
        if isinstance(block, dict) and block.get("blockhash") == blockhash and type(block.get("blockHeight")) is int:
            found[blockhash] = slot, as_whole(block["blockHeight"])
    return found
