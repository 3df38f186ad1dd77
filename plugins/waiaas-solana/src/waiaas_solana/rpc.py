"""Solana's JSON-RPC: what each method answers, and the reading of its values. Answers are believed only in shape."""

from collections.abc import Mapping
from typing import Any

from waiaas.errors import Unavailable
from waiaas.interfaces.chain import Http
from waiaas.interfaces.json_rpc import Call, JsonRpc, RpcError, Shapes, required
from waiaas.interfaces.json_rpc_errors import SOLANA

__all__ = [
    "Call",
    "Rpc",
    "RpcError",
    "as_list",
    "as_object",
    "as_text",
    "as_whole",
    "context_slot",
    "in_context",
    "required",
    "rpc_over",
]

Rpc = JsonRpc

_U64 = 1 << 64


def rpc_over(http: Http) -> Rpc:
    """The endpoints of one network."""
    return JsonRpc(http, SOLANA, _SHAPES)


# --- shapes: each returns what it was given, or says that the answer cannot be read ---------------------------------------


def as_object(value: Any) -> Mapping[str, Any]:
    """A JSON object. :raises Unavailable: otherwise"""
    if not isinstance(value, dict):  # as parsed: a check against the abstract kind costs five times as much
        raise _unreadable()
    return value


def as_list(value: Any) -> list[Any]:
    """A JSON array. :raises Unavailable: otherwise"""
    if not isinstance(value, list):
        raise _unreadable()
    return value


def as_whole(value: Any) -> int:
    """An integer of 64 bits without a sign; booleans and floats are none. :raises Unavailable: otherwise"""
    if type(value) is not int or not 0 <= value < _U64:
        raise _unreadable()
    return value


def as_text(value: Any) -> str:
    """A string of at most 4096 characters. :raises Unavailable: otherwise"""
    if not isinstance(value, str) or len(value) > 4096:
        raise _unreadable()
    return value


def context_slot(value: Any) -> int:
    """The slot at which an answer with a context was given. :raises Unavailable: when it has none"""
    return as_whole(as_object(as_object(value).get("context")).get("slot"))


def in_context(value: Any) -> Any:
    """The value of an answer with a context. :raises Unavailable: when it has none"""
    return as_object(value).get("value")


def _unreadable() -> Unavailable:
    return Unavailable("the node's answer cannot be read")


def _said(value: Any) -> None:
    """Yes or no, with its context."""
    if not isinstance(in_context(value), bool):
        raise _unreadable()


_SHAPES: Shapes = {
    "getBalance": lambda value: as_whole(in_context(value)),
    "getMultipleAccounts": lambda value: as_list(in_context(value)),
    "getTokenAccountsByOwner": lambda value: as_list(in_context(value)),
    "getSignatureStatuses": lambda value: as_list(in_context(value)),
    "getLatestBlockhash": lambda value: as_object(in_context(value)),
    "simulateTransaction": lambda value: as_object(in_context(value)),
    "isBlockhashValid": _said,
    "getMinimumBalanceForRentExemption": as_whole,
    "getRecentPrioritizationFees": as_list,
    "getEpochInfo": as_object,
    "getGenesisHash": as_text,
    "getFirstAvailableBlock": as_whole,
    "getBlockHeight": as_whole,
    "getSlot": as_whole,
    "getBlockTime": as_whole,
    "sendTransaction": as_text,
    "requestAirdrop": as_text,
}
