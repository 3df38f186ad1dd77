"""The one form of message that this adapter writes, as a record and as bytes. Pure.

A version 0 message: three instructions to the compute budget, then the transfers, then perhaps a memo. ``compose`` is the
only writer; ``decode`` accepts no bytes that ``compose`` would not write for the same record.
"""

import hashlib
from dataclasses import dataclass

from solders.compute_budget import (
    set_compute_unit_limit,
    set_compute_unit_price,
    set_loaded_accounts_data_size_limit,
)
from solders.hash import Hash
from solders.instruction import Instruction
from solders.message import MessageV0, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

MEMO_PROGRAM = Pubkey.from_string("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr")
MEMO_BYTES = 256
"""The longest memo, in UTF-8: the whole transaction must fit into one packet of 1232 bytes."""

_UNITS = 2_000
"""A transfer with its three compute-budget instructions takes 600 units."""
_MEMO_UNITS, _MEMO_UNITS_A_BYTE = 30_000, 300
"""Room for the memo program of every cluster: the older ones format the text and log it."""
_UNITS_SPREAD = 1 << 12
_DATA_LIMIT, _DATA_SPREAD = 32 << 20, 1 << 25
"""Loaded account data: at least 32 MiB (an account has at most 10), below the runtime's maximum of 64 MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Lamports to an address. :param lamports: below 2^64"""

    to: Pubkey
    lamports: int


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


def compose(plan: Plan) -> bytes:
    """The message's bytes, the same for the same plan."""
    instructions = [
        set_compute_unit_limit(plan.unit_limit),
        set_compute_unit_price(plan.unit_price),
        set_loaded_accounts_data_size_limit(plan.data_limit),
    ]
    for one in plan.transfers:
        instructions.append(transfer(TransferParams(from_pubkey=plan.payer, to_pubkey=one.to, lamports=one.lamports)))
    if plan.memo is not None:
        instructions.append(Instruction(MEMO_PROGRAM, plan.memo.encode(), []))
    return bytes(to_bytes_versioned(MessageV0.try_compile(plan.payer, instructions, [], plan.blockhash)))


def most_units(memo: str | None) -> int:
    """The highest unit limit that a salt can give a transfer with this memo."""
    return _ample_units(memo) + _UNITS_SPREAD - 1


def salted_limits(salt: bytes, memo: str | None) -> tuple[int, int]:
    """Unit limit and data limit for a salt: 37 bits by which equal payments get unequal bytes.

    Both are ample for every salt. The data limit costs nothing; the spread of the unit limit costs 4096 units' price at most.
    """
    digest = int.from_bytes(hashlib.sha256(b"waiaas-solana/salt/v1\0" + salt).digest()[:16], "big")
    return _ample_units(memo) + digest % _UNITS_SPREAD, _DATA_LIMIT + (digest // _UNITS_SPREAD) % _DATA_SPREAD


def _ample_units(memo: str | None) -> int:
    return _UNITS if memo is None else _UNITS + _MEMO_UNITS + _MEMO_UNITS_A_BYTE * len(memo.encode())
