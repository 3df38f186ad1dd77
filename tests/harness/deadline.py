"""Waiting for a condition, never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_POLL_SECONDS = 0.01


def until(condition: Callable[[], T], what: str, seconds: float = 30.0) -> T:
    """The first true value of ``condition``, asked again and again.

    :param what: what is waited for, for the failure
    :raises AssertionError: when it did not come about in ``seconds``
    """
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise AssertionError(f"waited {seconds:g} s in vain: {what}")
        time.sleep(_POLL_SECONDS)
