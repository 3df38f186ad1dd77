"""The head writer: keeps the pinned head a moment behind the database, however many payments are signed meanwhile."""

from waiaas.engine.head import HeadKeeper

_IDLE_SECONDS = 60.0


class HeadWriter:
    """The job; woken after each commit that signed."""

    name = "head"

    def __init__(self, head: HeadKeeper) -> None:
        self._head = head

    def run_once(self) -> float:
        """Write the present position."""
        self._head.keep()
        return _IDLE_SECONDS
