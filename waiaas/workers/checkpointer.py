"""The checkpointer: folds the write-ahead log back into the database now and then."""

from waiaas.store.database import Store


class Checkpointer:
    """The job. :param interval: seconds between checkpoints"""

    name = "checkpointer"

    def __init__(self, store: Store, interval: int) -> None:
        self._store = store
        self._interval = interval
        self._is_first = True

    def run_once(self) -> float:
        """Checkpoint, but not in the busy first moment."""
        if not self._is_first:
            self._store.checkpoint()
        self._is_first = False
        return float(self._interval)
