"""The ledger: every transaction that landed, in order, and the one lock around the virtual machine."""

from __future__ import annotations

import bisect
import itertools
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from solders.account import Account
from solders.compute_budget import set_compute_unit_limit
from solders.hash import Hash
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message, MessageV0
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

from .blockhashes import Blockhashes
from .landed import Executed, Landed, executed
from .machine import Machine, Outcome
from .slots import FIRST_SLOT, Slots
from .token_layout import TOKEN_PROGRAMS

_SLOT_HASHES = 32
_FAUCET_UNITS = 1_000


@dataclass(frozen=True, slots=True)
class _Delayed:
    slot: int
    transaction: VersionedTransaction


class Ledger:
    """Executes transactions in order and remembers all of them (about 3 KB each, for the life of the process).

    Every method may be called from several threads.
    """

    def __init__(self, slots: Slots, hashes: Blockhashes) -> None:
        self._lock = threading.RLock()
        self._slots = slots
        self._hashes = hashes
        self._machine = Machine()
        self._landed: list[Landed] = []
        self._by_signature: dict[str, Landed] = {}
        self._by_address: defaultdict[str, list[Landed]] = defaultdict(list)
        self._delayed: list[_Delayed] = []
        self._airdrops = itertools.count()

    # --- writing

    def submit(self, transaction: VersionedTransaction) -> Landed | None:
        """Execute now. Twice is once: a transaction that landed is answered from memory.

        :param transaction: signatures already checked.
        :return: None where no block took it (unknown or expired blockhash, payer can't pay the fee).
        """
        with self._lock:
            self._settle()
            return self._submit(transaction, self._slots.now())

    def submit_later(self, transaction: VersionedTransaction, slot: int) -> None:
        """Execute in a later slot, unless its blockhash has expired by then.

        :param transaction: signatures already checked.
        """
        with self._lock:
            self._delayed.append(_Delayed(slot, transaction))

    def fund(self, address: Pubkey, lamports: int) -> str:
        """Pay from the faucet; the signature of a payment that landed.

        :param lamports: 1 to 2^64 - 1; a new account needs its rent minimum.
        :raises ValueError: the payment would fail.
        """
        if not 0 < lamports < 2**64:
            raise ValueError(f"an airdrop is of 1 to 2^64 - 1 lamports, not {lamports}")
        payment = transfer(TransferParams(from_pubkey=self.faucet, to_pubkey=address, lamports=lamports))
        return self.run_as_faucet([payment], (), _FAUCET_UNITS)

    @property
    def faucet(self) -> Pubkey:
        """Who pays for airdrops, and issues the tokens of tests."""
        return self._machine.faucet.pubkey()

    def run_as_faucet(self, instructions: Sequence[Instruction], signers: Sequence[Keypair], units: int) -> str:
        """A transaction that the faucet pays and signs; the signature of one that succeeded.

        :param signers: who else signs
        :param units: compute units that are enough
        :raises ValueError: it would fail.
        """
        with self._lock:
            slot = self._slots.now()
            faucet = self._machine.faucet
            # Two equal ones in one slot must differ in their bytes, else the second is no transaction.
            limit = set_compute_unit_limit(units + next(self._airdrops) % 1_000_000)
            message = MessageV0.try_compile(faucet.pubkey(), [limit, *instructions], [], self._hashes.at(slot))
            landed = self._submit(VersionedTransaction(message, [faucet, *signers]), slot)
        if landed is None or landed.error is not None:
            raise ValueError(f"the faucet's transaction fails: {landed and landed.error}")
        return landed.signature

    def put_account(self, address: Pubkey, account: Account) -> None:
        """Write an account as no transaction could: for what only programs that are not here would make."""
        with self._lock:
            self._machine.put(address, account)

    def simulate(self, transaction: VersionedTransaction) -> Outcome:
        """Run against the present state and forget; neither blockhash nor signatures are looked at."""
        with self._lock:
            self._settle()
            self._enter(self._slots.now())
            return self._machine.simulate(transaction)

    # --- reading the past

    def find(self, signature: str) -> Landed | None:
        """The landed transaction with this signature."""
        with self._lock:
            self._settle()
            return self._by_signature.get(signature)

    def of_address(self, address: str) -> list[Landed]:
        """The transactions that name an address, oldest first."""
        with self._lock:
            self._settle()
            return list(self._by_address.get(address, ()))

    def in_slot(self, slot: int) -> list[Landed]:
        """The transactions of one block, in order."""
        with self._lock:
            self._settle()
            start = bisect.bisect_left(self._landed, slot, key=_slot_of)
            return list(itertools.takewhile(lambda landed: landed.slot == slot, self._landed[start:]))

    def count_until(self, slot: int) -> int:
        """How many transactions landed up to and with a slot."""
        with self._lock:
            self._settle()
            return bisect.bisect_right(self._landed, slot, key=_slot_of)

    def executed(self, address: str | None = None) -> list[Executed]:
        """The successful transactions of clients, in order; the faucet's own are left out.

        :param address: only those that this address paid for, sent from or received with.
        """
        faucet = str(self._machine.faucet.pubkey())
        with self._lock:
            self._settle()
            landed = list(self._landed)
        rows = [executed(one) for one in landed if one.error is None and one.accounts[0] != faucet]
        return [row for row in rows if address is None or row.concerns(address)]

    # --- reading the present

    def lamports(self, address: Pubkey, slot: int | None = None) -> int:
        """A balance.

        :param slot: as of the end of this slot; None is now.
        """
        with self._lock:
            self._settle()
            history = self._by_address.get(str(address))
            if slot is None or not history or history[-1].slot <= slot:
                return self._machine.lamports(address)
            place = bisect.bisect_right(history, slot, key=_slot_of)
            landed = history[place]  # the first one after: what it found is what the slot left
            return landed.before.lamports[landed.accounts.index(str(address))]

    def accounts(self, addresses: Sequence[Pubkey]) -> list[Account | None]:
        """Accounts as they are now, all at one moment."""
        with self._lock:
            self._settle()
            return [self._machine.account(address) for address in addresses]

    def owned_by(self, program: Pubkey) -> list[tuple[Pubkey, Account]]:
        """Every account of a program, now."""
        with self._lock:
            self._settle()
            return self._machine.owned_by(program)

    def rent_minimum(self, size: int) -> int:
        """Lamports that exempt an account from rent.

        :param size: bytes of data.
        """
        with self._lock:
            return self._machine.rent_minimum(size)

    # --- under the lock

    def _settle(self) -> None:
        if not self._delayed:
            return
        now = self._slots.now()
        due = sorted((delayed for delayed in self._delayed if delayed.slot <= now), key=lambda delayed: delayed.slot)
        self._delayed = [delayed for delayed in self._delayed if delayed.slot > now]
        for delayed in due:
            # Late by the clock is not late on chain: it lands in the slot it was meant for, unless others came after.
            self._submit(delayed.transaction, max(delayed.slot, self._landed[-1].slot if self._landed else 0))

    def _submit(self, transaction: VersionedTransaction, slot: int) -> Landed | None:
        signature = str(transaction.signatures[0])
        if (known := self._by_signature.get(signature)) is not None:
            return known
        if not self._hashes.is_valid(transaction.message.recent_blockhash, slot):
            return None
        self._enter(slot)
        landed = self._execute(signature, transaction, slot)
        if landed is not None:
            self._landed.append(landed)
            self._by_signature[signature] = landed
            for address in set(landed.accounts):
                self._by_address[address].append(landed)
        return landed

    def _execute(self, signature: str, transaction: VersionedTransaction, slot: int) -> Landed | None:
        machine = self._machine
        found = machine.keys_of(transaction)
        accounts = tuple(str(key) for key in found.keys)
        with_tokens = not TOKEN_PROGRAMS.keys().isdisjoint(accounts)
        before = machine.balances(found.keys, with_tokens)
        outcome = machine.run(transaction)
        after = machine.balances(found.keys, with_tokens)
        if outcome.error is not None and before.lamports[0] == after.lamports[0]:
            return None  # it paid no fee: no block took it
        return Landed(
            signature=signature,
            slot=slot,
            block_time=int(time.time()),
            transaction=transaction,
            accounts=accounts,
            loaded=(found.writable, found.readonly),
            before=before,
            after=after,
            error=outcome.error,
            fee=outcome.meta.fee(),
            meta=outcome.meta,
        )

    def _enter(self, slot: int) -> None:
        if slot != self._machine.slot:
            self._machine.move_to(slot, _recent(self._hashes, slot))


def is_supported(transaction: VersionedTransaction) -> bool:
    """Whether the ledger takes a transaction of this version: legacy and 0."""
    return isinstance(transaction.message, Message | MessageV0)


def _recent(hashes: Blockhashes, slot: int) -> list[tuple[int, Hash]]:
    return [(past, hashes.at(past)) for past in range(slot - 1, max(FIRST_SLOT, slot - _SLOT_HASHES) - 1, -1)]


def _slot_of(landed: Landed) -> int:
    return landed.slot
