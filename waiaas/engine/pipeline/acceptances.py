"""Acceptances: that a node took a row's bytes, noted for many rows in one commit.

Nothing rests on the note alone: a row without it is sent again, which every chain takes, or is found by the confirmer. So a
lane need not wait for the disk here, and a crash in between loses nothing.
"""

import threading
from collections.abc import Callable

from waiaas.clock import Clock
from waiaas.engine.outcomes import Outcomes
from waiaas.store.database import Store


class Acceptances:
    """Rows whose bytes a node took a moment ago. Thread-safe.

    :param observe: told of each row after its note is durable
    """

    def __init__(self, store: Store, outcomes: Outcomes, clock: Clock, observe: Callable[[str, str], None]) -> None:
        self._store = store
        self._outcomes = outcomes
        self._clock = clock
        self._observe = observe
        self._waiting: list[tuple[str, int]] = []
        self._lock = threading.Lock()
        self.on_add: Callable[[], None] = lambda: None

    def add(self, tx_id: str, n: int) -> None:
        """A node took the row's variant ``n``. Returns at once."""
        with self._lock:
            self._waiting.append((tx_id, n))
        self.on_add()

    def flush(self) -> int:
        """Note all that wait in one commit, and tell whoever waits for them; returns how many.

        :raises NotReady: when the database cannot be written now: they wait on
        """
        with self._lock:
            batch, self._waiting = self._waiting, []
        if not batch:
            return 0
        try:
            self._note(batch)
        except BaseException:
            with self._lock:
                self._waiting = [*batch, *self._waiting]
            raise
        for tx_id, _ in batch:
            self._observe("after-accepted", tx_id)
            self._outcomes.ring(tx_id)
        return len(batch)

    def _note(self, batch: list[tuple[str, int]]) -> None:
        """A row that is final by now has its own time; one that was sent before keeps its first."""
        now = self._clock.now()
        with self._store.write() as unit:
            for tx_id, n in batch:
                if n == 1:
                    unit.transactions.note(tx_id, expected="SUBMITTED", at=now, broadcast_at=now)
                else:
                    unit.variants.note(tx_id, n, first_broadcast_at=now)
