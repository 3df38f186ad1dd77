"""The block in which nobody may look outside: for the one that is tried, and for nobody else."""

import os
import threading
from collections.abc import Callable

import pytest

from waiaas.testing.purity import nothing_outside


class Tried:
    """A type of this module."""


def test_threads_that_ran_before_go_on_as_they_were() -> None:
    """Somebody else's thread reads the world inside of the block; the one that is tried does not, nor one that it starts."""
    asked, seen = threading.Event(), list[bool]()

    def look() -> None:
        try:
            seen.append(bool(os.stat("/")))
        except AssertionError:
            seen.append(False)

    def look_once_asked() -> None:
        asked.wait(10)
        look()

    other = _started(look_once_asked)
    with nothing_outside(Tried):
        asked.set()
        other.join(10)
        own = _started(look)
        own.join(10)
        with pytest.raises(AssertionError, match="asked stat"):
            os.stat("/")
    assert seen == [True, False]


def _started(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread
