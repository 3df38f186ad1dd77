"""Lanes: one account's rows one after another, other accounts past them, and no wake-up lost."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from waiaas.engine.pipeline.stage import DONE, ON, Progress, later
from waiaas.errors import Malformed, NotReady
from waiaas.workers.lanes import _THREADS, Lanes

NETWORK = ("solana", "localnet")
DEADLINE = 10.0


@contextmanager
def lanes(advance: Callable[[str], Progress]) -> Iterator[Lanes]:
    made = Lanes(advance, on_death=lambda part: None)
    try:
        yield made
    finally:
        assert made.stop(DEADLINE)


def until(claim: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    changed = threading.Event()
    while not claim():
        assert time.monotonic() < end, "the condition never came"
        changed.wait(0.005)


def test_rows_of_one_account_go_in_order_and_never_together() -> None:
    """However many threads a pool has, an account's rows run one at a time, first come first served."""
    seen: list[str] = []
    inside, most = 0, 0
    lock = threading.Lock()

    def advance(tx_id: str) -> Progress:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        with lock:
            seen.append(tx_id)
            inside -= 1
        return DONE

    with lanes(advance) as made:
        wanted = [f"{n:03}" for n in range(200)]
        for tx_id in wanted:
            made.submit(NETWORK, "alice", tx_id)
        until(lambda: len(seen) == len(wanted))
    assert seen == wanted
    assert most == 1


def test_an_account_that_waits_holds_up_no_other() -> None:
    """While one account's row waits for its node, another account's row goes through."""
    release, done = threading.Event(), list[str]()

    def advance(tx_id: str) -> Progress:
        if tx_id == "stuck" and not release.is_set():
            return later(0.01)
        done.append(tx_id)
        return DONE

    with lanes(advance) as made:
        made.submit(NETWORK, "alice", "stuck")
        made.submit(NETWORK, "alice", "behind")
        made.submit(NETWORK, "bob", "free")
        until(lambda: done == ["free"])
        release.set()
        until(lambda: done == ["free", "stuck", "behind"])


def test_what_is_put_first_passes_a_row_that_waits() -> None:
    """While the head pauses for a minute, a row put first runs at once, and the head is looked at again after it."""
    mended, seen = threading.Event(), list[str]()

    def advance(tx_id: str) -> Progress:
        seen.append(tx_id)
        if tx_id == "mend":
            mended.set()
        return DONE if tx_id == "mend" or mended.is_set() else later(60)

    with lanes(advance) as made:
        for tx_id in ("stuck", "mend", "behind"):
            made.submit(NETWORK, "alice", tx_id)
        until(lambda: seen == ["stuck"])
        made.submit(NETWORK, "alice", "mend", is_first=True)
        until(lambda: seen == ["stuck", "mend", "stuck", "behind"])
        until(lambda: made.sizes()[NETWORK] == 0)


def test_what_is_put_first_never_runs_beside_another_row_of_its_account() -> None:
    """However often rows are put first while others run, pause and come due, an account has one stage at a time."""
    inside, most, done = 0, 0, list[str]()
    tries: dict[str, int] = {}
    lock, idle = threading.Lock(), threading.Event()

    def advance(tx_id: str) -> Progress:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
            tries[tx_id] = tries.get(tx_id, 0) + 1
            is_over = tries[tx_id] > 2
        idle.wait(0.0005)  # a stage takes time, in which another thread might come
        with lock:
            inside -= 1
            if is_over:
                done.append(tx_id)
        return DONE if is_over else later(0.001)

    with lanes(advance) as made:
        for number in range(50):
            made.submit(NETWORK, "alice", f"row-{number}")
            made.submit(NETWORK, "alice", f"first-{number}", is_first=True)
            made.submit(NETWORK, "alice", f"row-{number // 2}", is_first=True)
        until(lambda: made.sizes()[NETWORK] == 0)
    assert most == 1
    assert {f"row-{number}" for number in range(50)} | {f"first-{number}" for number in range(50)} == set(done)


def test_a_wake_up_during_the_last_stage_is_not_lost() -> None:
    """A row that is submitted while its stage ends on what it read before is looked at once more."""
    entered, go_on, calls = threading.Event(), threading.Event(), list[str]()

    def advance(tx_id: str) -> Progress:
        calls.append(tx_id)
        entered.set()
        go_on.wait(DEADLINE)
        return DONE

    with lanes(advance) as made:
        made.submit(NETWORK, "alice", "row")
        assert entered.wait(DEADLINE)
        made.submit(NETWORK, "alice", "row")
        go_on.set()
        until(lambda: len(calls) == 2)
        until(lambda: made.sizes()[NETWORK] == 0)


@pytest.mark.parametrize("problem", [RuntimeError("a bug"), Malformed("odd"), NotReady("busy", code="BUSY")], ids=repr)
def test_what_a_stage_did_not_expect_keeps_the_row(problem: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception neither loses the row nor ends a thread: it stays at the head of its lane and is looked at again."""
    for pause in ("_FAULT_SECONDS", "_STORE_AWAY_SECONDS"):
        monkeypatch.setattr(f"waiaas.workers.lanes.{pause}", 0.01)
    calls, dead, is_mended = list[str](), list[str](), threading.Event()

    def advance(tx_id: str) -> Progress:
        calls.append(tx_id)
        if tx_id == "row" and not is_mended.is_set():
            raise problem
        return DONE

    made = Lanes(advance, on_death=dead.append)
    for tx_id in ("row", "behind"):
        made.submit(NETWORK, "alice", tx_id)
    until(lambda: len(calls) > 2 * _THREADS)  # more often than there are threads that it could have ended
    assert set(calls) == {"row"}
    assert made.sizes() == {NETWORK: 2}
    is_mended.set()
    until(lambda: made.sizes() == {NETWORK: 0})
    assert calls[-2:] == ["row", "behind"]
    assert dead == []
    assert made.stop(DEADLINE)


@pytest.mark.parametrize("problem", [SystemExit(), KeyboardInterrupt(), GeneratorExit()], ids=repr)
def test_a_thread_that_ends_is_told_of(problem: BaseException) -> None:
    """What ends a thread of a pool ends the daemon: whoever holds it is told, once a thread."""
    dead: list[str] = []

    def advance(tx_id: str) -> Progress:
        raise problem

    made = Lanes(advance, on_death=dead.append)
    made.submit(NETWORK, "alice", "row")
    until(lambda: dead == ["lanes"])
    assert made.stop(DEADLINE)


def test_a_row_goes_through_all_its_stages_at_once() -> None:
    """ON runs the next stage of the same row before anything else of its account."""
    steps: list[str] = []

    def advance(tx_id: str) -> Progress:
        steps.append(tx_id)
        return ON if steps.count(tx_id) < 3 else DONE

    with lanes(advance) as made:
        made.submit(NETWORK, "alice", "a")
        made.submit(NETWORK, "alice", "b")
        until(lambda: len(steps) == 6)
    assert steps == ["a", "a", "a", "b", "b", "b"]
