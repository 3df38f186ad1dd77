"""The proof that bytes can never land: their nonce belongs to another transaction, and that is final. Network.

Silence proves nothing, and nothing that one endpoint said is held against another. **Every** configured endpoint, each of the
right chain, must count more transactions of the account than the nonce in a block that it calls final, must have no receipt of
the bytes in an answer that is not older than that block, and must still keep the receipts of the time since the bytes were
made, by its own blocks' time: a node that has thrown those away would not know that they landed.
A lagging, pruned, forked or absent node proves nothing: the bytes stay UNSEEN, and count as spent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from waiaas.errors import Unavailable
from waiaas_evm.history import keeps_receipts
from waiaas_evm.questions import CHAIN, HEIGHT, count_call, final_call, read_final_height, same_chain
from waiaas_evm.receipts import Bytes
from waiaas_evm.rpc import Call, Rpc, RpcError, as_quantity, required
from waiaas_evm.traits import Finality, Traits

_MOST_AT_ONCE = 48
"""Of each the count and the receipt, and the height of whoever said so, in one request: several may be answered by several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """What one endpoint says. :param absent: for each, whether it knows nothing of it and counts past its nonce"""

    final_height: int
    absent: list[bool]


def proven_dead(rpc: Rpc, traits: Traits, asked: Sequence[Bytes]) -> list[str | None]:
    """A proof for each that is dead, in order; None for all others. Two requests to each endpoint, and where it may have
    thrown something away two more."""
    try:
        views = [_view(endpoint, traits, asked) for endpoint in rpc.each()]
    except Unavailable:
        # an endpoint that cannot be asked proves nothing, and takes nothing back either
        return [None for _ in asked]
    return [_proof(views, index, one) for index, one in enumerate(asked)]


def _view(rpc: Rpc, traits: Traits, asked: Sequence[Bytes]) -> _View:
    finality = _settled(traits.finality)
    chain, final = rpc.batch([CHAIN, final_call(finality)])
    same_chain(chain, traits.number)
    final_height = read_final_height(final, finality)
    if final_height < 0:
        return _View(final_height=final_height, absent=[False for _ in asked])
    groups = [asked[start : start + _MOST_AT_ONCE] for start in range(0, len(asked), _MOST_AT_ONCE)]
    absent = [one for group in groups for one in _absent(rpc, final_height, group)]
    if not traits.keeps_everything:
        gone = [one for one, is_absent in zip(asked, absent, strict=True) if is_absent]
        kept = {one.tx_hash for one in _kept(rpc, gone, final_height)}
        absent = [one.tx_hash in kept for one in asked]
    return _View(final_height=final_height, absent=absent)


def _kept(rpc: Rpc, gone: Sequence[Bytes], final_height: int) -> Sequence[Bytes]:
    """Those since whose making the node keeps receipts: one that is older, or said to be, holds up no younger one's proof.

    Where it does not keep those since the oldest, the younger half is asked about alone: a few requests more.
    """
    young = sorted(gone, key=lambda one: one.evidence.height)
    first, end = 0, len(young)
    while first < end and not keeps_receipts(rpc, young[first:], final_height):
        first += (end - first + 1) // 2
    return young[first:]


def _settled(finality: Finality) -> Finality:
    """Final, and at least one block old: a node counts what is in the block that it is making before it has the receipts."""
    return finality if finality.tag is not None else replace(finality, depth=max(1, finality.depth))


def _absent(rpc: Rpc, final_height: int, asked: Sequence[Bytes]) -> list[bool]:
    """For each whether the node has no receipt of it and counts past its nonce, in the very block that it called final: behind
    its address may stand several nodes, and whoever answers now must have come as far."""
    calls: list[Call] = [count_call(one.sender, hex(final_height)) for one in asked]
    calls += [("eth_getTransactionReceipt", [one.tx_hash]) for one in asked]
    *answers, height = rpc.try_batch([*calls, HEIGHT])
    is_fresh = as_quantity(required(height, HEIGHT[0])) >= final_height
    return [
        is_fresh and _is_outrun(count, one) and _is_missing(receipt)
        for one, count, receipt in zip(asked, answers[: len(asked)], answers[len(asked) :], strict=True)
    ]


def _is_outrun(count: Any, one: Bytes) -> bool:
    """Whether the nonce is another's. What cannot be read proves nothing, of these bytes alone."""
    return not isinstance(count, RpcError) and as_quantity(count) > one.tx.nonce


def _is_missing(receipt: Any) -> bool:
    """Anything at all that a node has of it is a receipt here, whether or not it can be read."""
    return receipt is None


def _proof(views: Sequence[_View], index: int, one: Bytes) -> str | None:
    if not views or not all(view.absent[index] for view in views):
        return None
    height = min(view.final_height for view in views)
    return (
        f"at final height {height} nonce {one.tx.nonce} belongs to another transaction, and {len(views)} endpoint(s) have no "
        f"receipt of this one since height {one.evidence.height}"
    )
