"""Watches over the rows that decide: opens their seals once the signer is unlocked, and tells people what others changed.

A row that is not as the daemon wrote it decides nothing (``store/seals.py``): its agent is suspended, its session dead,
everything that a policy set with it speaks for denied. That happens by itself, wherever the row is read. What is here says so,
once for each finding, and lets a person who has looked at all of them take the rows as they are (invariants 10, 14).
"""

import logging
import threading
from collections.abc import Callable, Sequence

from waiaas.engine.actors import SYSTEM, Actor, require_operator
from waiaas.engine.journal import Journal
from waiaas.engine.stops import is_stop
from waiaas.errors import Denied, NotReady
from waiaas.store.database import Store, Unit
from waiaas.store.examination import Finding, examine, seal_every_row
from waiaas.store.seals import Keyed, Name, Position, summed

_log = logging.getLogger("waiaas.rows")
#: The signer's subkey that the MACs are made with.
PURPOSE = "row-macs"
SEALED = "rows.sealed"
_ALWAYS_SEALED = (
    "session.issued",
    "session.renewed",
    "session.revoked",
    "agent.suspended",
    "agent.resumed",
    "agent.terminated",
    "policy.created",
    "policy.changed",
    "policy.deleted",
)
"""Events that a change of a seal goes with, in one commit."""
_BEFORE_UNLOCK = {"session.revoked", "agent.suspended", "agent.terminated"}
"""Those of them that need no key, since they only tighten."""
_TIGHT = ("SUSPENDED", "TERMINATING", "TERMINATED")
_TOLD_AT_MOST = 20
"""So many findings are told one by one; a whole database from elsewhere is not worth thousands of notices."""


