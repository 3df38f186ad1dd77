"""Waits: what each payment under way cannot go on for, and since when; told to the log once.

Kept in memory: a restart finds out anew, within the first try of each payment.
"""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from waiaas.engine.rules.waiting import Wait, told
from waiaas.store.records import Transaction

_log = logging.getLogger("waiaas.waits")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """:param since: Unix seconds, when it was first met"""

    wait: Wait
    since: int


class Waits:
    """Thread-safe. Bounded by the payments under way: whoever moves one on takes its entry away."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lanes: dict[str, Held] = {}
        self._heads: dict[str, str] = {}
        self._on_chain: dict[tuple[str, str], dict[str, Held]] = {}

    def hold(self, row: Transaction, wait: Wait, now: int) -> bool:
        """The head of its account's lane cannot go on. Returns whether that is news."""
        with self._lock:
            before = self._lanes.get(row.id)
            is_news = before is None or before.wait.code is not wait.code
            since = now if before is None or is_news else before.since
            self._lanes[row.id] = Held(wait=wait, since=since)
            self._heads[row.agent_id] = row.id
        if is_news:
            _tell(row.id, wait)
        return is_news

    def clear(self, tx_id: str) -> None:
        """It went on, or ended."""
        with self._lock:
            if self._lanes.pop(tx_id, None) is not None:
                self._heads = {agent: head for agent, head in self._heads.items() if head != tx_id}

    def settle(self, chain: str, network: str, found: Mapping[str, Wait], now: int) -> None:
        """Which signed payments of a network do not come to an end, as one look at all of them found it."""
        with self._lock:
            before = self._on_chain.get((chain, network), {})
            self._on_chain[chain, network] = {
                tx_id: Held(wait=wait, since=before[tx_id].since if _is_same(before.get(tx_id), wait) else now)
                for tx_id, wait in found.items()
            }
        for tx_id, wait in found.items():
            if not _is_same(before.get(tx_id), wait):
                _tell(tx_id, wait)

    def of(self, row: Transaction) -> Held | None:
        """What is known of one payment."""
        with self._lock:
            found = self._lanes.get(row.id)
            return found if found is not None else self._on_chain.get((row.chain, row.network), {}).get(row.id)

    def before(self, row: Transaction) -> tuple[str, Held] | None:
        """The payment that holds the lane of the row's account, where it is another one; and why it does not go on."""
        with self._lock:
            head = self._heads.get(row.agent_id)
            held = self._lanes.get(head) if head is not None and head != row.id else None
        return None if head is None or held is None else (head, held)


def _is_same(before: Held | None, wait: Wait) -> bool:
    return before is not None and before.wait.code is wait.code


def _tell(tx_id: str, wait: Wait) -> None:
    endpoints = f" ({told(wait.troubles)})" if wait.troubles else ""
    _log.warning("payment %s waits: %s: %s%s", tx_id, wait.code.value, wait.reason, endpoints)
