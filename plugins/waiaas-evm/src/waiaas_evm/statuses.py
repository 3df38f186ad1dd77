"""How far signed bytes have come. Network: one request for what is in a block, a second for what may be final or is not there.

FINAL: the receipt's block is at or below the newest final one, and the node names that very block at that height. A block that
vanishes takes its receipt with it: the bytes are UNSEEN, or back in the POOL. DEAD is for :mod:`waiaas_evm.death` to prove.
Each is judged by its own answer: one that cannot be read, or does not fit the bytes, makes these bytes UNKNOWN and no others.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from waiaas.errors import Unavailable
from waiaas.interfaces.chain import Amount, Network, Phase, Signed, Status
from waiaas_evm.death import proven_dead
from waiaas_evm.decode import claim_of
from waiaas_evm.final_count import final_block
from waiaas_evm.questions import HEIGHT, count_call, final_call, read_final_height
from waiaas_evm.receipts import Bytes, Receipt, is_pending, is_pooled, read_bytes, read_receipt
from waiaas_evm.reverts import revert_data
from waiaas_evm.rpc import Call, Rpc, RpcError, as_hash, as_object, as_quantity, required
from waiaas_evm.simulating import replay_call, why_failed
from waiaas_evm.traits import Traits

K = TypeVar("K")
T = TypeVar("T")

_PHASES = {True: Phase.POOL, False: Phase.UNSEEN, None: Phase.UNKNOWN}
"""By whether the node has the transaction; None where it does not say."""
MOST_AT_ONCE = 90
"""Receipts asked for in one request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """:param base: its base fee; None where it has none"""

    hash: str
    base: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _More:
    """What the second request said, as far as it can be read.

    :param blocks: by height; :param pooled: by hash; :param counts: at finality, by sender
    """

    blocks: Mapping[int, _Block]
    pooled: Mapping[str, bool]
    counts: Mapping[str, int]


_Read = Receipt | Unavailable | None
"""A receipt, why there is none that can be read, or none."""


def read_statuses(rpc: Rpc, network: Network, traits: Traits, signed: Sequence[Signed]) -> list[Status]:
    """One status for each, in order.

    :raises Unavailable: when no node answered
    :raises Malformed: when what is asked about is not ours
    """
    asked = [read_bytes(one, traits) for one in signed]
    found: list[Status] = []
    for start in range(0, len(asked), MOST_AT_ONCE):
        found += _Look(rpc, network, traits).statuses(asked[start : start + MOST_AT_ONCE])
    return found


