"""The Solana virtual machine: executes and simulates, knows no slots' history, no signatures, no clients.

Not thread-safe: the ledger holds its lock around every call.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from solders.account import Account
from solders.hash import Hash
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import FailedTransactionMetadata, TransactionMetadata

from .landed import Balances, TokenBalance
from .slots import SLOTS_IN_EPOCH
from .token_layout import TOKEN_PROGRAMS, read_mint, read_token_account
from .transaction_errors import error_json

_FAUCET_LAMPORTS = 500_000_000 * 10**9
_NO_RENT_EPOCH = 2**64 - 1
_TABLE_HEADER = 56  # bytes before the addresses of a lookup table (address-lookup-table-interface, state.rs)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run of a transaction gave.

    :param error: None, or the node's JSON.
    :param after: accounts written, of a simulation that succeeded.
    """

    error: Any
    meta: TransactionMetadata
    after: tuple[tuple[Pubkey, Account], ...] = ()


@dataclass(frozen=True, slots=True)
class AccountKeys:
    """A transaction's accounts in the order of its balances.

    :param keys: the message's own, then the writable and the read-only ones of its lookup tables.
    :param writable, readonly: how many came from lookup tables.
    """

    keys: tuple[Pubkey, ...]
    writable: int
    readonly: int


class Machine:
    """LiteSVM without its own history, signature and blockhash checks: those are the ledger's."""

    def __init__(self) -> None:
        self._vm = LiteSVM().with_sigverify(False).with_blockhash_check(False).with_transaction_history(0)
        self.slot = -1
        self.faucet = Keypair()
        purse = Account(_FAUCET_LAMPORTS, b"", Pubkey.default(), False, _NO_RENT_EPOCH)
        self._vm.set_account(self.faucet.pubkey(), purse)

    def move_to(self, slot: int, hashes: Sequence[tuple[int, Hash]]) -> None:
        """Set what programs read as the time.

        :param hashes: the slots before, newest first.
        """
        clock = self._vm.get_clock()
        clock.slot, clock.epoch, clock.unix_timestamp = slot, slot // SLOTS_IN_EPOCH, int(time.time())
        self._vm.set_clock(clock)
        self._vm.set_slot_hashes(hashes)
        self.slot = slot

    def run(self, transaction: VersionedTransaction) -> Outcome:
        """Execute; a failing transaction pays its fee if its payer could."""
        result = self._vm.send_transaction(transaction)
        if isinstance(result, FailedTransactionMetadata):
            return Outcome(error_json(result.err()), result.meta())
        return Outcome(None, result)

    def simulate(self, transaction: VersionedTransaction) -> Outcome:
        """Execute and forget."""
        result = self._vm.simulate_transaction(transaction)
        if isinstance(result, FailedTransactionMetadata):
            return Outcome(error_json(result.err()), result.meta())
        return Outcome(None, result.meta(), tuple(result.post_accounts()))

    def account(self, key: Pubkey) -> Account | None:
        """The account now; an empty one is None, as on a node."""
        account = self._vm.get_account(key)
        return account if account is not None and account.lamports else None

    def put(self, key: Pubkey, account: Account) -> None:
        """Write an account, whatever stood there."""
        self._vm.set_account(key, account)

    def lamports(self, key: Pubkey) -> int:
        """The balance now."""
        return self._vm.get_balance(key) or 0

    def owned_by(self, program: Pubkey) -> list[tuple[Pubkey, Account]]:
        """Every account of a program."""
        return self._vm.get_program_accounts(program)

    def rent_minimum(self, size: int) -> int:
        """Lamports that exempt an account from rent.

        :param size: bytes of data.
        """
        return self._vm.minimum_balance_for_rent_exemption(size)

    def keys_of(self, transaction: VersionedTransaction) -> AccountKeys:
        """The accounts of a transaction; of a broken lookup only those that exist."""
        message = transaction.message
        own = tuple(message.account_keys)
        if not isinstance(message, MessageV0) or not message.address_table_lookups:
            return AccountKeys(own, 0, 0)
        writable: list[Pubkey] = []
        readonly: list[Pubkey] = []
        for lookup in message.address_table_lookups:
            addresses = self._table(lookup.account_key)
            writable += [addresses[i] for i in lookup.writable_indexes if i < len(addresses)]
            readonly += [addresses[i] for i in lookup.readonly_indexes if i < len(addresses)]
        return AccountKeys((*own, *writable, *readonly), len(writable), len(readonly))

    def balances(self, keys: Sequence[Pubkey], with_tokens: bool) -> Balances:
        """What the accounts hold now.

        :param with_tokens: look for token accounts too, which costs more.
        """
        tokens = [self._token_balance(index, key) for index, key in enumerate(keys)] if with_tokens else []
        return Balances(
            tuple(self._vm.get_balance(key) or 0 for key in keys),
            tuple(token for token in tokens if token is not None),
        )

    def _token_balance(self, index: int, key: Pubkey) -> TokenBalance | None:
        account = self._vm.get_account(key)
        if account is None or str(account.owner) not in TOKEN_PROGRAMS:
            return None
        program = str(account.owner)
        held = read_token_account(program, account.data)
        mint = self._vm.get_account(Pubkey.from_string(held.mint)) if held else None
        kind = read_mint(program, mint.data) if mint else None
        if held is None or kind is None:
            return None
        return TokenBalance(index, held.mint, held.owner, program, held.units, kind.decimals)

    def _table(self, key: Pubkey) -> list[Pubkey]:
        table = self._vm.get_account(key)
        addresses = table.data[_TABLE_HEADER:] if table else b""
        return [Pubkey.from_bytes(addresses[i : i + 32]) for i in range(0, len(addresses) - 31, 32)]
