"""Why a contract refused, in our words with the contract's own quoted in them. Pure."""

from typing import Any

from waiaas_evm.erc20 import WORD, read_string
from waiaas_evm.rpc import RpcError
from waiaas_evm.text import quoted

_ERROR = bytes.fromhex("08c379a0")
_PANIC = bytes.fromhex("4e487b71")
_SHOWN_BYTES = 36
_REVERTED = 3
"""JSON-RPC error code of geth and its kin for a call that reverted."""

_PANICS = {
    0x01: "an assertion failed",
    0x11: "arithmetic overflow",
    0x12: "division by zero",
    0x21: "a value is none of its type",
    0x22: "storage is wrongly encoded",
    0x31: "an empty array has no last item",
    0x32: "an index is out of bounds",
    0x41: "too much memory",
    0x51: "an empty function was called",
}
"""Solidity's panic codes."""

_KNOWN = {
    bytes.fromhex("e450d38c"): "the account holds less of the token than the amount",
    bytes.fromhex("ec442f05"): "the token does not pay this recipient",
    bytes.fromhex("96c6fd1e"): "the token does not let this account pay",
    bytes.fromhex("d93c0665"): "the token is paused",
}
"""Errors of EIP-6093 and the usual pause, by selector."""


def revert_data(error: RpcError) -> bytes | None:
    """What a call reverted with; None when the node refused for another reason."""
    data = _hex_in(error.data)
    if data is not None and (data or error.code == _REVERTED):
        return data
    words = error.message.lower()
    if error.code == _REVERTED or "revert" in words:
        return b""
    return None


def describe_revert(data: bytes) -> str:
    """One sentence for what a call reverted with."""
    selector, rest = data[:4], data[4:]
    if selector == _ERROR:
        reason = read_string(rest) if len(rest) > WORD else None
        return f"the contract says {quoted(reason)}" if reason else "the contract refuses without a reason"
    if selector == _PANIC and len(rest) == WORD:
        code = int.from_bytes(rest)
        return f"the contract panics: {_PANICS.get(code, f'code {code:#x}')}"
    if selector in _KNOWN:
        return _KNOWN[selector]
    if not data:
        return "the contract refuses without a reason"
    return f"the contract refuses with its own error 0x{data[:_SHOWN_BYTES].hex()}"


def _hex_in(data: Any) -> bytes | None:
    if isinstance(data, dict):
        data = data.get("data", data.get("result"))
    if not isinstance(data, str):
        return None
    text = data.removeprefix("Reverted ")
    try:
        return bytes.fromhex(text.removeprefix("0x")) if text.startswith("0x") else None
    except ValueError:
        return None
