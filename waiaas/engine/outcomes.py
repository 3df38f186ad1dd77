"""Who waits for which transaction: a bell for each row, rung after every commit that concerns it. Nothing here is durable."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Bell:
    """Rung each time the row it watches changed."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def wait(self, seconds: float) -> bool:
        """Until the next ring, or ``seconds``. Returns whether it rang."""
        rang = self._event.wait(seconds)
        self._event.clear()
        return rang

    def ring(self) -> None:
        """Wake whoever waits, or whoever waits next."""
        self._event.set()


class Outcomes:
    """All bells. Thread-safe."""

    def __init__(self) -> None:
        self._bells: dict[str, set[Bell]] = {}
        self._lock = threading.Lock()
        self.is_closing = False

    @contextmanager
    def watch(self, tx_id: str) -> Iterator[Bell]:
        """A bell for ``tx_id`` as long as the block runs."""
        bell = Bell()
        with self._lock:
            self._bells.setdefault(tx_id, set()).add(bell)
        try:
            yield bell
        finally:
            with self._lock:
                self._bells[tx_id].discard(bell)
                if not self._bells[tx_id]:
                    del self._bells[tx_id]

    def ring(self, tx_id: str) -> None:
        """Tell everybody who watches ``tx_id``."""
        with self._lock:
            bells = list(self._bells.get(tx_id, ()))
        for bell in bells:
            bell.ring()

    def close(self) -> None:
        """Ring every bell for the last time: the daemon stops, waiters answer with the state so far."""
        self.is_closing = True
        with self._lock:
            bells = [bell for group in self._bells.values() for bell in group]
        for bell in bells:
            bell.ring()
