"""Reading the parameters of a call: each function gives a checked value or raises -32602."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from solders.hash import Hash, ParseHashError
from solders.pubkey import Pubkey
from solders.signature import Signature

from .rpc_errors import MIN_CONTEXT_SLOT, RpcError, invalid_params
from .slots import COMMITMENTS, View

U64_MAX = 2**64 - 1


def argument(params: Sequence[Any], index: int) -> Any:
    """A parameter that must be there.

    :param index: its place, from 0.
    """
    if index >= len(params):
        raise invalid_params(f"`params` should have at least {index + 1} argument(s)")
    return params[index]


def config(params: Sequence[Any], index: int) -> dict[str, Any]:
    """The configuration object, empty where it is left out or null.

    :param index: its place, from 0.
    """
    value = params[index] if index < len(params) else None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid_params("Invalid params: invalid type, expected a configuration object.")
    return value


def slot_at(view: View, options: dict[str, Any], default: str = "finalized") -> int:
    """The slot at which a call is answered.

    :param options: its `commitment` and `minContextSlot`.
    :raises RpcError: an unknown commitment; the slot is below minContextSlot (-32016).
    """
    slot = view.slot(commitment(options, default))
    minimum = integer(options, "minContextSlot", 0)
    if slot < minimum:
        raise RpcError(MIN_CONTEXT_SLOT, "Minimum context slot has not been reached", {"contextSlot": slot})
    return slot


def commitment(options: dict[str, Any], default: str = "finalized", key: str = "commitment") -> str:
    """A commitment by name."""
    value = options.get(key)
    if value is None:
        return default
    if value not in COMMITMENTS:
        raise invalid_params(f"Invalid params: unknown variant `{value}`, expected one of {', '.join(COMMITMENTS)}.")
    return str(value)


def lasting_commitment(options: dict[str, Any]) -> str:
    """A commitment of a call about history, which knows confirmed and finalized only."""
    value = commitment(options)
    if value == "processed":
        raise invalid_params("Method does not support commitment below `confirmed`")
    return value


def integer(options: dict[str, Any], key: str, default: int, maximum: int = U64_MAX) -> int:
    """An optional whole number, 0 to the maximum."""
    value = options.get(key)
    return default if value is None else _whole(value, maximum)


def whole(params: Sequence[Any], index: int) -> int:
    """A whole number of 64 bits without a sign."""
    return _whole(argument(params, index), U64_MAX)


def flag(options: dict[str, Any], key: str) -> bool:
    """An optional truth value, false where it is left out."""
    value = options.get(key)
    if value is not None and not isinstance(value, bool):
        raise invalid_params(f"Invalid params: {key} is not a boolean.")
    return bool(value)


def text(value: Any) -> str:
    """A string."""
    if not isinstance(value, str):
        raise invalid_params("Invalid params: invalid type, expected a string.")
    return value


def pubkey(value: Any) -> Pubkey:
    """An address in base58."""
    try:
        return Pubkey.from_string(text(value))
    except ValueError as error:
        raise invalid_params("Invalid param: Invalid") from error


def signature(value: Any) -> str:
    """A transaction's signature in base58, in its one spelling."""
    try:
        return str(Signature.from_string(text(value)))
    except ValueError as error:
        raise invalid_params("Invalid param: Invalid") from error


def blockhash(value: Any) -> Hash:
    """A blockhash in base58."""
    try:
        return Hash.from_string(text(value))
    except ParseHashError as error:
        raise invalid_params("Invalid param: Invalid") from error


def strings(value: Any, maximum: int) -> list[str]:
    """A list of strings.

    :param maximum: how many are allowed.
    """
    if not isinstance(value, list):
        raise invalid_params("Invalid params: invalid type, expected a sequence.")
    if len(value) > maximum:
        raise invalid_params(f"Too many inputs provided; max {maximum}")
    return [text(one) for one in value]


def _whole(value: Any, maximum: int) -> int:
    if type(value) is not int or not 0 <= value <= maximum:
        raise invalid_params(f"Invalid params: invalid value, expected a whole number from 0 to {maximum}.")
    return value
