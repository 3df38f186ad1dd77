"""A clock that stands still until the test moves it."""


class FrozenClock:
    """Implements :class:`waiaas.clock.Clock`.

    :param now: Unix seconds
    """

    def __init__(self, now: int = 1_700_000_000) -> None:
        self._now = now
        self._monotonic = 0.0

    def now(self) -> int:
        """Unix seconds."""
        return self._now

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return self._monotonic

    def elapsed(self) -> float:
        """The same."""
        return self._monotonic

    def advance(self, seconds: int) -> None:
        """Let time pass. :param seconds: 0 or more"""
        if seconds < 0:
            raise ValueError("time passes forward; use jump for a machine's clock that is set back")
        self._now += seconds
        self._monotonic += seconds

    def jump(self, seconds: int) -> None:
        """Set the machine's clock: wall time changes, no time passes."""
        self._now += seconds
