"""The clock: the one source of time, handed to whoever needs it.

Readings with different promises. ``now`` is wall time and may jump; it dates rows and decides windows. ``monotonic``
never goes back and measures waits. Nothing in the project calls :mod:`time` for either on its own.
"""

import time
from typing import Protocol


class Clock(Protocol):
    """What the rest of the house may ask about time."""

    def now(self) -> int:
        """Seconds since the Unix epoch, UTC, whole. May jump when the machine's clock is set."""

    def monotonic(self) -> float:
        """Seconds on a scale that only moves forward; meaningful as differences alone."""

    def elapsed(self) -> float:
        """The same, with the time that the machine slept: how much really passed, whatever wall time says."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> int:
        return int(time.time())

    def monotonic(self) -> float:
        return time.monotonic()

    def elapsed(self) -> float:
        return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
