"""Refused credentials: counted in memory, written at most once a minute: strangers cause bounded writes (invariant 18)."""

import threading
from collections import Counter

from waiaas.clock import Clock
from waiaas.engine.journal import Journal
from waiaas.store.database import Store

_EVERY_SECONDS = 60.0


class CredentialFailures:
    """Counts refusals by kind of credential. Thread-safe."""

    def __init__(self, store: Store, journal: Journal, clock: Clock) -> None:
        self._store = store
        self._journal = journal
        self._clock = clock
        self._counts: Counter[str] = Counter()
        self._last_ip: str | None = None
        self._next_at = 0.0
        self._lock = threading.Lock()

    def note(self, kind: str, ip: str | None) -> None:
        """One more refusal. Writes a row if none was written for a minute."""
        with self._lock:
            self._counts[kind] += 1
            self._last_ip = ip
        self.flush()

    def flush(self) -> None:
        """Write the counter if it is due; called by the clock worker too, so that the last ones are not lost."""
        with self._lock:
            if not self._counts or self._clock.monotonic() < self._next_at:
                return
            self._next_at = self._clock.monotonic() + _EVERY_SECONDS
            counts, ip = dict(self._counts), self._last_ip
            self._counts.clear()
        with self._store.write() as unit:
            self._journal.record(unit, "credential.refused", actor="nobody", details={"counts": counts}, ip=ip)
