"""The proof that bytes can never land: their nonce belongs to another transaction, and that is final. Network.

Silence proves nothing. **Every** configured endpoint, each of the right chain, must count more transactions of the account at
finality than the nonce, must have no receipt of the bytes in an answer that is not older than its finality, and must still keep
the receipts of the time since the bytes were made: a node that has thrown those away would not know that they landed.
A lagging, pruned, forked or absent node proves nothing: the bytes stay UNSEEN, and count as spent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from waiaas.errors import Unavailable
from waiaas_evm.final_count import final_block
from waiaas_evm.questions import CHAIN, HEIGHT, count_call, final_call, read_final_height, same_chain
from waiaas_evm.receipts import Bytes, read_receipt
from waiaas_evm.rpc import Call, Rpc, as_hash, as_list, as_object, as_quantity
from waiaas_evm.traits import Finality, Traits

_MOST_AT_ONCE, _MOST_SEARCHED = 64, 1024
"""Blocks after the bytes were made that are searched for one with a transaction: the first, unless the chain is quiet."""


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
    chain, newest, final = rpc.batch([CHAIN, HEIGHT, final_call(finality)])
    same_chain(chain, traits.number)
    final_height = read_final_height(final, finality)
    block = final_block(finality, as_quantity(newest))
    first = min(one.evidence.height for one in asked) + 1
    if block is None or final_height < first:
        return _View(final_height=final_height, absent=[False for _ in asked])
    is_whole = traits.keeps_everything or _keeps_receipts(rpc, first, final_height)
    counts, receipts, searched = _searched(rpc, block, asked)
    is_fresh = searched >= final_height
    absent = [
        is_whole and is_fresh and count > one.tx.nonce and receipt is None
        for one, count, receipt in zip(asked, counts, receipts, strict=True)
    ]
    return _View(final_height=final_height, absent=absent)


def _settled(finality: Finality) -> Finality:
    """Final, and at least one block old: a node counts what is in the block that it is making before it has the receipts."""
    return finality if finality.tag is not None else replace(finality, depth=max(1, finality.depth))


def _searched(rpc: Rpc, block: str, asked: Sequence[Bytes]) -> tuple[list[int], list[Any], int]:
    """The count at finality and the receipt of each, and the height of the node that said so."""
    calls: list[Call] = [count_call(one.sender, block) for one in asked]
    calls += [("eth_getTransactionReceipt", [one.tx_hash]) for one in asked]
    *answers, height = rpc.batch([*calls, HEIGHT])
    counts = [as_quantity(answer) for answer in answers[: len(asked)]]
    receipts = [read_receipt(answer, one) for answer, one in zip(answers[len(asked) :], asked, strict=True)]
    return counts, receipts, as_quantity(height)


def _keeps_receipts(rpc: Rpc, first: int, final_height: int) -> bool:
    """Whether a node has the receipt of the first transaction in the blocks after the bytes were made."""
    start, count = first, 1
    while start <= final_height and start < first + _MOST_SEARCHED:
        stop = min(start + count, final_height + 1)
        calls: list[Call] = [("eth_getBlockByNumber", [hex(height), False]) for height in range(start, stop)]
        for block in rpc.batch(calls):
            if block is None:
                return False
            hashes = as_list(as_object(block).get("transactions"))
            if hashes:
                return _has_receipt(rpc, as_hash(hashes[0]))
        start, count = stop, min(4 * count, _MOST_AT_ONCE)
    return False


def _has_receipt(rpc: Rpc, tx_hash: str) -> bool:
    (receipt,) = rpc.batch([("eth_getTransactionReceipt", [tx_hash])])
    return receipt is not None and as_hash(as_object(receipt).get("transactionHash")) == tx_hash


def _proof(views: Sequence[_View], index: int, one: Bytes) -> str | None:
    if not views or not all(view.absent[index] for view in views):
        return None
    height = min(view.final_height for view in views)
    return (
        f"at final height {height} nonce {one.tx.nonce} belongs to another transaction, and {len(views)} endpoint(s) have no "
        f"receipt of this one since height {one.evidence.height}"
    )
