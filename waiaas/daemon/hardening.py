"""What the process does to itself before it reads anything: no core dumps, no other process of the user reading its memory."""

import ctypes
import logging
import resource
import sys

_PR_SET_DUMPABLE = 4
_log = logging.getLogger("waiaas.daemon")


def make_undumpable() -> None:
    """Forbid core files and ptrace by others (prctl(2), PR_SET_DUMPABLE). May be called again. Says so where it cannot."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not sys.platform.startswith("linux"):
        _log.warning("this system offers no way to forbid reading the daemon's memory")
        return
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        _log.warning("the daemon's memory could not be made unreadable: error %d", ctypes.get_errno())
