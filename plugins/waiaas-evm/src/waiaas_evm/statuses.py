"""How far signed bytes have come. Network: one request for what is in a block, a second for what may be final or is not there.

FINAL: the receipt's block is at or below the newest final one, and the node names that very block at that height. A block that
vanishes takes its receipt with it: the bytes are UNSEEN, or back in the POOL. DEAD is for :mod:`waiaas_evm.death` to prove.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from waiaas.errors import Unavailable
from waiaas.interfaces.chain import Amount, Network, Phase, Signed, Status
from waiaas_evm.death import proven_dead
from waiaas_evm.final_count import final_block
from waiaas_evm.questions import HEIGHT, count_call, final_call, read_final_height
from waiaas_evm.receipts import Bytes, Receipt, is_pooled, read_bytes, read_receipt
from waiaas_evm.reverts import revert_data
from waiaas_evm.rpc import Call, Rpc, RpcError, as_hash, as_object, as_quantity
from waiaas_evm.simulating import replay_call, why_failed
from waiaas_evm.traits import Traits

MOST_AT_ONCE = 90
"""Receipts asked for in one request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _More:
    """What the second request said. :param blocks: hash by height; :param counts: at finality, by sender"""

    blocks: Mapping[int, str | None]
    pooled: Mapping[str, bool]
    counts: Mapping[str, int]


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
        calls = [final_call(self._traits.finality), HEIGHT, *(_receipt_call(one) for one in asked)]
        final, newest, *answers = self._rpc.batch(calls)
        final_height = read_final_height(final, self._traits.finality)
        receipts = [read_receipt(answer, one) for answer, one in zip(answers, asked, strict=True)]
        more = self._more(asked, receipts, final_height, as_quantity(newest))
        reasons = self._reasons(asked, receipts)
        statuses = [
            self._status(one, receipt, more, final_height, reasons.get(one.tx_hash))
            for one, receipt in zip(asked, receipts, strict=True)
        ]
        return self._with_dead(asked, statuses, more)

    def _more(
        self, asked: Sequence[Bytes], receipts: Sequence[Receipt | None], final_height: int, newest: int
    ) -> _More:
        missing = [one for one, receipt in zip(asked, receipts, strict=True) if receipt is None]
        heights = sorted({one.height for one in receipts if one is not None and one.height <= final_height})
        block = final_block(self._traits.finality, newest) if final_height >= 0 else None
        senders = sorted({one.sender for one in missing}) if block is not None else []
        calls: list[Call] = [("eth_getBlockByNumber", [hex(height), False]) for height in heights]
        calls += [("eth_getTransactionByHash", [one.tx_hash]) for one in missing]
        calls += [count_call(sender, block) for sender in senders if block is not None]
        answers = iter(self._rpc.batch(calls) if calls else [])
        return _More(
            blocks={height: _hash_of(next(answers)) for height in heights},
            pooled={one.tx_hash: is_pooled(next(answers), one) for one in missing},
            counts={sender: as_quantity(next(answers)) for sender in senders},
        )

    def _status(
        self, one: Bytes, receipt: Receipt | None, more: _More, final_height: int, reason: str | None
    ) -> Status:
        if receipt is None:
            return Status(phase=Phase.POOL if more.pooled[one.tx_hash] else Phase.UNSEEN)
        is_final = receipt.height <= final_height and more.blocks[receipt.height] == receipt.block
        return Status(
            phase=Phase.FINAL if is_final else Phase.INCLUDED,
            ok=receipt.ok,
            height=receipt.height,
            block_id=receipt.block,
            fee_paid=Amount(asset=self._network.native.id, units=receipt.fee),
            reason=reason,
        )

    def _reasons(self, asked: Sequence[Bytes], receipts: Sequence[Receipt | None]) -> Mapping[str, str]:
        """Why those failed that did: the same call, on the state before its block and, if that would do, after it."""
        failed = [
            (one, receipt)
            for one, receipt in zip(asked, receipts, strict=True)
            if receipt is not None and not receipt.ok
        ]
        if not failed:
            return {}
        calls = [
            replay_call(one.tx, one.sender, hex(max(0, receipt.height - before)))
            for one, receipt in failed
            for before in (1, 0)
        ]
        answers = self._rpc.try_batch(calls)
        return {
            one.tx_hash: _reason(answers[2 * index : 2 * index + 2], receipt)
            for index, (one, receipt) in enumerate(failed)
        }

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
                    statuses[index] = Status(phase=Phase.DEAD, proof=proof)
        return statuses


def _receipt_call(one: Bytes) -> Call:
    return "eth_getTransactionReceipt", [one.tx_hash]


def _hash_of(block: Any) -> str | None:
    return None if block is None else as_hash(as_object(block).get("hash"))


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
