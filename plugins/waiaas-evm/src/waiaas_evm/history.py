"""Whether a node still keeps the receipts of the time since bytes were made. Network; asked for a proof of death alone.

At which height they were made is the word of the one node that gave it, and says only where to begin: the block of that height
must be, by this node's own account, no younger than the bytes. Where it is younger, an older one is looked for.
"""

from collections.abc import Sequence

from waiaas_evm.receipts import Bytes
from waiaas_evm.rpc import Call, Rpc, as_hash, as_list, as_object, as_quantity

_CLOCKS_SECONDS = 600
"""By so much the machine's time may be before a block's; payments wait where the two disagree by half of it."""
_FIRST_STEP, _STEPS = 64, 4
"""Blocks to go back at first where one is too young, and by how much further each time."""
_MOST_AT_ONCE, _MOST_SEARCHED = 64, 1024
"""Blocks after the bytes were made that are searched for one with a transaction: the first, unless the chain is quiet."""


def keeps_receipts(rpc: Rpc, asked: Sequence[Bytes], final_height: int) -> bool:
    """Whether a node has the receipt of the first transaction in the blocks after the oldest of the bytes was made.

    :raises Unavailable: when it cannot be asked
    """
    first = _first(rpc, asked, final_height)
    start, count = first, 1
    while start is not None and first is not None and start <= final_height and start < first + _MOST_SEARCHED:
        stop = min(start + count, final_height + 1)
        calls: list[Call] = [_block_call(height) for height in range(start, stop)]
        for block in rpc.batch(calls):
            if block is None:
                return False
            hashes = as_list(as_object(block).get("transactions"))
            if hashes:
                return _has_receipt(rpc, as_hash(hashes[0]))
        start, count = stop, min(4 * count, _MOST_AT_ONCE)
    return False


def _first(rpc: Rpc, asked: Sequence[Bytes], final_height: int) -> int | None:
    """The height to begin at; None where the node does not have that block."""
    height = min(final_height, min(one.evidence.height for one in asked) + 1)
    times = [one.evidence.made for one in asked if one.evidence.made is not None]
    if not times:
        return height  # stored before the time was
    step = _FIRST_STEP
    while True:
        (block,) = rpc.batch([_block_call(height)])
        if block is None:
            return None
        if height == 0 or as_quantity(as_object(block).get("timestamp")) <= min(times) + _CLOCKS_SECONDS:
            return height
        height, step = max(0, height - step), step * _STEPS


def _has_receipt(rpc: Rpc, tx_hash: str) -> bool:
    (receipt,) = rpc.batch([("eth_getTransactionReceipt", [tx_hash])])
    return receipt is not None and as_hash(as_object(receipt).get("transactionHash")) == tx_hash


def _block_call(height: int) -> Call:
    return "eth_getBlockByNumber", [hex(height), False]
