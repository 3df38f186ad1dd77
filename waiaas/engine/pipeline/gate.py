"""The gate: who is about to sign or send, so that a stop can wait for them.

A stop commits first; from then on nobody who asks is let through. Those who asked just before are waited for, so that when the
stop answers, the last signature was made and the last byte has left (invariant 9).
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """Knows who passes. Thread-safe; holds nobody up but the one who drains."""

    def __init__(self) -> None:
        self._inside: dict[int, str] = {}
        self._entries = 0
        self._changed = threading.Condition()

    @contextmanager
    def passing(self, agent_id: str) -> Iterator[None]:
        """Pass. What stops the agent has to be read inside."""
        with self._changed:
            self._entries += 1
            entry = self._entries
            self._inside[entry] = agent_id
        try:
            yield
        finally:
            with self._changed:
                del self._inside[entry]
                self._changed.notify_all()

    def drain(self, agent_id: str | None, seconds: float) -> bool:
        """Wait for those who pass now, for the agent or for anybody; who enters later is not waited for.

        Returns False when somebody still did after ``seconds``.
        """
        end = time.monotonic() + seconds
        with self._changed:
            last = self._entries
            while any(entry <= last and agent_id in (None, whose) for entry, whose in self._inside.items()):
                if not self._changed.wait(end - time.monotonic()) and time.monotonic() >= end:
                    return False
        return True
