"""A thread that runs one job again and again until it is told to stop."""

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from waiaas.errors import NotReady

_log = logging.getLogger("waiaas.workers")
_STORE_AWAY_SECONDS = 1.0


class Job(Protocol):
    """One background job."""

    name: str

    def run_once(self) -> float:
        """Do what is due. Returns the seconds until it should run again, unless it is woken earlier."""


class WorkerThread:
    """Runs a job on a thread of its own.

    :param on_death: called when the job raised something it should not have; the daemon ends then
    """

    def __init__(self, job: Job, on_death: Callable[[str], None]) -> None:
        self._job = job
        self._on_death = on_death
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=f"waiaas-{job.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Run the job now rather than later."""
        self._wake.set()

    def stop(self, seconds: float) -> bool:
        """Let the running job finish. Returns whether the thread ended in time."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._wake.wait(self._once())
                self._wake.clear()
        except BaseException:  # noqa: BLE001 - the daemon ends with its threads
            _log.critical("the worker %s died", self._job.name, exc_info=True)
            self._on_death(self._job.name)

    def _once(self) -> float:
        try:
            return self._job.run_once()
        except NotReady as problem:
            _log.warning("%s waits: %s", self._job.name, problem.message)
            return _STORE_AWAY_SECONDS
