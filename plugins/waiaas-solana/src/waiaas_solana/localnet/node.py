"""The node that clients talk to: the chain's parts in one place, handed to every method."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

from solders.transaction import VersionedTransaction

from .blockhashes import Blockhashes
from .faults import Faults
from .issuer import Issuer
from .ledger import Ledger
from .slots import FIRST_SLOT, Slots, View

VERSION = "3.0.0"
"""The Agave release whose answers this node imitates."""


class Node:
    """One chain and how it is seen.

    :param slot_seconds: length of a slot; None stands still until advanced.
    :param confirmed_slots: slots until a block is confirmed, at least 0.
    :param finality_slots: slots until a block is finalized, at least `confirmed_slots`.
    """

    def __init__(self, slot_seconds: float | None, confirmed_slots: int, finality_slots: int) -> None:
        if not 0 <= confirmed_slots <= finality_slots:
            raise ValueError(f"need 0 <= confirmed_slots {confirmed_slots} <= finality_slots {finality_slots}")
        self.slots = Slots(slot_seconds)
        self.hashes = Blockhashes()
        self.ledger = Ledger(self.slots, self.hashes)
        self.issuer = Issuer(self.ledger)
        self.faults = Faults()
        self.meter = Meter()
        self.accepted: list[str] = []
        self.kept: dict[str, VersionedTransaction] = {}
        self.mints: list[str] = []
        self._confirmed_slots = confirmed_slots
        self._finality_slots = finality_slots

    def view(self, lag_slots: int = 0) -> View:
        """The chain at this moment, as far back as the faults say.

        :param lag_slots: further slots behind, of a replica's own address.
        """
        behind = lag_slots + self.faults.conditions.lag_slots
        tip = max(FIRST_SLOT, self.slots.now() - behind)
        return View(tip, self._confirmed_slots, self._finality_slots)

    def release(self) -> int:
        """Let land what the lying node kept, as far as it still can; how many transactions did."""
        kept, self.kept = self.kept, {}
        new = [one for name, one in kept.items() if self.ledger.find(name) is None]
        return sum(self.ledger.submit(one) is not None for one in new)

    def oldest_slot(self) -> int:
        """The first slot whose transactions are still known."""
        return max(FIRST_SLOT, self.faults.conditions.history_floor)


class Meter:
    """Counts calls by method and HTTP requests, those that a fault struck included."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()
        self._requests = 0

    def count(self, methods: list[str]) -> None:
        """One HTTP request with these calls."""
        with self._lock:
            self._requests += 1
            self._calls.update(methods)

    def calls(self) -> dict[str, int]:
        """Calls by method since the start or the last reset."""
        with self._lock:
            return dict(self._calls)

    @property
    def requests(self) -> int:
        """HTTP requests since the start or the last reset; a batch is one."""
        return self._requests

    def reset(self) -> None:
        """Start from zero."""
        with self._lock:
            self._calls.clear()
            self._requests = 0


def in_context(slot: int, value: Any) -> dict[str, Any]:
    """A value with the slot that it is true for (`Response<T>` of the RPC)."""
    return {"context": {"apiVersion": VERSION, "slot": slot}, "value": value}
