"""A clock that a test in another process can set forward: wall time plus an offset in a shared file."""

import mmap
import time
from pathlib import Path

_BYTES = 8


class ShiftedClock:
    """Implements the daemon's clock; waits are measured in true time.

    :param path: a file of sixteen bytes, see :func:`make_offset`
    """

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), 2 * _BYTES)

    def now(self) -> int:
        """Unix seconds, shifted."""
        return int(time.time()) + self.offset()

    def monotonic(self) -> float:
        """True time."""
        return time.monotonic()

    def elapsed(self) -> float:
        """True time, and what was let pass."""
        return time.monotonic() + self._read(0)

    def offset(self) -> int:
        """Seconds that are added."""
        return self._read(0) + self._read(1)

    def shift(self, seconds: int) -> None:
        """Let time pass, in every process that shares the file."""
        self._write(0, self._read(0) + seconds)

    def jump(self, seconds: int) -> None:
        """Set the machine's clock: wall time changes, no time passes."""
        self._write(1, self._read(1) + seconds)

    def _read(self, place: int) -> int:
        start = place * _BYTES
        return int.from_bytes(self._shared[start : start + _BYTES], "little", signed=True)

    def _write(self, place: int, seconds: int) -> None:
        start = place * _BYTES
        self._shared[start : start + _BYTES] = seconds.to_bytes(_BYTES, "little", signed=True)


def make_offset(path: Path) -> None:
    """Write the file, with nothing to add."""
    path.write_bytes(bytes(2 * _BYTES))
