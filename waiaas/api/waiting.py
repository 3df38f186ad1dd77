"""Bounded waiting: at most half of a door's threads wait at once, for an outcome or for a node.

Whoever asks a node while all seats are taken stands a moment, so that a burst over nodes that answer is not turned away; once
seats are seen to be held for longer than that, nobody stands any more, and no thread is lost to a node that hangs.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from waiaas.errors import NotReady

_STANDING_SECONDS = 0.5


class WaitingRoom:
    """Seats for requests that wait. A part of them is kept for asking nodes, so that waiting sends do not starve that.

    :param threads: threads of the door; half of them may wait, at least one
    """

    def __init__(self, threads: int) -> None:
        seats = max(1, threads // 2)
        self._kept = seats // 4
        self._free = seats
        self._outcomes = seats - self._kept
        self._is_slow = False
        self._changed = threading.Condition()

    @contextmanager
    def for_outcome(self) -> Iterator[bool]:
        """Whether there is a seat to wait for an outcome, and for a node before; it is given back at the end."""
        with self._changed:
            is_seated = self._free > 0 and self._outcomes > 0
            self._free -= is_seated
            self._outcomes -= is_seated
        try:
            yield is_seated
        finally:
            if is_seated:
                with self._changed:
                    self._free += 1
                    self._outcomes += 1
                    self._changed.notify()

    @contextmanager
    def for_node(self) -> Iterator[None]:
        """A seat to ask a node. Waits half a second for one at most.

        :raises NotReady: with BUSY when all are taken
        """
        self._sit()
        since = time.monotonic()
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._is_slow = time.monotonic() - since > _STANDING_SECONDS
                self._changed.notify()

    def _sit(self) -> None:
        end = time.monotonic() + _STANDING_SECONDS
        with self._changed:
            while not self._free:
                left = end - time.monotonic()
                if self._is_slow or left <= 0:
                    self._is_slow = True
                    self._changed.notify_all()
                    raise NotReady(
                        "too many requests are waiting", code="BUSY", hint="try again in a moment", retry_after=1
                    )
                self._changed.wait(left)
            self._free -= 1
