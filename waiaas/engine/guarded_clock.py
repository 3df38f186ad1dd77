"""A clock that nobody sets while the daemon runs: wall time for as long as it agrees with the time that really passed.

Spending windows, delays and sessions are measured with it. Setting the machine's clock forward lets no window pass, setting it
back opens none again: for as long as the two disagree, time goes on by what really passed since the start. Over a restart the
latest time that was ever seen is the least that the clock says, so that it stands still until the machine has caught up.
"""

import threading
from dataclasses import dataclass

from waiaas.clock import Clock
from waiaas.engine.journal import Journal
from waiaas.errors import Stopped
from waiaas.store.database import Store

SEEN = "time_seen"
_TOLERANCE_SECONDS = 60
_DRIFT = 1000
"""Besides, so many seconds may bring one of disagreement: a machine's oscillator, corrected by its time service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """:param wall: what the machine says; :param expected: what it should say by the time that passed"""

    wall: int
    expected: int


class GuardedClock:
    """Implements :class:`waiaas.clock.Clock` over another one. Thread-safe."""

    def __init__(self, inner: Clock) -> None:
        self._inner = inner
        self._began_at, self._began = inner.now(), inner.elapsed()
        self._latest = 0
        self._lock = threading.Lock()

    def now(self) -> int:
        """Guarded Unix seconds; never less than before."""
        jump, now = self._look()
        with self._lock:
            self._latest = max(self._latest, jump.expected if jump is not None else now)
            return self._latest

    def monotonic(self) -> float:
        """As the inner clock has it."""
        return self._inner.monotonic()

    def elapsed(self) -> float:
        """As the inner clock has it."""
        return self._inner.elapsed()

    def jump(self) -> Jump | None:
        """How the machine's clock disagrees now, or None."""
        return self._look()[0]

    def not_before(self, at: int) -> None:
        """From now on no time before ``at`` is told."""
        with self._lock:
            self._latest = max(self._latest, at)

    def _look(self) -> tuple[Jump | None, int]:
        wall, passed = self._inner.now(), self._inner.elapsed() - self._began
        expected = self._began_at + int(passed)
        if abs(wall - expected) <= _TOLERANCE_SECONDS + int(passed) // _DRIFT:
            return None, wall
        return Jump(wall=wall, expected=expected), wall


class TimeKeeping:
    """Remembers the latest time over restarts, and says when the machine's clock was set. Thread-safe."""

    def __init__(self, clock: GuardedClock, store: Store, journal: Journal) -> None:
        self._clock = clock
        self._store = store
        self._journal = journal
        self._is_told = False

    def resume(self) -> None:
        """Once rows can be checked. A time that somebody else wrote could let windows pass: it is told, and not heeded."""
        try:
            with self._store.read() as unit:
                seen = unit.state.get(SEEN)
        except Stopped:
            return
        self._clock.not_before(int(seen or 0))

    def disagreed(self, chain_id: str, seconds: int) -> None:
        """Put on record that a chain's time is not the machine's. :param seconds: by which the machine is ahead"""
        with self._store.write() as unit:
            details = {"chainId": chain_id, "ahead": seconds}
            self._journal.record(unit, "clock.disagrees", actor="system", details=details)

    def keep(self) -> None:
        """Write the present time down, unless rows cannot be sealed yet, and tell people of a jump, once for each."""
        if self._store.seals.is_locked:
            return
        jump = self._clock.jump()
        with self._store.write() as unit:
            unit.state.set(SEEN, str(self._clock.now()))
            if jump is not None and not self._is_told:
                details = {"machine": jump.wall, "expected": jump.expected, "by": jump.wall - jump.expected}
                self._journal.record(unit, "clock.jumped", actor="system", details=details)
        self._is_told = jump is not None
