"""Ethereum's JSON-RPC: what each method answers, and the reading of its values. Answers are believed only in shape."""

import re
from collections.abc import Mapping
from typing import Any

from waiaas.errors import Unavailable
from waiaas.interfaces.chain import Http
from waiaas.interfaces.json_rpc import Call, JsonRpc, RpcError, Shapes, required
from waiaas.interfaces.json_rpc_errors import EVM

__all__ = [
    "Call",
    "Rpc",
    "RpcError",
    "as_data",
    "as_hash",
    "as_list",
    "as_object",
    "as_quantity",
    "required",
    "rpc_over",
]

Rpc = JsonRpc

_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}", re.ASCII)
_DATA = re.compile(r"0x(?:[0-9a-fA-F]{2})*", re.ASCII)
_HASH = re.compile(r"0x[0-9a-fA-F]{64}", re.ASCII)
_MOST_DATA = 2 * 1024 * 1024
_OPTIONAL = frozenset({"eth_feeHistory", "eth_simulateV1"})
"""What many nodes do not have, and can be done without."""


def rpc_over(http: Http) -> Rpc:
    """The endpoints of one network."""
    return JsonRpc(http, EVM, _SHAPES, _OPTIONAL)


# --- shapes: each returns what it was given, or says that the answer cannot be read ---------------------------------------


def as_object(value: Any) -> Mapping[str, Any]:
    """A JSON object. :raises Unavailable: otherwise"""
    if not isinstance(value, Mapping):
        raise _unreadable()
    return value


def as_list(value: Any) -> list[Any]:
    """A JSON array. :raises Unavailable: otherwise"""
    if not isinstance(value, list):
        raise _unreadable()
    return value


def as_quantity(value: Any) -> int:
    """A number of at most 256 bits, in hexadecimal. :raises Unavailable: otherwise"""
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        raise _unreadable()
    return int(value, 16)


def as_data(value: Any) -> bytes:
    """Bytes, at most a mebibyte. :raises Unavailable: otherwise"""
    if not isinstance(value, str) or len(value) > _MOST_DATA or not _DATA.fullmatch(value):
        raise _unreadable()
    return bytes.fromhex(value[2:])


def as_hash(value: Any) -> str:
    """32 bytes in small letters. :raises Unavailable: otherwise"""
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise _unreadable()
    return value.lower()


def _unreadable() -> Unavailable:
    return Unavailable("the node's answer cannot be read")


def _object_or_none(value: Any) -> None:
    if value is not None:
        as_object(value)


def _anything(value: Any) -> None:
    """Whatever it is: who asked can do without."""


_SHAPES: Shapes = {
    "eth_chainId": as_quantity,
    "eth_blockNumber": as_quantity,
    "eth_getBalance": as_quantity,
    "eth_getTransactionCount": as_quantity,
    "eth_estimateGas": as_quantity,
    "eth_gasPrice": as_quantity,
    "eth_call": as_data,
    "eth_getCode": as_data,
    "eth_sendRawTransaction": as_hash,
    "eth_getTransactionByHash": _object_or_none,
    "eth_getTransactionReceipt": _object_or_none,
    "eth_getBlockByNumber": _object_or_none,
    "eth_feeHistory": _anything,
    "eth_simulateV1": _anything,
}
"""Null is an answer where a node may not have what is asked for."""