class _Look:
    """One look at some of them."""

    def __init__(self, rpc: Rpc, network: Network, traits: Traits) -> None:
        self._rpc = rpc
        self._network = network
        self._traits = traits

    def statuses(self, asked: Sequence[Bytes]) -> list[Status]:
        """One status for each, in order."""
        final, newest, *answers = self._rpc.try_batch(
            [final_call(self._traits.finality), HEIGHT, *(_receipt_call(one) for one in asked)]
        )
        final_height = read_final_height(final, self._traits.finality)
        receipts = [_receipt(answer, one) for answer, one in zip(answers, asked, strict=True)]
        more = self._more(asked, receipts, final_height, as_quantity(required(newest, HEIGHT[0])))
        reasons = self._reasons(asked, receipts)
        statuses = [
            self._status(one, receipt, more, final_height, reasons.get(one.tx_hash))
            for one, receipt in zip(asked, receipts, strict=True)
        ]
        return self._with_dead(asked, statuses, more)

    def _more(self, asked: Sequence[Bytes], receipts: Sequence[_Read], final_height: int, newest: int) -> _More:
        missing = [one for one, receipt in zip(asked, receipts, strict=True) if receipt is None]
        heights = sorted({one.height for one in receipts if isinstance(one, Receipt) and one.height <= final_height})
        block = final_block(self._traits.finality, newest) if final_height >= 0 else None
        senders = sorted({one.sender for one in missing}) if block is not None else []
        calls: list[Call] = [("eth_getBlockByNumber", [hex(height), False]) for height in heights]
        calls += [("eth_getTransactionByHash", [one.tx_hash]) for one in missing]
        calls += [count_call(sender, block) for sender in senders if block is not None]
        answers = iter(self._rpc.try_batch(calls) if calls else [])
        return _More(
            blocks=_readable((height, next(answers), _block) for height in heights),
            pooled=_readable((one.tx_hash, next(answers), partial(is_pooled, of=one)) for one in missing),
            counts=_readable((sender, next(answers), as_quantity) for sender in senders),
        )

    def _status(self, one: Bytes, receipt: _Read, more: _More, final_height: int, reason: str | None) -> Status:
        if isinstance(receipt, Unavailable):
            return Status(phase=Phase.UNKNOWN, reason=receipt.message)
        if receipt is None:
            return Status(phase=_PHASES[more.pooled.get(one.tx_hash)])
        block = more.blocks.get(receipt.height) if receipt.height <= final_height else None
        if block is not None and block.base is not None and receipt.price is not None and receipt.price < block.base:
            return Status(phase=Phase.UNKNOWN, reason="the node's receipt names a price below its block's base fee")
        return Status(
            phase=Phase.FINAL if block is not None and block.hash == receipt.block else Phase.INCLUDED,
            ok=receipt.ok,
            height=receipt.height,
            block_id=receipt.block,
            fee_paid=None if receipt.fee is None else Amount(asset=self._network.native.id, units=receipt.fee),
            reason=reason,
        )

    def _reasons(self, asked: Sequence[Bytes], receipts: Sequence[_Read]) -> Mapping[str, str]:
        """Why those failed that did: the same call, on the state before its block and, if that would do, after it."""
        failed = [
            (one, receipt)
            for one, receipt in zip(asked, receipts, strict=True)
            if isinstance(receipt, Receipt) and not receipt.ok
        ]
        calls = [
            replay_call(one.tx, one.sender, hex(max(0, receipt.height - before)))
            for one, receipt in failed
            for before in (1, 0)
        ]
        answers = self._replayed(calls)
        return {
            one.tx_hash: _reason(answers[2 * index : 2 * index + 2], receipt)
            for index, (one, receipt) in enumerate(failed)
        }

    def _replayed(self, calls: Sequence[Call]) -> list[Any]:
        """None for each where the node cannot say: why one failed holds up nobody's end."""
        try:
            return self._rpc.try_batch(calls)
        except Unavailable:
            return [None for _ in calls]

    def _with_dead(self, asked: Sequence[Bytes], statuses: list[Status], more: _More) -> list[Status]:
        outrun = [
            index
            for index, one in enumerate(asked)
            if statuses[index].phase in (Phase.UNSEEN, Phase.POOL) and more.counts.get(one.sender, 0) > one.tx.nonce
        ]
        if outrun:
            proofs = proven_dead(self._rpc, self._traits, [asked[index] for index in outrun])
            for index, proof in zip(outrun, proofs, strict=True):
                if proof is not None:
                    statuses[index] = Status(phase=Phase.DEAD, proof=proof, used=claim_of(asked[index].tx))
        return statuses


def _receipt_call(one: Bytes) -> Call:
    return "eth_getTransactionReceipt", [one.tx_hash]


def _receipt(answer: Any, one: Bytes) -> _Read:
    try:
        found = required(answer, "eth_getTransactionReceipt")
        return None if is_pending(found) else read_receipt(found, one)
    except Unavailable as problem:
        return problem


def _block(answer: Any) -> _Block:
    fields = as_object(answer)
    base = fields.get("baseFeePerGas")
    return _Block(hash=as_hash(fields.get("hash")), base=None if base is None else as_quantity(base))


def _readable(said: Iterable[tuple[K, Any, Callable[[Any], T]]]) -> dict[K, T]:
    """Of answers with their keys and readings those that can be read."""
    found: dict[K, T] = {}
    for key, answer, read in said:
        with suppress(Unavailable):
            found[key] = read(required(answer, "the call"))
    return found


def _reason(replays: Sequence[Any], receipt: Receipt) -> str:
    if receipt.used_all:
        return "the transaction ran out of gas"
    for replay in replays:
        if isinstance(replay, RpcError) and revert_data(replay) is not None:
            return _in_words(replay)
    return "the transaction was refused when it was run"


def _in_words(error: RpcError) -> str:
    try:
        return why_failed(error)
    except Unavailable:
        return "the transaction was refused when it was run"
