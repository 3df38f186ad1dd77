"""The watchman: sees an order to stop that lies in the data directory also while nobody is about to sign."""

from waiaas.engine.kill_switch import KillSwitch

_LOOK_SECONDS = 0.25


class Watchman:
    """The job."""

    name = "watchman"

    def __init__(self, kill_switch: KillSwitch) -> None:
        self._kill_switch = kill_switch

    def run_once(self) -> float:
        """Carry the order out, if there is one. :raises NotReady: when it cannot be written down now; it is then seen again"""
        self._kill_switch.heed()
        return _LOOK_SECONDS
