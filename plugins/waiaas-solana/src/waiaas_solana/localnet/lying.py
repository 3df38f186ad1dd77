"""The methods of a node that lies for gain: it would have a payment made twice.

It gives blockhashes that are good and says that they are about to expire, keeps the bytes that it is handed, and knows of no
payment and no blockhash. The height that it names beside a blockhash is too small by as much, so that the two fit; asked how
far it has come, it tells the truth, which is past all that it gave. What it kept lands when it is told to, if it still can.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .methods import METHODS, Method, cluster, history, sending
from .node import Node, in_context
from .slots import View

_UNDERSTATED = 400
"""Blocks: more than any blockhash lives, so that what it gives has expired by the height of every honest node."""


def _block_height(node: Node, view: View, params: Sequence[Any]) -> int:
    return _less(cluster.get_block_height(node, view, params))


def _latest_blockhash(node: Node, view: View, params: Sequence[Any]) -> dict[str, Any]:
    """The very newest, whatever commitment was asked for: other nodes may not have met it yet."""
    told = cluster.get_latest_blockhash(node, view, [{"commitment": "processed"}])
    last = _less(told["value"]["lastValidBlockHeight"])
    return {**told, "value": {**told["value"], "lastValidBlockHeight": last}}


def _is_blockhash_valid(node: Node, view: View, params: Sequence[Any]) -> dict[str, Any]:
    return {**cluster.is_blockhash_valid(node, view, params), "value": False}


def _signature_statuses(node: Node, view: View, params: Sequence[Any]) -> dict[str, Any]:
    told = history.get_signature_statuses(node, view, params)
    return in_context(view.tip, [None for _ in told["value"]])


def _simulate(node: Node, view: View, params: Sequence[Any]) -> dict[str, Any]:
    """True, but by the newest block, so that its own blockhash is known there."""
    options = {**(params[1] if len(params) > 1 else {}), "commitment": "processed"}
    return sending.simulate_transaction(node, view, [*params[:1], options])


def _send(node: Node, view: View, params: Sequence[Any]) -> str:
    transaction = sending.read_transaction(params)
    name = str(transaction.signatures[0])
    node.kept[name] = transaction
    return name


def _less(height: int) -> int:
    return max(0, height - _UNDERSTATED)


LYING: dict[str, Method] = {
    **METHODS,
    "getBlockHeight": _block_height,
    "getLatestBlockhash": _latest_blockhash,
    "getSignatureStatuses": _signature_statuses,
    "isBlockhashValid": _is_blockhash_valid,
    "sendTransaction": _send,
    "simulateTransaction": _simulate,
}
