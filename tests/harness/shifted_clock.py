"""A clock that a test in another process can set forward: wall time plus an offset in a shared file."""

import mmap
import time
from pathlib import Path

_BYTES = 8


class ShiftedClock:
    """Implements the daemon's clock; waits are measured in true time.

    :param path: a file of eight bytes, see :func:`make_offset`
    """

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), _BYTES)

    def now(self) -> int:
        """Unix seconds, shifted."""
        return int(time.time()) + self.offset()

    def monotonic(self) -> float:
        """True time."""
        return time.monotonic()

    def offset(self) -> int:
        """Seconds that are added."""
        return int.from_bytes(self._shared[:_BYTES], "little", signed=True)

    def shift(self, seconds: int) -> None:
        """Set the clock forward, in every process that shares the file."""
        self._shared[:_BYTES] = (self.offset() + seconds).to_bytes(_BYTES, "little", signed=True)


def make_offset(path: Path) -> None:
    """Write the file, with nothing to add."""
    path.write_bytes(bytes(_BYTES))