class RowWatch:
    """Opens the seals and examines the rows. Thread-safe."""

    def __init__(self, store: Store, journal: Journal) -> None:
        self._store = store
        self._journal = journal
        self._told: set[Finding] = set()
        self._problem: str | None = None
        self._lock = threading.Lock()
        #: Called when a row was found that is not whole; wakes whoever calls :meth:`review`.
        self.on_doubt: Callable[[], None] = lambda: None
        store.seals.require()
        store.seals.on_finding = self._doubted

    def open(self, key: bytes, *, pinned: int, is_sound: bool) -> str | None:
        """Take the key and compare all seals with what the pinned head and the audit log say. May be called again.

        :param pinned: how far the seals had come by the pinned head; 0 where it speaks of none
        :param is_sound: whether the directory was found to be the one it was; only then rows that carry no MAC yet are sealed
        :returns: what is wrong with this database, or None
        """
        if self._store.seals.keyed is not None:
            return self._problem
        keyed = Keyed(key)
        with self._store.write() as unit:
            self._problem = self._open(unit, keyed, pinned, is_sound)
        if self._problem is not None:
            _log.critical("no row of this database decides anything: %s", self._problem)
        self.review()
        return self._problem

    def review(self) -> Sequence[Finding]:
        """Examine every row, and tell what was not told yet: beside the writers at first, and only a doubt under their lock."""
        with self._store.read() as unit:
            if not examine(unit):
                self._told.clear()
                return ()
        with self._lock, self._store.write() as unit:
            found = examine(unit)
            fresh = [one for one in found if one not in self._told]
            for one in fresh[:_TOLD_AT_MOST]:
                self._tell(unit, one)
            if len(fresh) > _TOLD_AT_MOST:
                details = {"how": "edited", "more": len(fresh) - _TOLD_AT_MOST}
                self._journal.record(unit, "row.tampered", actor="system", details=details)
        self._told = set(found)
        return found

    def found(self, actor: Actor) -> Sequence[Finding]:
        """What is not as the daemon wrote it."""
        require_operator(actor)
        return self.review()

    def accept(self, actor: Actor) -> Sequence[Finding]:
        """Take every row as it is now, because a person who knows the password has looked at them. Returns what was found.

        :raises Denied: PASSWORD_REQUIRED, :raises NotReady: while the signer is locked
        """
        require_operator(actor)
        if not actor.by_password:
            raise Denied("this needs the master password itself", code="PASSWORD_REQUIRED")
        keyed = self._store.seals.keyed
        if keyed is None:
            raise NotReady("the signer is locked", code="SIGNER_LOCKED", hint="run `waiaas unlock`")
        with self._lock, self._store.write() as unit:
            found = examine(unit)
            details = {
                "count": len(found),
                "rows": [f"{one.table} {one.key}: {one.how}" for one in found[:_TOLD_AT_MOST]],
            }
            self._journal.record(unit, "rows.accepted", actor=actor.label, details=details, ip=actor.ip)
            self._begin(unit, keyed, self._store.seals.position.number)
        self._told.clear()
        self._store.seals.on_change()
        return found

    def _open(self, unit: Unit, keyed: Keyed, pinned: int, is_sound: bool) -> str | None:
        latest, position = unit.sealer.noted(), unit.sealer.position(keyed)
        if position is None and not latest and not pinned and is_sound and not unit.audit.named_after(0, (SEALED,)):
            self._seal_first(unit, keyed)
            return None
        problem = self._wrong(unit, keyed, position, pinned)
        if problem is not None or position is None:
            last = max(pinned, position.number if position else 0)
            unit.sealer.seals.begin(keyed, {}, Position(number=last, total="", audit_id=0))
            return problem
        unit.sealer.seals.begin(keyed, latest, position)
        _seal_stops(unit)
        return None

    def _seal_first(self, unit: Unit, keyed: Keyed) -> None:
        """A new database, or one from before rows were sealed."""
        agents = unit.agents.count()
        if agents:
            self._journal.record(unit, SEALED, actor="system", details={"agents": agents})
        self._begin(unit, keyed, 0)

    def _begin(self, unit: Unit, keyed: Keyed, number: int) -> None:
        seals = unit.sealer.seals
        latest, head = seal_every_row(unit, keyed), unit.audit.head()
        position = Position(number=number + 1, total=summed(keyed, latest), audit_id=head[0] if head else 0)
        unit.sealer.put_position(keyed, position)
        seals.begin(keyed, latest, position)

    def _wrong(self, unit: Unit, keyed: Keyed, position: Position | None, pinned: int) -> str | None:
        if position is None:
            return "its rows carry no seals of this keystore"
        if position.number < pinned:
            return "its rows are older than its pinned head"
        if summed(keyed, unit.sealer.noted()) != position.total:
            return "its rows' seals are not the ones that were written last"
        return self._behind_its_log(unit, position)

    def _behind_its_log(self, unit: Unit, position: Position) -> str | None:
        """Whether the audit log tells of changes that the rows know nothing of: an older copy of them was put back."""
        for row in unit.audit.named_after(position.audit_id, _ALWAYS_SEALED):
            if row.event_type not in _BEFORE_UNLOCK or not _is_tight(unit, row.agent_id, row.session_id):
                return f"its rows are older than its audit log, which has {row.event_type} as its row {row.id}"
        return None

    def _doubted(self, name: Name) -> None:
        self.on_doubt()

    def _tell(self, unit: Unit, one: Finding) -> None:
        _log.critical("%s %s was %s outside of the daemon", one.table, one.key, one.how)
        is_policy = one.table in ("policies", "policy_sets")
        self._journal.record(
            unit,
            "policy.tampered" if is_policy else "row.tampered",
            actor=SYSTEM.label,
            agent_id=one.agent_id,
            session_id=one.key if one.table == "sessions" else None,
            details={"table": one.table, "key": one.key, "how": one.how},
        )


def _seal_stops(unit: Unit) -> None:
    """A stop that came before the signer was unlocked could not be sealed. Whoever writes one gains nothing by it."""
    for entry in unit.state.all():
        if entry.mac is None and is_stop(entry.key, entry.value):
            unit.state.set(entry.key, entry.value)


def _is_tight(unit: Unit, agent_id: str | None, session_id: str | None) -> bool:
    """Whether what was stopped before the unlock is stopped still."""
    if session_id is not None:
        session = unit.sessions.get(session_id)
        return session is None or session.revoked_at is not None
    agent = unit.agents.get(agent_id) if agent_id else None
    return agent is None or agent.status in _TIGHT
