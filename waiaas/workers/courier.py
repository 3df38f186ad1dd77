"""The courier: carries notifications out of the outbox, and events to plugins that listen."""

from waiaas.clock import Clock
from waiaas.engine.notifications import Notifications

_IDLE_SECONDS = 2.0
_PAUSE_SECONDS = 0.2
"""Between rounds, so that a burst of events is carried and marked together."""
_PRUNE_EVERY_SECONDS = 3600.0


class Courier:
    """The job."""

    name = "courier"

    def __init__(self, notifications: Notifications, clock: Clock) -> None:
        self._notifications = notifications
        self._clock = clock
        self._prune_at = 0.0
        self._not_before = 0.0

    def run_once(self) -> float:
        """Deliver what is due; again after a pause while there is more."""
        left = self._not_before - self._clock.monotonic()
        if left > 0:
            return left
        self._not_before = self._clock.monotonic() + _PAUSE_SECONDS
        if self._clock.monotonic() >= self._prune_at:
            self._prune_at = self._clock.monotonic() + _PRUNE_EVERY_SECONDS
            self._notifications.prune()
        carried = self._notifications.deliver() + self._notifications.tell_listeners()
        return _PAUSE_SECONDS if carried else _IDLE_SECONDS
