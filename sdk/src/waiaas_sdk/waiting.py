"""Waiting until a transaction is where the caller wants it: bounded polling, slower with time."""

import time
from collections.abc import Callable, Collection
from typing import Literal

from waiaas_sdk.codes import DaemonUnreachable
from waiaas_sdk.errors import RateLimited, Unreachable, WaiaasApiError, WaitTimeout
from waiaas_sdk.models import FINAL_STATUSES, Transaction

Until = Literal["final"] | str | Collection[str]
"""``"final"`` (it rests), one status, or several of them; a final status always ends the wait."""

_FIRST_SECONDS = 0.1
_LONGEST_SECONDS = 2.0


def wait_until(
    show: Callable[[], Transaction], until: Until, timeout: float, sleep: Callable[[float], None] = time.sleep
) -> Transaction:
    """Poll ``show`` until its status is wanted or final.

    A daemon that is away or busy meanwhile is waited for as well.

    :param timeout: seconds
    :raises WaitTimeout: when time is up; nothing is cancelled by that
    :raises Unreachable: when time is up and the daemon never answered
    """
    wanted = _statuses(until)
    deadline = time.monotonic() + timeout
    pause = _FIRST_SECONDS
    last: Transaction | None = None
    while True:
        trouble: WaiaasApiError | None = None
        try:
            last = show()
        except (Unreachable, RateLimited) as error:
            trouble = error
        if last is not None and (last.status in wanted or last.is_final):
            return last
        left = deadline - time.monotonic()
        if left <= 0:
            if last is not None:
                raise WaitTimeout(last, timeout)
            raise trouble or DaemonUnreachable("the daemon did not answer", code="DAEMON_UNREACHABLE")
        sleep(min(pause, left))
        pause = min(_LONGEST_SECONDS, pause * 1.5)


def _statuses(until: Until) -> frozenset[str]:
    if until == "final":
        return FINAL_STATUSES
    return frozenset({until} if isinstance(until, str) else until)
