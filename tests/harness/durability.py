"""What a power cut would leave: which files were brought to the disk, and in which order with their names."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


class Disk:
    """Notes every fsync, rename and link of this process; the real ones happen all the same."""

    def __init__(self) -> None:
        self._events: list[tuple[str, object]] = []

    def missing(self, path: Path) -> list[str]:
        """Why a file's content or name could be lost by a power cut now; nothing where it could not."""
        found = path.stat().st_ino
        if ("synced", found) not in self._events:
            return [f"the content of {path.name} was not synced"]
        synced = self._events.index(("synced", found))
        named = max((at for at, event in enumerate(self._events) if event == ("named", str(path))), default=synced)
        if synced > named:
            return [f"{path.name} got its name before its content was synced"]
        after = [event for event in self._events[named:] if event == ("synced", path.parent.stat().st_ino)]
        return [] if after else [f"the folder of {path.name} was not synced after it got its name"]

    def _note(self, what: str, about: object) -> None:
        self._events.append((what, about))


@contextmanager
def watched_disk() -> Iterator[Disk]:
    """Watch while the block runs."""
    disk, fsync = Disk(), os.fsync

    def noting_fsync(handle: Any) -> None:
        fsync(handle)
        disk._note("synced", os.fstat(handle).st_ino)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", noting_fsync)
        for name in ("rename", "replace", "link"):
            patch.setattr(os, name, _naming(getattr(os, name), disk))
        yield disk


def _naming(real: Any, disk: Disk) -> Any:
    def naming(source: Any, target: Any, **options: Any) -> None:
        real(source, target, **options)
        folder = options.get("dst_dir_fd")
        place = Path(os.readlink(f"/proc/self/fd/{folder}")) / target if folder is not None else Path(target)
        disk._note("named", str(place))

    return naming
