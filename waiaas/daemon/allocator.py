"""The C library's allocator, set so that memory which a burst of requests took is given back.

By default glibc keeps a heap for every few threads, and after the first large block that is freed it takes the next ones from
those heaps, where one small block above them keeps them: a minute of large bodies leaves hundreds of megabytes for good.
"""

import ctypes
import gc
import resource
from pathlib import Path

# malloc.h of glibc
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_LARGE = 128 * 1024
_HEAPS = 2
_GROWN = 32 * 1024 * 1024


def settle_allocator() -> None:
    """Few heaps, and large blocks of their own that go back at once. Before the first thread; nothing without glibc."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    for parameter, value in ((_M_ARENA_MAX, _HEAPS), (_M_MMAP_THRESHOLD, _LARGE), (_M_TRIM_THRESHOLD, 2 * _LARGE)):
        mallopt(parameter, value)


class Tidying:
    """Gives memory back that a burst took: rings of dead objects are looked for, and free blocks go to the system.

    Costs nothing as long as the process has not grown, and some milliseconds where it has. Of one thread.
    """

    def __init__(self) -> None:
        self._usual: int | None = None

    def look(self) -> bool:
        """Whether anything was done. May be called as often as wanted."""
        held = resident()
        if self._usual is None or held < self._usual:
            self._usual = held
        if held < self._usual + _GROWN:
            return False
        gc.collect()
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
        self._usual = resident()
        return True


def resident() -> int:
    """Bytes of this process in memory; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return 0
