"""The two doors: what may be open at once, who waits for whom, and what is left when something goes wrong."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.store.samples import agent
from waiaas.errors import Conflict, NotReady
from waiaas.store.database import Store, Unit
from waiaas.store.pragmas import Pragmas


def test_a_write_is_committed_at_its_end(store: Store) -> None:
    """What a write unit changed is there for the next reader."""
    with store.write() as unit:
        unit.state.set("key", "value")
    with store.read() as unit:
        assert unit.state.get("key") == "value"


def test_an_exception_rolls_everything_back(store: Store) -> None:
    """A write unit that raises leaves nothing behind, and the exception arrives unchanged."""

    def work() -> None:
        with store.write() as unit:
            unit.state.set("key", "value")
            unit.audit.append(timestamp=1, event_type="thing.happened", actor="system")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    with store.read() as unit:
        assert unit.state.get("key") is None
        assert unit.audit.head() is None


def test_a_caught_conflict_leaves_the_unit_usable(store: Store) -> None:
    """A constraint undoes its own statement alone: the unit may go on and commit."""
    with store.write() as unit:
        unit.agents.insert(agent(name="one"))
        with pytest.raises(Conflict) as caught:
            unit.agents.insert(agent(name="one"))
        unit.state.set("key", "value")
    assert caught.value.code == "NAME_TAKEN"
    with store.read() as unit:
        assert (unit.agents.count(), unit.state.get("key")) == (1, "value")


@pytest.mark.parametrize("outer", ["read", "write"])
@pytest.mark.parametrize("inner", ["write", "checkpoint", "close"])
def test_nothing_opens_inside_a_unit(store: Store, outer: str, inner: str) -> None:
    """A write inside any unit is refused: nested it would join the outer transaction, or none."""

    def open_inside() -> None:
        door = getattr(store, inner)()
        if inner == "write":
            door.__enter__()

    with getattr(store, outer)(), pytest.raises(RuntimeError, match="open in this thread"):
        open_inside()


def test_a_read_joins_the_unit_it_is_in(store: Store) -> None:
    """A read inside a write sees what that write did so far, and cannot write itself."""
    with store.write() as outer:
        outer.state.set("key", "value")
        with store.read() as inner:
            assert inner.state.get("key") == "value"
            assert (outer.writable, inner.writable) == (True, False)
            with pytest.raises(RuntimeError, match="only reads"):
                inner.state.set("key", "other")
        outer.state.set("key", "last")
    with store.read() as unit:
        assert unit.state.get("key") == "last"


def test_two_stores_stand_side_by_side_but_not_inside_each_other(store: Store, tmp_path: Path) -> None:
    """Two open databases do not see each other's rows, and a thread is in one of them at a time."""
    other = Store.open(tmp_path / "other.db")
    with store.write() as unit:
        unit.state.set("key", "here")
    with other.write() as unit:
        unit.state.set("key", "there")
    with store.read() as unit:
        assert unit.state.get("key") == "here"
        with pytest.raises(RuntimeError), other.read():
            pass
    with other.read() as unit:
        assert unit.state.get("key") == "there"
    other.close()


def test_a_reading_unit_writes_nothing(store: Store, agent_id: str) -> None:
    """Methods that change something raise in a unit that reads, before any statement runs."""
    with store.read() as unit:
        for change in (
            lambda: unit.state.set("key", "value"),
            lambda: unit.agents.rename(agent_id, "new", 1),
            lambda: unit.audit.append(timestamp=1, event_type="e", actor="a"),
            lambda: unit.reservations.release("none"),
        ):
            with pytest.raises(RuntimeError, match="only reads"):
                change()


def test_a_unit_ends_with_its_block(store: Store) -> None:
    """A unit kept for later refuses: its statements would be written one by one."""
    kept: list[Unit] = []
    with store.write() as unit:
        kept.append(unit)
    with pytest.raises(RuntimeError, match="ended"):
        kept[0].state.set("key", "value")
    with pytest.raises(RuntimeError, match="ended"):
        kept[0].state.get("key")


def test_a_reader_never_waits_for_a_writer(store: Store) -> None:
    """While a write unit is open, readers read what was committed before, at once."""
    with store.write() as unit:
        unit.state.set("key", "before")
    seen: list[str | None] = []

    def read() -> None:
        with store.read() as unit:
            seen.append(unit.state.get("key"))

    with store.write() as unit:
        unit.state.set("key", "after")
        reader = threading.Thread(target=read)
        reader.start()
        reader.join(timeout=10)
        assert seen == ["before"]


def test_a_writer_never_waits_for_a_reader(store: Store) -> None:
    """While a read unit is open, a writer commits, and the reader's next look sees it: reads keep no snapshot."""

    def write() -> None:
        with store.write() as unit:
            unit.state.set("key", "value")

    with store.read() as unit:
        assert unit.state.get("key") is None
        writer = threading.Thread(target=write)
        writer.start()
        writer.join(timeout=10)
        assert unit.state.get("key") == "value"


def test_a_writer_waits_its_turn_only_so_long(path: Path) -> None:
    """A writer whose turn does not come within busy_timeout gets BUSY and may retry."""
    store = Store.open(path, busy_timeout=50)
    faults: list[NotReady] = []

    def write() -> None:
        try:
            with store.write():
                pass
        except NotReady as fault:
            faults.append(fault)

    with store.write():
        writer = threading.Thread(target=write)
        writer.start()
        writer.join(timeout=10)
    assert [(fault.code, fault.status, fault.retryable) for fault in faults] == [("BUSY", 503, True)]
    with store.write() as unit:
        unit.state.set("key", "value")
    store.close()


def test_a_lock_of_another_process_is_busy_too(path: Path) -> None:
    """A database locked from outside answers BUSY, and works again once it is free."""
    store = Store.open(path, busy_timeout=50)
    with closing(sqlite3.connect(path, isolation_level=None)) as foreign:
        foreign.execute("BEGIN IMMEDIATE")
        with pytest.raises(NotReady) as caught, store.write():
            pass
        assert caught.value.code == "BUSY"
        foreign.execute("ROLLBACK")
    with store.write() as unit:
        unit.state.set("key", "value")
    store.close()


def test_a_closed_store_refuses(path: Path) -> None:
    """After close both doors answer STOPPING, closing again does nothing, and no log file is left behind."""
    store = Store.open(path)
    threads = [threading.Thread(target=lambda: _look(store)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    store.close()
    for door in (store.read, store.write):
        with pytest.raises(NotReady) as caught, door():
            pass
        assert caught.value.code == "STOPPING"
    assert [file.name for file in path.parent.iterdir()] == ["waiaas.db"]


def test_close_lets_open_units_end(path: Path) -> None:
    """Closing waits for a unit that is still at work; what that unit wrote is kept, and no log file is left."""
    store = Store.open(path)
    inside, go_on = threading.Event(), threading.Event()
    order: list[str] = []

    def write() -> None:
        with store.write() as unit:
            unit.state.set("key", "value")
            inside.set()
            go_on.wait(10)
            order.append("written")

    def close() -> None:
        store.close()
        order.append("closed")

    threads = [threading.Thread(target=write), threading.Thread(target=close)]
    threads[0].start()
    inside.wait(10)
    threads[1].start()
    deadline = time.monotonic() + 10
    while not store._is_closed and time.monotonic() < deadline:
        time.sleep(0.001)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert order == ["written", "closed"]
    assert [file.name for file in path.parent.iterdir()] == ["waiaas.db"]
    again = Store.open(path)
    with again.read() as unit:
        assert unit.state.get("key") == "value"
    again.close()


def test_checkpoint_empties_the_log(store: Store, path: Path) -> None:
    """A checkpoint moves everything into the database and leaves a log of zero bytes."""
    log = path.with_name("waiaas.db-wal")
    with store.write() as unit:
        unit.state.set("key", "value")
    assert log.stat().st_size > 0
    assert store.checkpoint()
    assert log.stat().st_size == 0


def test_checkpoint_says_when_a_reader_was_in_the_way(path: Path) -> None:
    """A checkpoint that another connection's old snapshot blocks answers False instead of failing."""
    store = Store.open(path, busy_timeout=50)
    with closing(sqlite3.connect(path, isolation_level=None)) as foreign:
        foreign.execute("BEGIN")
        foreign.execute("SELECT * FROM daemon_state").fetchall()
        with store.write() as unit:
            unit.state.set("key", "value")
        assert not store.checkpoint()
        foreign.execute("ROLLBACK")
    assert store.checkpoint()
    store.close()


PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "recursive_triggers": 1,
    "busy_timeout": 1234,
    "cache_size": -2345,
    "mmap_size": 345678,
    "temp_store": 2,
    "soft_heap_limit": 64 * 1024 * 1024,
}


def test_every_connection_has_every_pragma(path: Path) -> None:
    """Each thread's connection is set up alike, for both doors."""
    store = Store.open(path, busy_timeout=1234, cache_size=2345, mmap_size=345678)
    found: list[dict[str, object]] = []

    def look() -> None:
        for door in (store.read, store.write):
            with door() as unit:
                found.append({name: (unit._sql.one(f"PRAGMA {name}") or (None,))[0] for name in PRAGMAS})

    look()
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [PRAGMAS] * 4
    store.close()


def test_a_half_made_connection_is_not_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """When setting up a connection fails, the next unit of that thread gets a whole one."""
    results: list[object] = []

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("no pragma today")

    def work() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(Pragmas, "apply", fail)
            try:
                with store.read():
                    pass
            except Exception as fault:  # noqa: BLE001 - looked at below
                results.append(type(fault).__name__)
        with store.read() as unit:
            results.append(unit._sql.one("PRAGMA recursive_triggers"))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert results == ["StoreFault", (1,)]


def _look(store: Store) -> None:
    with store.read() as unit:
        unit.state.get("key")


def test_who_is_to_be_told_of_a_commit_is_told_after_it(store: Store) -> None:
    """The call comes once the change can be read, and never for a unit that was rolled back."""
    seen: list[str | None] = []

    def look() -> None:
        with store.read() as unit:
            seen.append(unit.state.get("told"))

    with store.write() as unit:
        unit.after_commit(look)
        unit.state.set("told", "yes")
        assert seen == []
    assert seen == ["yes"]
    with contextlib.suppress(KeyError), store.write() as unit:
        unit.after_commit(look)
        raise KeyError
    assert seen == ["yes"]
