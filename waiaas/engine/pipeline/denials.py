"""Denials: stored as payments that ended, up to so many of one agent in a day; those beyond are counted and not kept.

A refused request costs an agent nothing and the disk some ten thousand bytes for good. What policies ask about (how many were
denied) goes on being counted, one row for all of ten seconds; that the rest is only counted is on record once.
"""

import threading
from collections import Counter

from waiaas.clock import Clock
from waiaas.engine.actors import Actor
from waiaas.engine.pipeline.transitions import Transitions
from waiaas.engine.rules.verdicts import Decision
from waiaas.interfaces.policy import Tier
from waiaas.store.activity import Span
from waiaas.store.database import Unit
from waiaas.store.records import Transaction

_DAY = 86_400
_EVERY_SECONDS = 10.0


class Denials:
    """Decides which are stored, and counts the others. Thread-safe.

    :param most: stored in a day, of one agent
    """

    def __init__(self, transitions: Transitions, clock: Clock, most: int) -> None:
        self._transitions = transitions
        self._clock = clock
        self._most = most
        self._lock = threading.Lock()
        self._waiting: dict[str, Counter[str | None]] = {}
        self._next_at: dict[str, float] = {}

    def is_stored(self, unit: Unit, agent_id: str, decision: Decision) -> bool:
        """Whether one more of this agent's is kept; one that stops agents always is, since it ends what it began."""
        if any(one.verdict.freeze for one in decision.verdicts if one.verdict.tier is Tier.DENY):
            return True
        since = Span(since=self._clock.now() - _DAY)
        ((count, _),) = unit.values([unit.activity.of_agent(agent_id, "denied", since)])
        is_stored = count < self._most
        if is_stored:
            with self._lock:
                self._waiting.pop(agent_id, None)
        return is_stored

    def count(self, unit: Unit, row: Transaction, by: Actor) -> None:
        """Count one that is not kept. Writes a row of activity at most every ten seconds, and says once that this is so."""
        with self._lock:
            is_first = row.agent_id not in self._waiting
            waiting = self._waiting.setdefault(row.agent_id, Counter())
            waiting[row.session_id] += 1
            now = self._clock.monotonic()
            if not is_first and now < self._next_at[row.agent_id]:
                return
            self._next_at[row.agent_id] = now + _EVERY_SECONDS
            counts = dict(waiting)
            waiting.clear()
        for session_id, times in counts.items():
            self._transitions.count_denied(unit, row, session_id, times)
        if is_first:
            details = {"stored": self._most, "seconds": _DAY}
            self._transitions.tell_of_agent(unit, row, "transaction.denials_only_counted", details, by)
