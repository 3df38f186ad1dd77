"""Bounded waiting: at most half of a door's threads wait at once, for an outcome or for a node."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from waiaas.errors import NotReady


class WaitingRoom:
    """Seats for requests that wait. A part of them is kept for reads from nodes, so that waiting sends do not starve them.

    :param threads: threads of the door; half of them may wait, at least one
    """

    def __init__(self, threads: int) -> None:
        seats = max(1, threads // 2)
        reads = seats // 4
        self._outcomes = threading.BoundedSemaphore(seats - reads)
        self._reads = threading.BoundedSemaphore(reads) if reads else None

    @contextmanager
    def for_outcome(self) -> Iterator[bool]:
        """Whether there is a seat to wait for an outcome; it is given back at the end."""
        taken = self._outcomes.acquire(blocking=False)
        try:
            yield taken
        finally:
            if taken:
                self._outcomes.release()

    @contextmanager
    def for_node(self) -> Iterator[None]:
        """A seat to ask a node.

        :raises NotReady: with BUSY when all are taken
        """
        seat = next((s for s in (self._reads, self._outcomes) if s is not None and s.acquire(blocking=False)), None)
        if seat is None:
            raise NotReady("too many requests are waiting", code="BUSY", hint="try again in a moment", retry_after=1)
        try:
            yield
        finally:
            seat.release()
