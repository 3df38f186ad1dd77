"""The sentinel: looks over the rows that decide, at once where one was found wanting, and over the clock, every minute."""

from waiaas.engine.guarded_clock import TimeKeeping
from waiaas.engine.row_watch import RowWatch

_EVERY_SECONDS = 60.0


class Sentinel:
    """The job; woken when a row was read that is not as the daemon wrote it."""

    name = "sentinel"

    def __init__(self, rows: RowWatch, time: TimeKeeping) -> None:
        self._rows = rows
        self._time = time

    def run_once(self) -> float:
        """Examine, and tell people what is new."""
        self._rows.review()
        self._time.keep()
        return _EVERY_SECONDS
