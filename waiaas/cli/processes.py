"""The daemon as a process: who it is, its end.

A pid in a file may be anybody's by now. The one that counts is told by the kernel: who listens on the admin socket
(SO_PEERCRED), else who holds the lock of ``daemon.lock`` (``/proc/locks``); it is then held by a descriptor (pidfd_open), so
that a signal can never reach another process.
"""

import json
import os
import select
import signal
import socket
import struct
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_PEER = struct.Struct("3i")  # struct ucred: pid, uid, gid


class DaemonProcess:
    """A process, held so that its number cannot be reused. :raises ProcessLookupError: when it is gone already"""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._handle = os.pidfd_open(pid)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; nothing when it has ended."""
        try:
            signal.pidfd_send_signal(self._handle, number)
        except ProcessLookupError:
            return

    def wait(self, seconds: float) -> bool:
        """Whether it ended within ``seconds``."""
        ready, _, _ = select.select([self._handle], [], [], seconds)
        return bool(ready)

    def close(self) -> None:
        """Let it go."""
        os.close(self._handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def find_daemon(data_dir: Path) -> DaemonProcess | None:
    """The daemon of a data directory; None when none runs."""
    pid = _listener(data_dir / "run" / "admin.sock") or _lock_holder(data_dir / "daemon.lock")
    if pid is None:
        return None
    try:
        return DaemonProcess(pid)
    except ProcessLookupError:
        return None


def announced(data_dir: Path) -> Mapping[str, Any]:
    """What the daemon wrote about itself: {pid, url, instanceId, version, notLoaded}; empty without it."""
    try:
        read = json.loads((data_dir / "daemon.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


def not_working(left_out: object) -> list[str]:
    """A line for each plugin that was not loaded and each chain that is not served: why, and the next command."""
    if not isinstance(left_out, list | tuple):
        return []
    items = [one for one in left_out if isinstance(one, Mapping)]
    return [f"Not working: {one.get('name')}: {one.get('reason')}. Next: {one.get('hint')}" for one in items]


def _listener(path: Path) -> int | None:
    """Who listens on a socket. Through the open folder, since an address holds 108 bytes only."""
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.settimeout(2)
            peer.connect(f"/proc/self/fd/{folder}/{path.name}")
            pid, uid, _ = _PEER.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
            return pid if pid > 0 and uid == os.geteuid() else None
    except OSError:
        return None
    finally:
        os.close(folder)


def _lock_holder(path: Path) -> int | None:
    """Who holds the flock: ``1: FLOCK ADVISORY WRITE <pid> <major>:<minor>:<inode> 0 EOF`` (proc_locks(5))."""
    try:
        found = path.stat()
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return None
    wanted = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    for line in lines:
        fields = line.split()
        if len(fields) >= 6 and fields[1] == "FLOCK" and fields[5] == wanted and int(fields[4]) > 0:
            return int(fields[4])
    return None
