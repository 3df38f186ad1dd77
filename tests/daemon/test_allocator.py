"""Memory that a burst took is given back."""

import gc

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
