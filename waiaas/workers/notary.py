"""The notary: has the signer sign the end of the audit log, every hundred rows or every minute, whichever comes first."""

from collections.abc import Callable

from waiaas.engine.checkpoints import Checkpoints

_LOOK_SECONDS = 1.0


class Notary:
    """The job; woken after each hundredth row. :param is_open: whether the signer is unlocked and the directory trusted"""

    name = "notary"

    def __init__(self, checkpoints: Checkpoints, is_open: Callable[[], bool]) -> None:
        self._checkpoints = checkpoints
        self._is_open = is_open

    def run_once(self) -> float:
        """Sign what is due. Without the signer nothing is: it is caught up with after the unlock."""
        if self._is_open():
            self._checkpoints.keep_up()
        return _LOOK_SECONDS
