"""Methods about what landed: statuses, transactions, blocks.

A call sees what its node's moment and its commitment let it see; what lies before the history floor is pruned.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from ..landed import Landed, memos
from ..node import Node, in_context
from ..params import (
    argument,
    config,
    flag,
    integer,
    lasting_commitment,
    pubkey,
    signature,
    slot_at,
    strings,
    whole,
)
from ..rpc_errors import BLOCK_CLEANED_UP, BLOCK_NOT_AVAILABLE, RpcError, invalid_params
from ..slots import View, block_height
from ..transactions_json import landed_json

_STATUS_SLOTS = 300  # slots that the status cache covers (MAX_CACHE_ENTRIES)
_MAX_STATUSES = 256
_MAX_SIGNATURES = 1_000
_MAX_BLOCKS = 500_000
_USUAL_SLOT_SECONDS = 0.4


def get_signature_statuses(node: Node, view: View, params: Sequence[Any]) -> dict[str, Any]:
    """How far each transaction got; null for one unseen. Old ones are looked up only when asked for."""
    wanted = [signature(one) for one in strings(argument(params, 0), _MAX_STATUSES)]
    searches = flag(config(params, 1), "searchTransactionHistory")
    oldest = node.oldest_slot() if searches else max(node.oldest_slot(), view.tip - _STATUS_SLOTS)
    found = (node.ledger.find(one) for one in wanted)
    statuses = [_status(view, one) if one and oldest <= one.slot <= view.tip else None for one in found]
    return in_context(view.tip, statuses)


def _status(view: View, landed: Landed) -> dict[str, Any]:
    reached = view.commitment_of(landed.slot)
    return {
        "confirmationStatus": reached,
        "confirmations": None if reached == "finalized" else view.tip - landed.slot,
        "err": landed.error,
        "slot": landed.slot,
        "status": {"Ok": None} if landed.error is None else {"Err": landed.error},
    }


def get_transaction(node: Node, view: View, params: Sequence[Any]) -> dict[str, Any] | None:
    """A transaction with its meta, null where it is unseen at the commitment."""
    landed = node.ledger.find(signature(argument(params, 0)))
    options = _encoding_config(params)
    newest = view.slot(lasting_commitment(options))
    if landed is None or not node.oldest_slot() <= landed.slot <= newest:
        return None
    body = landed_json(landed, options.get("encoding") or "json", _max_version(options))
    return body | {"slot": landed.slot, "blockTime": landed.block_time}


def get_signatures_for_address(node: Node, view: View, params: Sequence[Any]) -> list[dict[str, Any]]:
    """The transactions that name an address, newest first."""
    address = str(pubkey(argument(params, 0)))
    options = config(params, 1)
    newest = slot_at(view, options | {"commitment": lasting_commitment(options)})
    limit = integer(options, "limit", _MAX_SIGNATURES)
    if not 1 <= limit <= _MAX_SIGNATURES:
        raise invalid_params(f"Invalid limit; max {_MAX_SIGNATURES}")
    rows = [one for one in node.ledger.of_address(address) if node.oldest_slot() <= one.slot <= newest]
    rows = _between(rows[::-1], options.get("before"), options.get("until"))
    return [_listed(view, one) for one in rows[:limit]]


def _between(rows: list[Landed], before: Any, until: Any) -> list[Landed]:
    """The rows after `before` (itself left out) and ahead of `until` (left out too); rows are newest first."""
    names = [one.signature for one in rows]
    if before is not None:
        wanted = signature(before)
        start = names.index(wanted) + 1 if wanted in names else len(names)
        names, rows = names[start:], rows[start:]
    if until is not None and signature(until) in names:
        rows = rows[: names.index(signature(until))]
    return rows


def _listed(view: View, landed: Landed) -> dict[str, Any]:
    texts = [f"[{len(memo)}] {memo.decode('utf-8', 'replace')}" for memo in memos(landed)]
    return {
        "blockTime": landed.block_time,
        "confirmationStatus": view.commitment_of(landed.slot),
        "err": landed.error,
        "memo": "; ".join(texts) or None,
        "signature": landed.signature,
        "slot": landed.slot,
    }


def get_block(node: Node, view: View, params: Sequence[Any]) -> dict[str, Any]:
    """A block; each slot since the first has one."""
    slot = whole(params, 0)
    options = _encoding_config(params)
    _check_block(node, view.slot(lasting_commitment(options)), slot)
    landed = node.ledger.in_slot(slot)
    body: dict[str, Any] = {
        "blockHeight": block_height(slot),
        "blockTime": _block_time(node, view, slot),
        "blockhash": str(node.hashes.at(slot)),
        "parentSlot": slot - 1,
        "previousBlockhash": str(node.hashes.at(slot - 1)),
    }
    details = options.get("transactionDetails") or "full"
    if details == "full":
        encoding, version = options.get("encoding") or "json", _max_version(options)
        body["transactions"] = [landed_json(one, encoding, version) for one in landed]
    elif details == "signatures":
        body["signatures"] = [one.signature for one in landed]
    elif details != "none":
        raise invalid_params("Invalid params: transactionDetails of this node: full, signatures, none.")
    return body if options.get("rewards") is False else body | {"rewards": []}


def get_blocks(node: Node, view: View, params: Sequence[Any]) -> list[int]:
    """The slots that have a block, both ends included."""
    start = whole(params, 0)
    has_end = len(params) > 1 and type(params[1]) is int
    newest = view.slot(lasting_commitment(config(params, 2 if has_end or len(params) > 2 else 1)))
    end = min(whole(params, 1), newest) if has_end else newest
    if end - start > _MAX_BLOCKS:
        raise invalid_params(f"Slot range too large; max {_MAX_BLOCKS}")
    return list(range(max(start, node.oldest_slot()), end + 1))


def get_block_time(node: Node, view: View, params: Sequence[Any]) -> int:
    """When a block was made, Unix seconds."""
    slot = whole(params, 0)
    _check_block(node, view.tip, slot)
    return _block_time(node, view, slot)


def _block_time(node: Node, view: View, slot: int) -> int:
    landed = node.ledger.in_slot(slot)
    if landed:
        return landed[0].block_time
    return int(time.time() - (view.tip - slot) * (node.slots.seconds or _USUAL_SLOT_SECONDS))


def _check_block(node: Node, newest: int, slot: int) -> None:
    oldest = node.oldest_slot()
    if slot > newest:
        raise RpcError(BLOCK_NOT_AVAILABLE, f"Block not available for slot {slot}")
    if slot < oldest:
        message = f"Block {slot} cleaned up, does not exist on node. First available block: {oldest}"
        raise RpcError(BLOCK_CLEANED_UP, message, {"firstAvailableBlock": oldest})


def _encoding_config(params: Sequence[Any]) -> dict[str, Any]:
    """The second parameter: an object, or an encoding alone as in the first versions of the RPC."""
    if len(params) > 1 and isinstance(params[1], str):
        return {"encoding": params[1]}
    return config(params, 1)


def _max_version(options: dict[str, Any]) -> int | None:
    return (
        None
        if options.get("maxSupportedTransactionVersion") is None
        else integer(options, "maxSupportedTransactionVersion", 0, 255)
    )
