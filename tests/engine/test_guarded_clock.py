"""The guarded clock: the machine's clock, set forward or back, lets no window pass and opens none again (invariant 3)."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waiaas.engine.guarded_clock import SEEN, GuardedClock, TimeKeeping
from waiaas.engine.journal import Journal
from waiaas.engine.row_watch import RowWatch
from waiaas.store.database import Store
from waiaas.testing.clock import FrozenClock

_HOUR = 3600
_KEY = b"k" * 32


@pytest.mark.parametrize("seconds", [-_HOUR, -61, 61, _HOUR, 365 * 24 * _HOUR])
def test_a_jump_moves_nothing(seconds: int) -> None:
    """However the machine's clock is set, time goes on by what really passed, and the disagreement is told."""
    machine = FrozenClock()
    clock, begun = GuardedClock(machine), machine.now()
    machine.advance(100)
    machine.jump(seconds)
    assert clock.now() == begun + 100
    assert clock.jump() is not None
    machine.advance(50)
    assert clock.now() == begun + 150


def test_a_clock_that_is_set_right_is_followed() -> None:
    """Corrections of a minute are the machine's own; a jump that is taken back was none."""
    machine = FrozenClock()
    clock, begun = GuardedClock(machine), machine.now()
    machine.jump(59)
    assert (clock.now(), clock.jump()) == (begun + 59, None)
    machine.jump(_HOUR)
    assert clock.jump() is not None
    machine.jump(-_HOUR)
    assert (clock.now(), clock.jump()) == (begun + 59, None)


@given(st.lists(st.tuples(st.integers(0, _HOUR), st.integers(-_HOUR, _HOUR)), max_size=30))
def test_no_sequence_of_jumps_gains_more_than_the_tolerance(steps: list[tuple[int, int]]) -> None:
    """Over any sequence of waits and settings the clock never goes back, and is never ahead by more than it tolerates."""
    machine = FrozenClock()
    clock, begun, passed, last = GuardedClock(machine), machine.now(), 0, 0
    for wait, jump in steps:
        machine.advance(wait)
        machine.jump(jump)
        passed += wait
        now = clock.now()
        assert last <= now <= begun + passed + 60 + passed // 1000
        last = now


def opened(path: Path, machine: FrozenClock) -> tuple[Store, GuardedClock, TimeKeeping]:
    store, clock = Store.open(path), GuardedClock(machine)
    journal = Journal(clock)
    RowWatch(store, journal).open(_KEY, pinned=0, is_sound=True)
    keeping = TimeKeeping(clock, store, journal)
    keeping.resume()
    return store, clock, keeping


def test_over_a_restart_the_clock_never_goes_back(tmp_path: Path) -> None:
    """Set back while no daemon ran, the clock stands still at the latest time that was seen until the machine caught up."""
    machine = FrozenClock()
    store, clock, keeping = opened(tmp_path / "waiaas.db", machine)
    machine.advance(_HOUR)
    keeping.keep()
    seen = clock.now()
    store.close()
    machine.jump(-_HOUR)
    store, clock, keeping = opened(tmp_path / "waiaas.db", machine)
    assert clock.now() == seen
    machine.advance(_HOUR // 2)
    assert clock.now() == seen
    machine.advance(_HOUR)
    assert clock.now() == seen + _HOUR // 2
    store.close()


def test_a_time_that_somebody_else_wrote_lets_no_window_pass(tmp_path: Path) -> None:
    """The latest time that was seen is sealed: one from the future is not heeded, and named."""
    machine = FrozenClock()
    store, clock, keeping = opened(tmp_path / "waiaas.db", machine)
    keeping.keep()
    store.close()
    store = Store.open(tmp_path / "waiaas.db")
    with store.write() as unit:
        unit.state.set(SEEN, str(machine.now() + 30 * 24 * _HOUR))
    store.close()
    store, clock, _ = opened(tmp_path / "waiaas.db", machine)
    assert clock.now() == machine.now()
    with store.read() as unit:
        (row,) = unit.audit.list(limit=9, event_type="row.tampered").items
    assert json.loads(row.details)["key"] == SEEN
    store.close()


def test_a_jump_is_told_once(tmp_path: Path) -> None:
    """People hear of it when it is found, not each minute; of a second one they hear again."""
    machine = FrozenClock()
    store, _, keeping = opened(tmp_path / "waiaas.db", machine)
    for seconds in (_HOUR, 0, -_HOUR, 0, _HOUR):
        machine.jump(seconds)
        keeping.keep()
    with store.read() as unit:
        rows = unit.audit.list(limit=9, event_type="clock.jumped").items
    assert [json.loads(row.details)["by"] for row in rows] == [_HOUR, _HOUR]
    store.close()
