"""The sentinel: looks over the rows that decide, at once where one was found wanting, and every minute besides."""

from waiaas.engine.row_watch import RowWatch

_EVERY_SECONDS = 60.0


class Sentinel:
    """The job; woken when a row was read that is not as the daemon wrote it."""

    name = "sentinel"

    def __init__(self, rows: RowWatch) -> None:
        self._rows = rows

    def run_once(self) -> float:
        """Examine, and tell people what is new."""
        self._rows.review()
        return _EVERY_SECONDS
