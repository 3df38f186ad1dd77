"""Turns: a lock that is handed on in the order in which it was asked for.

``threading.Lock`` gives itself to whoever happens to run, so under load a writer can be passed over until its patience ends.
"""

import threading
from collections import deque


class Turns:
    """Thread-safe. Not reentrant."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._is_taken = False

    def take(self, seconds: float) -> bool:
        """Wait for the turn. Returns False when it did not come within ``seconds``; then nothing is held."""
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                return True
            ticket = threading.Lock()
            ticket.acquire()
            self._waiting.append(ticket)
        try:
            has_turn = ticket.acquire(timeout=seconds)
        except BaseException:
            if not self._withdraw(ticket):
                self.give()
            raise
        return has_turn or not self._withdraw(ticket)

    def give(self) -> None:
        """Hand the turn to whoever has waited longest."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False

    def _withdraw(self, ticket: threading.Lock) -> bool:
        """Leave the queue. False when the turn was handed over in that very moment: then it is held."""
        with self._lock:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
                return True
            return False
