"""What the chain remembers of a transaction, and what tests ask about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from solders.message import Message, MessageV0
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import TransactionMetadata

from .token_layout import TOKEN_PROGRAMS

SYSTEM_PROGRAM = str(Pubkey.default())
MEMO_PROGRAMS = ("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr", "Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo")

_TOKEN_TRANSFERS = (b"\x0c", b"\x1a\x01")  # TransferChecked, TransferFeeInstruction::TransferCheckedWithFee
_OPENING = ("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL", b"\x01")  # CreateIdempotent
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
class TokenTransfer:
    """One checked transfer of a token, of either program, with or without its fee.

    :param sender, recipient: the owners of the two token accounts.
    :param units: base units that left the sender.
    """

    mint: str
    sender: str
    recipient: str
    units: int


@dataclass(frozen=True, slots=True)
class Executed:
    """A transaction that succeeded, as tests count it.

    :param payer: who paid the fee.
    :param transfers: its System transfers, in order.
    :param tokens: its token transfers, in order.
    :param spare_openings: associated accounts that it would have opened and that were there already.
    """

    signature: str
    slot: int
    payer: str
    transfers: tuple[Transfer, ...]
    tokens: tuple[TokenTransfer, ...] = ()
    spare_openings: int = 0

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
        sides = [(one.sender, one.recipient) for one in self.transfers]
        sides += [(one.sender, one.recipient) for one in self.tokens]
        return address == self.payer or any(address in pair for pair in sides)


def executed(landed: Landed) -> Executed:
    """The short form of a landed transaction; pure."""
    transfers, tokens = tuple(_transfers(landed)), tuple(_token_transfers(landed))
    return Executed(landed.signature, landed.slot, landed.accounts[0], transfers, tokens, _spare_openings(landed))


def memos(landed: Landed) -> list[bytes]:
    """The memos of a transaction's own instructions, in order; pure."""
    return [data for program, _, data in _instructions(landed) if program in MEMO_PROGRAMS]


def _transfers(landed: Landed) -> list[Transfer]:
    return [
        Transfer(accounts[0], accounts[1], int.from_bytes(data[4:12], "little"))
        for program, accounts, data in _instructions(landed)
        if program == SYSTEM_PROGRAM and data[:4] == _TRANSFER and len(accounts) >= 2
    ]


def _token_transfers(landed: Landed) -> list[TokenTransfer]:
    owners = {landed.accounts[held.index]: held.owner for held in (*landed.before.tokens, *landed.after.tokens)}
    found = []
    for program, accounts, data in _instructions(landed):
        tag = next((tag for tag in _TOKEN_TRANSFERS if data.startswith(tag)), None)
        if program in TOKEN_PROGRAMS and tag is not None and len(accounts) >= 4:
            units = int.from_bytes(data[len(tag) : len(tag) + 8], "little")
            found.append(TokenTransfer(accounts[1], owners[accounts[0]], owners[accounts[2]], units))
    return found


def _spare_openings(landed: Landed) -> int:
    there = {landed.accounts[held.index] for held in landed.before.tokens}
    opened = [accounts[1] for program, accounts, data in _instructions(landed) if (program, data) == _OPENING]
    return sum(account in there for account in opened)


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
