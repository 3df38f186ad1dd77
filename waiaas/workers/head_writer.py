"""The head writer: keeps the pinned head a moment behind the database, however many payments are signed meanwhile."""

from waiaas.clock import Clock
from waiaas.engine.head import HeadKeeper

_IDLE_SECONDS = 60.0
_LAG_SECONDS = 0.25
"""Each write is two fsyncs; the head may lag, so commits that come close together share one."""


class HeadWriter:
    """The job; woken after each commit that signed."""

    name = "head"

    def __init__(self, head: HeadKeeper, clock: Clock) -> None:
        self._head = head
        self._clock = clock
        self._not_before = 0.0

    def run_once(self) -> float:
        """Write the present position, unless that was done a moment ago."""
        left = self._not_before - self._clock.monotonic()
        if left > 0:
            return left
        self._not_before = self._clock.monotonic() + _LAG_SECONDS
        self._head.keep()
        return _IDLE_SECONDS
