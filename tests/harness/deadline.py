"""Waiting for a condition, never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_POLL_SECONDS = 0.01


def until(condition: Callable[[], T], what: str | Callable[[], str], seconds: float = 30.0) -> T:
    """The first true value of ``condition``, asked again and again.

    :param what: what is waited for, for the failure; asked only then where it is a function
    :raises AssertionError: when it did not come about in ``seconds``
    """
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            missed = what if isinstance(what, str) else what()
            raise AssertionError(f"waited {seconds:g} s in vain: {missed}")
        time.sleep(_POLL_SECONDS)
