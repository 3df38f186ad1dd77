"""The head writer: keeps the pinned head a moment behind the database, however many payments are signed meanwhile."""

import logging

from waiaas.clock import Clock
from waiaas.engine.head import HeadKeeper

_log = logging.getLogger("waiaas.head")
_IDLE_SECONDS = 60.0
_LAG_SECONDS = 0.25
"""Each write is two fsyncs; the head may lag, so commits that come close together share one."""
_NO_ROOM_SECONDS = 1.0


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
        try:
            self._head.keep()
        except OSError as problem:
            # A disk without room: the head may lag, and must not take the daemon down with it.
            _log.warning("the pinned head lags behind, it cannot be written: %s", problem.strerror)
            return _NO_ROOM_SECONDS
        return _IDLE_SECONDS
