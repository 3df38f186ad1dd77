"""What the chain remembers of a transaction, and what tests ask about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from solders.message import Message, MessageV0
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import TransactionMetadata

SYSTEM_PROGRAM = str(Pubkey.default())
MEMO_PROGRAMS = ("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr", "Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo")

_TRANSFER = (2).to_bytes(4, "little")  # SystemInstruction::Transfer


@dataclass(frozen=True, slots=True)
class TokenBalance:
    """What one token account held.

    :param index: the account's place in the transaction.
    :param units: base units.
    """

    index: int
    mint: str
    owner: str
    program: str
    units: int
    decimals: int


@dataclass(frozen=True, slots=True)
class Balances:
    """Lamports of each account of a transaction, in its order, and what the token accounts among them held."""

    lamports: tuple[int, ...]
    tokens: tuple[TokenBalance, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """A transaction in a block, successful or not.

    :param accounts: addresses: the message's own, then the writable and the read-only ones of its lookup tables.
    :param loaded: how many of them came writable, and read-only, from lookup tables.
    :param error: None, or the node's JSON.
    :param fee: lamports.
    """

    signature: str
    slot: int
    block_time: int
    transaction: VersionedTransaction
    accounts: tuple[str, ...]
    loaded: tuple[int, int]
    before: Balances
    after: Balances
    error: Any
    fee: int
    meta: TransactionMetadata


@dataclass(frozen=True, slots=True)
class Transfer:
    """One System transfer.

    :param lamports: above or equal 0.
    """

    sender: str
    recipient: str
    lamports: int


@dataclass(frozen=True, slots=True)
class Executed:
    """A transaction that succeeded, as tests count it.

    :param payer: who paid the fee.
    :param transfers: its System transfers, in order.
    """

    signature: str
    slot: int
    payer: str
    transfers: tuple[Transfer, ...]

    @property
    def sender(self) -> str:
        """Who sent the first transfer; the fee payer where there is none."""
        return self.transfers[0].sender if self.transfers else self.payer

    @property
    def recipient(self) -> str | None:
        """Who got the first transfer, None where there is none."""
        return self.transfers[0].recipient if self.transfers else None

    @property
    def lamports(self) -> int | None:
        """Lamports of the first transfer, None where there is none."""
        return self.transfers[0].lamports if self.transfers else None

    def concerns(self, address: str) -> bool:
        """Whether an address paid the fee, or sent or received one of the transfers."""
        return address == self.payer or any(address in (t.sender, t.recipient) for t in self.transfers)


def executed(landed: Landed) -> Executed:
    """The short form of a landed transaction; pure."""
    return Executed(landed.signature, landed.slot, landed.accounts[0], tuple(_transfers(landed)))


def memos(landed: Landed) -> list[bytes]:
    """The memos of a transaction's own instructions, in order; pure."""
    return [data for program, _, data in _instructions(landed) if program in MEMO_PROGRAMS]


def _transfers(landed: Landed) -> list[Transfer]:
    return [
        Transfer(accounts[0], accounts[1], int.from_bytes(data[4:12], "little"))
        for program, accounts, data in _instructions(landed)
        if program == SYSTEM_PROGRAM and data[:4] == _TRANSFER and len(accounts) >= 2
    ]


def _instructions(landed: Landed) -> list[tuple[str, Sequence[str], bytes]]:
    message = landed.transaction.message
    assert isinstance(message, Message | MessageV0)  # the ledger lets nothing else in
    return [
        (
            landed.accounts[instruction.program_id_index],
            [landed.accounts[index] for index in instruction.accounts],
            bytes(instruction.data),
        )
        for instruction in message.instructions
    ]
