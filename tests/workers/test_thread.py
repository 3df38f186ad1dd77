"""A worker's thread: it goes on where the store is away for a moment, and tells of everything else that ends it."""

import pytest

from tests.harness.deadline import until
from waiaas.errors import NotReady
from waiaas.workers.thread import WorkerThread


class Job:
    """Does what it is told, round after round; then rests."""

    name = "tester"

    def __init__(self, *problems: BaseException) -> None:
        self.rounds = 0
        self._problems = list(problems)

    def run_once(self) -> float:
        self.rounds += 1
        if self._problems:
            raise self._problems.pop(0)
        return 60.0


@pytest.mark.parametrize(
    "problem", [RuntimeError("a bug"), OSError(5, "I/O"), SystemExit(), KeyboardInterrupt()], ids=repr
)
def test_a_worker_that_ends_is_told_of(problem: BaseException) -> None:
    """Whatever ends the thread is told, with the worker's name: the daemon ends with it rather than go on half."""
    dead, job = list[str](), Job(problem)
    thread = WorkerThread(job, dead.append)
    thread.start()
    until(lambda: dead == ["tester"], "the death to be told")
    assert thread.stop(10)
    assert job.rounds == 1


def test_a_store_that_is_away_ends_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk or a busy database is waited for; the next round runs, and nobody is told of a death."""
    monkeypatch.setattr("waiaas.workers.thread._STORE_AWAY_SECONDS", 0.01)
    dead, job = list[str](), Job(NotReady("full", code="STORE_FULL"), NotReady("busy", code="BUSY"))
    thread = WorkerThread(job, dead.append)
    thread.start()
    until(lambda: job.rounds == 3, "the rounds after")
    assert thread.stop(10)
    assert dead == []


def test_a_wake_runs_the_job_now() -> None:
    """Woken, it does not sleep its minute out; stopped, it ends at once."""
    job = Job()
    thread = WorkerThread(job, lambda name: None)
    thread.start()
    until(lambda: job.rounds == 1, "the first round")
    thread.wake()
    until(lambda: job.rounds == 2, "the round that was asked for")
    assert thread.stop(10)
