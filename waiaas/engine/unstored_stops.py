"""Orders to stop that the database would not take, as on a full disk: they hold all the same, and are stored once it can be.

Each lies in ``stop.request`` too, if only as an empty file; where not even that can be made, it lasts as long as the process.
"""

import logging
import threading
from dataclasses import dataclass, replace

from waiaas.engine.actors import Actor
from waiaas.engine.rules.kill_switch_states import LOCKED, SUSPENDED
from waiaas.engine.stop_request import Order, StopRequest
from waiaas.engine.stops import Switch

_log = logging.getLogger("waiaas.kill_switch")
_WHY = "the database cannot be written, so nothing is signed for anybody until it can be"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnstoredStop:
    """One order. :param door: by which it came; :param since: when; :param is_left: whether it lies in the file too"""

    order: Order
    actor: Actor
    door: str
    since: int
    is_left: bool = False


class UnstoredStops:
    """Those of one process. Thread-safe. :param request: the file that outlives the process"""

    def __init__(self, request: StopRequest) -> None:
        self._request = request
        self._all: tuple[UnstoredStop, ...] = ()
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self._all)

    @property
    def all(self) -> tuple[UnstoredStop, ...]:
        """In the order in which they came."""
        return self._all

    def add(self, stop: UnstoredStop) -> None:
        """Hold it. May be called again."""
        with self._lock:
            if not any(one.order.covers(stop.order) for one in self._all):
                self._all = (*self._all, self._left(stop))
                where = "in stop.request" if self._all[-1].is_left else "in memory alone, until this process ends"
                _log.critical("an order to stop holds, and could not be stored: it is kept %s", where)

    def leave_again(self) -> None:
        """Try once more to leave in the file what could not be left there."""
        with self._lock:
            self._all = tuple(one if one.is_left else self._left(one) for one in self._all)

    def drop(self, stop: UnstoredStop) -> None:
        """It is stored now."""
        with self._lock:
            self._all = tuple(one for one in self._all if not stop.order.covers(one.order))

    def switch(self) -> Switch | None:
        """How everything stands by them: stopped, since what one is meant for cannot be told from the others yet."""
        found = self._all
        if not found:
            return None
        is_locked = any(one.order.is_for_everything and one.order.state == LOCKED for one in found)
        reason = "; ".join(filter(None, (found[0].order.reason, _WHY)))
        state = LOCKED if is_locked else SUSPENDED
        return Switch(state=state, since=found[0].since, by=found[0].actor.label, reason=reason)

    def _left(self, stop: UnstoredStop) -> UnstoredStop:
        try:
            self._request.leave(stop.order)
        except OSError:
            return stop
        return replace(stop, is_left=True)
