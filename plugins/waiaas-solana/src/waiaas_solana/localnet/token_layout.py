"""Layouts of SPL Token and Token-2022 accounts (spl-token state.rs; Token-2022 adds a type byte at 165)."""

from __future__ import annotations

from dataclasses import dataclass

from solders.pubkey import Pubkey

TOKEN_PROGRAM = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"
TOKEN_2022_PROGRAM = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"
TOKEN_PROGRAMS = {TOKEN_PROGRAM: "spl-token", TOKEN_2022_PROGRAM: "spl-token-2022"}

_ACCOUNT_SIZE = 165
_MINT_SIZE = 82
_TYPE_MINT, _TYPE_ACCOUNT = 1, 2
_STATES = {1: "initialized", 2: "frozen"}


@dataclass(frozen=True, slots=True)
class TokenAccount:
    """A holder's account.

    :param units: base units.
    :param state: initialized or frozen.
    :param native_reserve: lamports of rent in an account of wrapped SOL, else None.
    """

    mint: str
    owner: str
    units: int
    delegate: str | None
    state: str
    native_reserve: int | None
    delegated_units: int
    close_authority: str | None


@dataclass(frozen=True, slots=True)
class Mint:
    """A token.

    :param supply: base units.
    """

    mint_authority: str | None
    supply: int
    decimals: int
    freeze_authority: str | None


def read_token_account(program: str, data: bytes) -> TokenAccount | None:
    """The token account in an account's data; None if it is something else; pure.

    :param program: the account's owner.
    """
    if program not in TOKEN_PROGRAMS or not _is_type(data, _ACCOUNT_SIZE, _TYPE_ACCOUNT) or data[108] not in _STATES:
        return None
    native = _u64(data, 113) if data[109:113] != bytes(4) else None
    return TokenAccount(
        mint=_key(data, 0),
        owner=_key(data, 32),
        units=_u64(data, 64),
        delegate=_optional_key(data, 72),
        state=_STATES[data[108]],
        native_reserve=native,
        delegated_units=_u64(data, 121),
        close_authority=_optional_key(data, 129),
    )


def read_mint(program: str, data: bytes) -> Mint | None:
    """The mint in an account's data; None if it is something else; pure.

    :param program: the account's owner.
    """
    if program not in TOKEN_PROGRAMS or not _is_type(data, _MINT_SIZE, _TYPE_MINT) or data[45] != 1:
        return None
    return Mint(_optional_key(data, 0), _u64(data, 36), data[44], _optional_key(data, 46))


def _is_type(data: bytes, size: int, type_byte: int) -> bool:
    return len(data) == size or (len(data) > _ACCOUNT_SIZE and data[_ACCOUNT_SIZE] == type_byte)


def _u64(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 8], "little")


def _key(data: bytes, at: int) -> str:
    return str(Pubkey.from_bytes(data[at : at + 32]))


def _optional_key(data: bytes, at: int) -> str | None:
    return _key(data, at + 4) if data[at : at + 4] != bytes(4) else None
