"""The two token programs as facts: addresses, derived accounts, and how large a derived account is. Pure.

SPL Token and Token-2022 share their first 165 bytes of account and 82 of mint; Token-2022 appends extensions as type, length,
value (``spl-token-2022``, ``extension/mod.rs``).
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from solders.pubkey import Pubkey

TOKEN_PROGRAM = Pubkey.from_string("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
TOKEN_2022_PROGRAM = Pubkey.from_string("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb")
TOKEN_PROGRAMS = (TOKEN_PROGRAM, TOKEN_2022_PROGRAM)
DERIVING_PROGRAM = Pubkey.from_string("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL")
"""The associated token account program."""

ACCOUNT_LENGTH, MINT_LENGTH = 165, 82
_MULTISIG_LENGTH = 355
"""An account of this length would pass for a multisignature; the program makes it two bytes longer."""

# Extension types (``ExtensionType``) that are read here; a number not named anywhere below is an unknown extension.
TRANSFER_FEE = 1
MINT_CLOSE_AUTHORITY = 3
CONFIDENTIAL = (4, 16, 24)
DEFAULT_STATE = 6
MEMO_REQUIRED = 8
NON_TRANSFERABLE = 9
INTEREST_BEARING = 10
PERMANENT_DELEGATE = 12
TRANSFER_HOOK = 14
TOKEN_METADATA = 19
SCALED_AMOUNT = 25
PAUSABLE = 26
HARMLESS = frozenset({18, 19, 20, 21, 22, 23})
"""Pointers to metadata and groups, and the metadata and groups themselves: they give nobody power over holders."""

_TYPE_AND_LENGTH = 4
_OF_EVERY_DERIVED_ACCOUNT = _TYPE_AND_LENGTH  # immutable owner, without a value
_ADDED_TO_ACCOUNTS: Mapping[int, int] = {
    TRANSFER_FEE: _TYPE_AND_LENGTH + 8,  # what was withheld
    NON_TRANSFERABLE: _TYPE_AND_LENGTH,
    TRANSFER_HOOK: _TYPE_AND_LENGTH + 1,  # whether a hook is running
    PAUSABLE: _TYPE_AND_LENGTH,
}
"""What an extension of a mint adds to its accounts (``get_required_init_account_extensions``), in bytes."""


@lru_cache(maxsize=4096)
def derived_with_bump(owner: Pubkey, mint: Pubkey, program: Pubkey) -> tuple[Pubkey, int]:
    """An owner's associated account for a mint, and the bump at which it was found."""
    return Pubkey.find_program_address([bytes(owner), bytes(program), bytes(mint)], DERIVING_PROGRAM)


def derived_account(owner: Pubkey, mint: Pubkey, program: Pubkey) -> Pubkey:
    """An owner's associated account for a mint."""
    return derived_with_bump(owner, mint, program)[0]


def account_length(program: Pubkey, extensions: Iterable[int]) -> int:
    """Bytes of a derived account.

    :param extensions: those of the mint
    """
    if program == TOKEN_PROGRAM:
        return ACCOUNT_LENGTH
    added = sum(_ADDED_TO_ACCOUNTS.get(extension, 0) for extension in set(extensions))
    length = ACCOUNT_LENGTH + 1 + _OF_EVERY_DERIVED_ACCOUNT + added
    return length + 2 if length == _MULTISIG_LENGTH else length
