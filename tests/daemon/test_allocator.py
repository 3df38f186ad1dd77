"""Memory that a burst took is given back."""

import gc
import threading
from pathlib import Path
from unittest import mock

from waiaas.clock import SystemClock
from waiaas.daemon import life
from waiaas.daemon.allocator import Tidying, resident, settle_allocator

_MIB = 1024 * 1024


class Ring:
    """Holds itself, and much besides."""

    def __init__(self) -> None:
        self.own = self
        self.much = b"x" * (80 * _MIB)


def test_a_burst_that_left_rings_is_given_back() -> None:
    """What only the collector finds is found once the process has grown, and the system has it back; else nothing is done."""
    settle_allocator()
    tidying = Tidying()
    tidying.look()
    gc.disable()
    try:
        ring = Ring()
        grown = resident()
        del ring
        assert tidying.look() is True
        assert resident() < grown - 60 * _MIB
        assert tidying.look() is False
    finally:
        gc.enable()


def test_a_daemon_looks_as_long_as_it_runs(tmp_path: Path) -> None:
    """While it waits for its end it tidies up, again and again."""
    daemon = life.Daemon(tmp_path, {}, lambda step, tx_id: None, SystemClock())
    looks: list[bool] = []

    def look(_: Tidying) -> bool:
        looks.append(True)
        if len(looks) == 3:
            daemon._stopping.set()
        return False

    with mock.patch.object(life, "_LOOK_SECONDS", 0.001), mock.patch.object(Tidying, "look", look):
        deadline = threading.Timer(10, daemon._stopping.set)
        deadline.start()
        assert daemon.wait() == life.EXIT_OK
        deadline.cancel()
    assert len(looks) == 3
