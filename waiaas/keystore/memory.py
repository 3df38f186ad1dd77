"""Memory for secrets, and what a process does so that nobody looks into it.

Python promises no zeroing of what it copied once. So secrets of the signer never become Python objects: they stay in one
mapping that is locked (no swap), left out of cores, wiped in a forked child, and handed to the C libraries by address.
"""

import ctypes
import mmap
import os
import resource
import signal

from waiaas.errors import StartRefused

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_MADV_DONTDUMP = 16
_MADV_WIPEONFORK = 18

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mlock.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
_libc.prctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong)


class Secret:
    """A slot of locked memory with a fixed place and size. Its bytes are reached by address, or through ``view``."""

    __slots__ = ("address", "size", "view")

    def __init__(self, address: int, view: memoryview) -> None:
        self.address = address
        self.size = len(view)
        self.view = view

    def part(self, start: int, size: int) -> "Secret":
        """A narrower window on the same bytes."""
        if start < 0 or size < 0 or start + size > self.size:
            raise ValueError("a part must lie inside its slot")
        return Secret(self.address + start, self.view[start : start + size])

    def copy_from(self, other: "Secret") -> None:
        """Take over the bytes of a slot of the same size, without a Python object in between."""
        if other.size != self.size:
            raise ValueError("slots differ in size")
        ctypes.memmove(self.address, other.address, self.size)

    def wipe(self, size: int | None = None) -> None:
        """Zero every byte, or the first ``size`` of them. May be called again."""
        ctypes.memset(self.address, 0, self.size if size is None else min(size, self.size))


class LockedMemory:
    """One private anonymous mapping, locked, undumped and wiped on fork, from which slots are cut once and for all.

    :param size: bytes, rounded up to whole pages
    :raises StartRefused: when the system refuses any of the protections; there is no weaker mode
    """

    def __init__(self, size: int) -> None:
        whole = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
        # Python's default is MAP_SHARED: a fork would then share the pages, and WIPEONFORK would be refused.
        self._map = mmap.mmap(-1, whole, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._address = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        self._view = memoryview(self._map)
        self._used = 0
        try:
            self._map.madvise(_MADV_DONTDUMP)
            self._map.madvise(_MADV_WIPEONFORK)
        except OSError as failure:
            raise StartRefused(f"this kernel cannot protect memory for keys ({failure.strerror})") from failure
        if _libc.mlock(self._address, whole) != 0:
            raise StartRefused(
                f"memory for keys cannot be locked ({os.strerror(ctypes.get_errno())})",
                hint=f"raise the limit on locked memory (ulimit -l, LimitMEMLOCK) to {whole // 1024 + 64} KiB or more",
            )

    def slot(self, size: int) -> Secret:
        """Cut the next slot, aligned to 16 bytes. Slots are never given back."""
        start = -(-self._used // 16) * 16
        if start + size > len(self._view):
            raise ValueError("the mapping is too small")
        self._used = start + size
        return Secret(self._address + start, self._view[start : start + size])

    def wipe(self) -> None:
        """Zero the whole mapping. May be called again."""
        ctypes.memset(self._address, 0, len(self._view))


def harden_process() -> None:
    """Make this process leave no core and be closed to ptrace and /proc/<pid>/mem of its own user. May be called again.

    An ``exec`` undoes it, so it is called by whoever runs now. Root still sees everything.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise StartRefused(f"the process cannot be made non-dumpable ({os.strerror(ctypes.get_errno())})")


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends.

    :param parent: process id of the starter; when it has gone already, this process ends here
    """
    if _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise StartRefused(f"the signer cannot be tied to the daemon ({os.strerror(ctypes.get_errno())})")
    if os.getppid() != parent:
        os._exit(0)
