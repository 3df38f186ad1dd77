"""The head writer: keeps the pinned head up, and outlives a disk that is full."""

import threading
import time
from pathlib import Path

import pytest

from waiaas.clock import SystemClock
from waiaas.engine.head import HeadKeeper
from waiaas.engine.restored import RestoreMark
from waiaas.store.database import Store
from waiaas.workers.head_writer import HeadWriter
from waiaas.workers.thread import WorkerThread

_DEADLINE = 10.0


class Disk:
    """Writes heads while there is room."""

    def __init__(self) -> None:
        self.is_full = True
        self.refused, self.written = threading.Event(), threading.Event()

    def write(self, path: Path, content: bytes) -> None:
        if self.is_full:
            self.refused.set()
            raise OSError(28, "No space left on device")
        self.written.set()


def test_a_full_disk_makes_the_head_lag_and_ends_nothing(tmp_path: Path) -> None:
    """A head that cannot be written is written once there is room again; the worker, and the daemon with it, live on."""
    store, disk, died = Store.open(tmp_path / "waiaas.db"), Disk(), list[str]()
    keeper = HeadKeeper(tmp_path / "head", tmp_path / "waiaas.db", store, disk.write, RestoreMark(tmp_path / "mark"))
    keeper.open(b"k" * 32)
    with pytest.raises(OSError, match="No space"):
        keeper.begin()
    disk.refused.clear()
    worker = WorkerThread(HeadWriter(keeper, SystemClock()), died.append)
    worker.start()
    try:
        assert disk.refused.wait(_DEADLINE)
        disk.is_full = False
        end = time.monotonic() + _DEADLINE
        while not disk.written.wait(0.05):
            worker.wake()
            assert not died
            assert time.monotonic() < end
    finally:
        assert worker.stop(_DEADLINE)
        store.close()
    assert died == []
