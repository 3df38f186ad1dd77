"""Slots: the chain's time, driven by the clock or by the test.

The slot is a function of the time passed, so nothing ticks: whoever asks gets the slot of that moment.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

COMMITMENTS = ("processed", "confirmed", "finalized")

FIRST_SLOT = 500
"""The oldest slot this chain remembers; a replica lags no further than this."""

START_SLOT = 1_000
"""The slot at start: far enough from the first one that a replica can lag from the beginning."""

SKIPPED_SLOTS = 300
"""Slots without a block before the first one: heights and slots differ, as on every public cluster."""

SLOTS_IN_EPOCH = 432_000

_FURTHEST_JUMP = 10**12


def block_height(slot: int) -> int:
    """The height of a slot's block.

    :param slot: at least FIRST_SLOT.
    """
    return slot - SKIPPED_SLOTS


class Slots:
    """The current slot.

    :param seconds: length of a slot, above 0; None stands still until `advance`.
    """

    def __init__(self, seconds: float | None) -> None:
        self._lock = threading.Lock()
        self._base = START_SLOT
        self._since = time.monotonic()
        self._seconds = _checked(seconds)

    @property
    def seconds(self) -> float | None:
        """Length of a slot in seconds, None while the clock stands still."""
        return self._seconds

    def now(self) -> int:
        """The slot of this moment."""
        with self._lock:
            return self._now()

    def advance(self, count: int) -> int:
        """Jump ahead at once; the new slot is the answer.

        :param count: slots, 0 to 10^12.
        :raises ValueError: a count out of range.
        """
        if not 0 <= count <= _FURTHEST_JUMP:
            raise ValueError(f"slots go forward, by at most {_FURTHEST_JUMP}, not by {count}")
        with self._lock:
            self._base += count
            return self._now()

    def pace(self, seconds: float | None) -> None:
        """Change the length of a slot from now on.

        :param seconds: above 0; None stops the clock.
        :raises ValueError: zero or negative.
        """
        seconds = _checked(seconds)
        with self._lock:
            self._base = self._now()
            self._since = time.monotonic()
            self._seconds = seconds

    def _now(self) -> int:
        if self._seconds is None:
            return self._base
        return self._base + int((time.monotonic() - self._since) / self._seconds)


def _checked(seconds: float | None) -> float | None:
    if seconds is not None and not 0 < seconds < 3600:
        raise ValueError(f"a slot takes more than 0 and less than 3600 seconds, not {seconds}")
    return seconds


@dataclass(frozen=True, slots=True)
class View:
    """The chain as one request sees it: a single moment, possibly an old one.

    :param tip: the newest slot seen.
    :param confirmed_slots: slots until a block is confirmed.
    :param finality_slots: slots until a block is finalized.
    """

    tip: int
    confirmed_slots: int
    finality_slots: int

    def slot(self, commitment: str) -> int:
        """The newest slot of a commitment.

        :param commitment: one of COMMITMENTS.
        """
        behind = {"processed": 0, "confirmed": self.confirmed_slots, "finalized": self.finality_slots}
        return max(FIRST_SLOT, self.tip - behind[commitment])

    def commitment_of(self, slot: int) -> str:
        """The highest commitment that a block has reached.

        :param slot: at most the tip.
        """
        return next(name for name in reversed(COMMITMENTS) if slot <= self.slot(name))
