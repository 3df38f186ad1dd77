"""One daemon a data directory: a lock that the kernel gives back when the process ends, however it ends."""

import fcntl
import os
from pathlib import Path

from waiaas.errors import StartRefused


class DirectoryLock:
    """Holds ``daemon.lock``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def take(self) -> None:
        """Lock. :raises StartRefused: with code ALREADY_RUNNING when another daemon holds it"""
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            raise StartRefused(
                f"a daemon is running on {self._path.parent} already",
                code="ALREADY_RUNNING",
                hint="see `waiaas status`; stop it with `waiaas stop`",
            ) from None
        self._file = file

    def release(self) -> None:
        """Unlock. May be called again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
