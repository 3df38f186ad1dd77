"""The courier: carries notifications out of the outbox, and events to plugins that listen."""

from waiaas.clock import Clock
from waiaas.engine.notifications import Notifications

_IDLE_SECONDS = 2.0
_PRUNE_EVERY_SECONDS = 3600.0


class Courier:
    """The job."""

    name = "courier"

    def __init__(self, notifications: Notifications, clock: Clock) -> None:
        self._notifications = notifications
        self._clock = clock
        self._prune_at = 0.0

    def run_once(self) -> float:
        """Deliver what is due; at once again while there is more."""
        if self._clock.monotonic() >= self._prune_at:
            self._prune_at = self._clock.monotonic() + _PRUNE_EVERY_SECONDS
            self._notifications.prune()
        carried = self._notifications.deliver() + self._notifications.tell_listeners()
        return 0.0 if carried else _IDLE_SECONDS
