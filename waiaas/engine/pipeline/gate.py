"""The gate: who is about to sign or send for an agent, so that a stop can wait for them.

A stop commits first; from then on nobody who asks is let through. Those who asked just before are waited for, so that when the
stop answers, the last signature was made and the last byte has left (invariant 9).
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """Counts passers by agent. Thread-safe; holds nobody up but the one who drains."""

    def __init__(self) -> None:
        self._passing: Counter[str] = Counter()
        self._changed = threading.Condition()

    @contextmanager
    def passing(self, agent_id: str) -> Iterator[None]:
        """Pass. What stops the agent has to be read inside."""
        with self._changed:
            self._passing[agent_id] += 1
        try:
            yield
        finally:
            with self._changed:
                self._passing[agent_id] -= 1
                if not self._passing[agent_id]:
                    del self._passing[agent_id]
                self._changed.notify_all()

    def drain(self, agent_id: str, seconds: float) -> bool:
        """Wait until nobody passes. Returns False when somebody still did after ``seconds``."""
        end = time.monotonic() + seconds
        with self._changed:
            while self._passing[agent_id]:
                if not self._changed.wait(end - time.monotonic()) and time.monotonic() >= end:
                    return False
        return True
