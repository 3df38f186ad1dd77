"""Room for what nodes answer: so many bytes at once of one endpoint, and of all together, from the first byte received until
the answer has been read. Who answers much, or slowly, takes nobody else's."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class NoRoom(OSError):
    """The answer would take more than there is room for."""


class Room:
    """Bytes that may be held at once. Thread-safe.

    :param most: of them
    :param within: a larger room that they count in too
    """

    def __init__(self, most: int, within: "Room | None" = None) -> None:
        self._most = most
        self._within = within
        self._held = 0
        self._lock = threading.Lock()

    @property
    def held(self) -> int:
        """Bytes that are held now."""
        return self._held

    @contextmanager
    def lease(self, most: int) -> Iterator["Lease"]:
        """Room for one answer of ``most`` bytes, taken as it comes in; all of it is given back at the end."""
        lease = Lease(self, most)
        try:
            yield lease
        finally:
            self._give(lease.held)

    def take(self, count: int) -> None:
        """:raises NoRoom: where there is none; then nothing was taken"""
        if self._within is not None:
            self._within.take(count)
        with self._lock:
            fits = self._held + count <= self._most
            self._held += count if fits else 0
        if not fits:
            if self._within is not None:
                self._within._give(count)
            raise NoRoom("answers that are read together are larger than is held at once")

    def _give(self, count: int) -> None:
        with self._lock:
            self._held -= count
        if self._within is not None:
            self._within._give(count)


class Lease:
    """What one answer takes of a room. :ivar held: bytes so far"""

    def __init__(self, room: Room, most: int) -> None:
        self._room = room
        self.most = most
        self.held = 0

    def grow(self, count: int) -> None:
        """:raises NoRoom: when the answer passes its own bound, or the room's"""
        if self.held + count > self.most:
            raise NoRoom(f"the answer is larger than {self.most} bytes")
        self._room.take(count)
        self.held += count
