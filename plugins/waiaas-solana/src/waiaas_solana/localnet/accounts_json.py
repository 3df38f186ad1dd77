"""Accounts and token amounts as a node's JSON (Agave's account-decoder)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from solders.account import Account

from . import base58
from .rpc_errors import INVALID_REQUEST, RpcError, invalid_params
from .token_layout import TOKEN_PROGRAMS, Mint, TokenAccount, read_mint, read_token_account

ENCODINGS = ("binary", "base58", "base64", "jsonParsed")

_BASE58_LIMIT = 128
_NOT_RENT_PAYING = 2**64 - 1

DecimalsOf = Callable[[str], int]
"""The decimals of a mint by its address."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a client wants accounts.

    :param encoding: base58, base64, jsonParsed, or binary (the old bare base58).
    :param part: of the data, None for all.
    """

    encoding: str
    part: slice | None


def read_shape(options: dict[str, Any], default: str) -> Shape:
    """A call's `encoding` and `dataSlice`.

    :param default: the encoding where none is named.
    :raises RpcError: an unknown encoding, a slice that is none.
    """
    encoding = options.get("encoding") or default
    if encoding not in ENCODINGS:
        raise invalid_params(f"Invalid params: unknown variant `{encoding}`, expected one of {', '.join(ENCODINGS)}.")
    return Shape(encoding, _part(options.get("dataSlice")))


def account_json(account: Account, shape: Shape, decimals_of: DecimalsOf) -> dict[str, Any]:
    """An account.

    :raises RpcError: base58 of more than 128 bytes.
    """
    return {
        "data": _data(account, shape, decimals_of),
        "executable": account.executable,
        "lamports": account.lamports,
        "owner": str(account.owner),
        "rentEpoch": _NOT_RENT_PAYING,
        "space": len(account.data),
    }


def amount_json(units: int, decimals: int) -> dict[str, Any]:
    """A token amount (`UiTokenAmount`).

    :param units: base units.
    """
    shown = Decimal(units).scaleb(-decimals)
    text = format(shown, "f")
    return {
        "amount": str(units),
        "decimals": decimals,
        "uiAmount": float(shown),  # a number by protocol, for display: nobody reckons with it
        "uiAmountString": text.rstrip("0").rstrip(".") if "." in text else text,
    }


def _data(account: Account, shape: Shape, decimals_of: DecimalsOf) -> Any:
    if shape.encoding == "jsonParsed":
        parsed = _parsed(account, decimals_of)
        return parsed or [base64.b64encode(account.data).decode(), "base64"]
    data = account.data if shape.part is None else account.data[shape.part]
    if shape.encoding == "base64":
        return [base64.b64encode(data).decode(), "base64"]
    if len(data) > _BASE58_LIMIT:
        message = "Encoded binary (base 58) data should be less than 128 bytes, please use Base64 encoding."
        raise RpcError(INVALID_REQUEST, message)
    text = base58.encode(data)
    return [text, "base58"] if shape.encoding == "base58" else text


def _part(wanted: Any) -> slice | None:
    if wanted is None:
        return None
    if not isinstance(wanted, dict):
        raise invalid_params("Invalid params: dataSlice is not an object.")
    offset, length = wanted.get("offset"), wanted.get("length")
    if type(offset) is not int or type(length) is not int or offset < 0 or length < 0:
        raise invalid_params("Invalid params: dataSlice needs offset and length.")
    return slice(offset, offset + length)


def _parsed(account: Account, decimals_of: DecimalsOf) -> dict[str, Any] | None:
    # None for what is neither token account nor mint: a node then falls back to base64.
    program = str(account.owner)
    if held := read_token_account(program, account.data):
        kind, info = "account", _token_account_info(held, decimals_of(held.mint))
    elif mint := read_mint(program, account.data):
        kind, info = "mint", _mint_info(mint)
    else:
        return None
    return {"program": TOKEN_PROGRAMS[program], "parsed": {"type": kind, "info": info}, "space": len(account.data)}


def _token_account_info(held: TokenAccount, decimals: int) -> dict[str, Any]:
    info: dict[str, Any] = {
        "isNative": held.native_reserve is not None,
        "mint": held.mint,
        "owner": held.owner,
        "state": held.state,
        "tokenAmount": amount_json(held.units, decimals),
    }
    if held.delegate:
        info |= {"delegate": held.delegate, "delegatedAmount": amount_json(held.delegated_units, decimals)}
    if held.close_authority:
        info["closeAuthority"] = held.close_authority
    if held.native_reserve is not None:
        info["rentExemptReserve"] = amount_json(held.native_reserve, decimals)
    return info


def _mint_info(mint: Mint) -> dict[str, Any]:
    return {
        "decimals": mint.decimals,
        "freezeAuthority": mint.freeze_authority,
        "isInitialized": True,
        "mintAuthority": mint.mint_authority,
        "supply": str(mint.supply),
    }
