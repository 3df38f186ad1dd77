"""Methods about the cluster and its time: health, versions, slots, epochs, blockhashes, fees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from solders.pubkey import Pubkey

from ..blockhashes import GENESIS_HASH, LIFETIME
from ..node import VERSION, Node, in_context
from ..params import argument, blockhash, config, pubkey, slot_at, strings
from ..rpc_errors import behind
from ..slots import FIRST_SLOT, SLOTS_IN_EPOCH, View, block_height

_HEALTHY_DISTANCE = 128  # slots; Agave's --health-check-slot-distance
_FEATURE_SET = 1
_FEE_ACCOUNTS = 128


def get_health(node: Node, view: View, params: Sequence[Any]) -> str:
    """`ok`, or -32005 for a node that lags."""
    check_health(node, view)
    return "ok"


def check_health(node: Node, view: View) -> None:
    """Raise where the node lags further than a node forgives itself."""
    distance = node.slots.now() - view.tip
    if distance > _HEALTHY_DISTANCE:
        raise behind(distance)


def get_version(node: Node, view: View, params: Sequence[Any]) -> dict[str, Any]:
    """The software that this node imitates."""
    return {"feature-set": _FEATURE_SET, "solana-core": VERSION}


def get_genesis_hash(node: Node, view: View, params: Sequence[Any]) -> str:
    """The cluster's name; a fault may make it another's."""
    return node.faults.conditions.genesis_hash or GENESIS_HASH


def get_identity(node: Node, view: View, params: Sequence[Any]) -> dict[str, str]:
    """The node's own address: none that could sign."""
    return {"identity": str(Pubkey.default())}


def get_slot(node: Node, view: View, params: Sequence[Any]) -> int:
    """The newest slot of a commitment."""
    return slot_at(view, config(params, 0))


def get_block_height(node: Node, view: View, params: Sequence[Any]) -> int:
    """The height of the newest block of a commitment."""
    return block_height(slot_at(view, config(params, 0)))


def get_epoch_info(node: Node, view: View, params: Sequence[Any]) -> dict[str, int]:
    """Where in its epoch the chain is."""
    slot = slot_at(view, config(params, 0))
    return {
        "absoluteSlot": slot,
        "blockHeight": block_height(slot),
        "epoch": slot // SLOTS_IN_EPOCH,
        "slotIndex": slot % SLOTS_IN_EPOCH,
        "slotsInEpoch": SLOTS_IN_EPOCH,
        "transactionCount": node.ledger.count_until(slot),
    }


def get_epoch_schedule(node: Node, view: View, params: Sequence[Any]) -> dict[str, Any]:
    """Epochs of one length, from the first on."""
    return {
        "firstNormalEpoch": 0,
        "firstNormalSlot": 0,
        "leaderScheduleSlotOffset": SLOTS_IN_EPOCH,
        "slotsPerEpoch": SLOTS_IN_EPOCH,
        "warmup": False,
    }


def get_transaction_count(node: Node, view: View, params: Sequence[Any]) -> int:
    """How many transactions landed."""
    return node.ledger.count_until(slot_at(view, config(params, 0)))


def get_first_available_block(node: Node, view: View, params: Sequence[Any]) -> int:
    """The oldest block that is still known."""
    return node.oldest_slot()


def get_latest_blockhash(node: Node, view: View, params: Sequence[Any]) -> dict[str, Any]:
    """The newest blockhash of a commitment and the last height at which it is accepted."""
    slot = slot_at(view, config(params, 0))
    return in_context(slot, blockhash_json(node, slot))


def blockhash_json(node: Node, slot: int) -> dict[str, Any]:
    """A slot's blockhash and its last valid height."""
    return {"blockhash": str(node.hashes.at(slot)), "lastValidBlockHeight": block_height(slot) + LIFETIME}


def is_blockhash_valid(node: Node, view: View, params: Sequence[Any]) -> dict[str, Any]:
    """Whether the newest block of a commitment accepts a blockhash."""
    wanted = blockhash(argument(params, 0))
    slot = slot_at(view, config(params, 1))
    return in_context(slot, node.hashes.is_valid(wanted, slot))


def get_recent_prioritization_fees(node: Node, view: View, params: Sequence[Any]) -> list[dict[str, int]]:
    """What recent blocks asked for a compute unit, in micro-lamports: what the test has set."""
    for address in strings(params[0] if params and params[0] is not None else [], _FEE_ACCOUNTS):
        pubkey(address)
    fee = node.faults.conditions.prioritization_fee
    oldest = max(FIRST_SLOT, view.tip - LIFETIME + 1)
    return [{"slot": slot, "prioritizationFee": fee} for slot in range(oldest, view.tip + 1)]
