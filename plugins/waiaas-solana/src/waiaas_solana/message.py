"""The one form of message that this adapter writes, as a record and as bytes. Pure.

A version 0 message: three instructions to the compute budget, then native transfers, then perhaps the opening of a token
account, perhaps a memo, and perhaps a token transfer (an account that wants memos wants them right before the transfer).
``compose`` is the only writer; ``decode`` accepts no bytes that ``compose`` would not write for the same record.
"""

import hashlib
from dataclasses import dataclass

from solders.compute_budget import (
    set_compute_unit_limit,
    set_compute_unit_price,
    set_loaded_accounts_data_size_limit,
)
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.message import MessageV0, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM_PROGRAM
from solders.system_program import TransferParams, transfer

from waiaas_solana.token_programs import DERIVING_PROGRAM, derived_account

MEMO_PROGRAM = Pubkey.from_string("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr")
CREATE_IDEMPOTENT = b"\x01"
TRANSFER_CHECKED = b"\x0c"
TRANSFER_CHECKED_WITH_FEE = b"\x1a\x01"
"""``TransferFeeExtension`` and its ``TransferCheckedWithFee``."""
MEMO_BYTES = 256
"""The longest memo, in UTF-8: the whole transaction must fit into one packet of 1232 bytes."""

_UNITS = 2_000
"""A transfer with its three compute-budget instructions takes 600 units."""
_MEMO_UNITS, _MEMO_UNITS_A_BYTE = 30_000, 300
"""Room for the memo program of every cluster: the older ones format the text and log it."""
_TOKEN_UNITS = 30_000
"""Three times what Token-2022 takes for a transfer with a fee."""
_OPENING_UNITS, _BUMP_UNITS = 60_000, 1_600
"""Three times what opening takes, and what each bump costs that the deriving program tries in vain (1500)."""
_UNITS_SPREAD = 1 << 12
_DATA_LIMIT, _DATA_SPREAD = 32 << 20, 1 << 25
"""Loaded account data: at least 32 MiB (an account has at most 10), below the runtime's maximum of 64 MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Lamports to an address. :param lamports: below 2^64"""

    to: Pubkey
    lamports: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenTransfer:
    """Tokens from the payer's derived account. ``TransferChecked``, or with ``fee`` its form of the transfer-fee extension.

    :param to: a token account; :param units: raw base units that leave, below 2^64
    :param fee: of those, what is withheld from the recipient; the chain refuses any other figure
    """

    program: Pubkey
    mint: Pubkey
    to: Pubkey
    units: int
    decimals: int
    fee: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The payer opens a wallet's derived account, unless it is there already (``CreateIdempotent``)."""

    owner: Pubkey
    mint: Pubkey
    program: Pubkey

    @property
    def account(self) -> Pubkey:
        """What is opened."""
        return derived_account(self.owner, self.mint, self.program)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that one of our messages says.

    :param unit_limit: compute units, at most 2^32 - 1
    :param unit_price: micro-lamports for one of them
    :param data_limit: bytes of account data that may be loaded
    """

    payer: Pubkey
    transfers: tuple[Transfer, ...]
    memo: str | None
    blockhash: Hash
    unit_limit: int
    unit_price: int
    data_limit: int
    opening: Opening | None = None
    token: TokenTransfer | None = None


def compose(plan: Plan) -> bytes:
    """The message's bytes, the same for the same plan."""
    instructions = [
        set_compute_unit_limit(plan.unit_limit),
        set_compute_unit_price(plan.unit_price),
        set_loaded_accounts_data_size_limit(plan.data_limit),
    ]
    for one in plan.transfers:
        instructions.append(transfer(TransferParams(from_pubkey=plan.payer, to_pubkey=one.to, lamports=one.lamports)))
    if plan.opening is not None:
        instructions.append(_opening(plan.payer, plan.opening))
    if plan.memo is not None:
        instructions.append(Instruction(MEMO_PROGRAM, plan.memo.encode(), []))
    if plan.token is not None:
        instructions.append(_token_transfer(plan.payer, plan.token))
    return bytes(to_bytes_versioned(MessageV0.try_compile(plan.payer, instructions, [], plan.blockhash)))


def most_units(units: int) -> int:
    """The highest unit limit that a salt can give bytes for which ``units`` are ample."""
    return units + _UNITS_SPREAD - 1


def salted_limits(salt: bytes, units: int) -> tuple[int, int]:
    """Unit limit and data limit for a salt: 37 bits by which equal payments get unequal bytes.

    Both are ample for every salt. The data limit costs nothing; the spread of the unit limit costs 4096 units' price at most.

    :param units: what is ample
    """
    digest = int.from_bytes(hashlib.sha256(b"waiaas-solana/salt/v1\0" + salt).digest()[:16], "big")
    return units + digest % _UNITS_SPREAD, _DATA_LIMIT + (digest // _UNITS_SPREAD) % _DATA_SPREAD


def native_units(memo: str | None) -> int:
    """Ample for a native transfer."""
    return _UNITS + _memo_units(memo)


def token_units(memo: str | None, bump: int | None) -> int:
    """Ample for a token transfer.

    :param bump: of the account that is opened first; None where none is
    """
    opening = 0 if bump is None else _OPENING_UNITS + _BUMP_UNITS * (255 - bump)
    return _TOKEN_UNITS + opening + _memo_units(memo)


def _memo_units(memo: str | None) -> int:
    return 0 if memo is None else _MEMO_UNITS + _MEMO_UNITS_A_BYTE * len(memo.encode())


def _opening(payer: Pubkey, one: Opening) -> Instruction:
    accounts = [
        AccountMeta(payer, True, True),
        AccountMeta(one.account, False, True),
        AccountMeta(one.owner, False, False),
        AccountMeta(one.mint, False, False),
        AccountMeta(SYSTEM_PROGRAM, False, False),
        AccountMeta(one.program, False, False),
    ]
    return Instruction(DERIVING_PROGRAM, CREATE_IDEMPOTENT, accounts)


def _token_transfer(payer: Pubkey, one: TokenTransfer) -> Instruction:
    units, decimals = one.units.to_bytes(8, "little"), bytes([one.decimals])
    if one.fee is None:
        data = TRANSFER_CHECKED + units + decimals
    else:
        data = TRANSFER_CHECKED_WITH_FEE + units + decimals + one.fee.to_bytes(8, "little")
    accounts = [
        AccountMeta(derived_account(payer, one.mint, one.program), False, True),
        AccountMeta(one.mint, False, False),
        AccountMeta(one.to, False, True),
        AccountMeta(payer, True, False),
    ]
    return Instruction(one.program, data, accounts)
