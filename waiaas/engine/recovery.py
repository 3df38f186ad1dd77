"""Recovery: what happens between an unlocked signer and the first payment, after a start, a crash, or a restored backup.

A crash needs nothing special: the same stages pick every unfinished row up. A directory that is not the one it was (copied,
rolled back, restored) is another matter: there, every agent is suspended, sessions die and held rows are cancelled, before
anything can be signed (invariant 14).
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping

from waiaas.engine.actors import SYSTEM
from waiaas.engine.admin import Lifecycle
from waiaas.engine.adoption import distrust_imports
from waiaas.engine.channel_configs import ChannelConfigs
from waiaas.engine.journal import Journal
from waiaas.engine.keystore_folder import KeystoreFolder
from waiaas.engine.own_directory import OwnDirectory
from waiaas.engine.pipeline.orders import waiting_order
from waiaas.engine.pipeline.stage import Bench
from waiaas.engine.pipeline.suspensions import Cause
from waiaas.engine.reconciliation import doubt_all
from waiaas.engine.rules.transaction_states import UNSIGNED
from waiaas.engine.sessions import Sessions
from waiaas.store.database import Unit
from waiaas.store.records import Agent, Transaction

_log = logging.getLogger("waiaas.recovery")


class Recovery:
    """Opens the house for business, once a process; brings rows back into their lanes.

    :param wake: puts a row into its account's lane
    """

    def __init__(
        self,
        *,
        bench: Bench,
        journal: Journal,
        sessions: Sessions,
        directory: OwnDirectory,
        configs: ChannelConfigs,
        lifecycle: Lifecycle,
        keystore: KeystoreFolder,
        wake: Callable[[Transaction], None],
    ) -> None:
        self._bench = bench
        self._journal = journal
        self._sessions = sessions
        self._directory = directory
        self._head = directory.head
        self._configs = configs
        self._lifecycle = lifecycle
        self._keystore = keystore
        self._wake = wake
        self._lock = threading.Lock()
        self._is_heeded = False

    def heed_restore(self) -> None:
        """Where the directory came out of a backup: suspend, revoke and cancel, before anybody is let in. May be called again.

        The mark needs no key to be believed, since it can only tighten; so this does not wait for the unlock.
        """
        with self._lock:
            self._heed_restore()

    def _heed_restore(self) -> bool:
        restored = self._head.mark.read()
        if restored is not None and not self._is_heeded:
            details = {"file": restored.file, "madeAt": restored.made_at, "restoredAt": restored.restored_at}
            event = None if self._is_told(details) else "daemon.restored"
            self._distrust(restored.why, event, details)
            self._is_heeded = True
        return restored is not None

    def _is_told(self, details: Mapping[str, object]) -> bool:
        """Whether a start before this one, which did not come to the unlock, told of this very restore."""
        with self._bench.store.read() as unit:
            rows = unit.audit.list(event_type="daemon.restored", limit=1).items
        known = json.loads(rows[0].details) if rows else {}
        return details["restoredAt"] != 0 and all(known.get(name) == value for name, value in details.items())

    def after_unlock(self) -> None:
        """Check the directory, finish what a crash interrupted, then let payments go. May be called again.

        :raises StartRefused: when too few notification channels are enabled
        """
        with self._lock:
            if not self._lifecycle.is_open:
                wrong = self._directory.look(self._bench.signer)
                self._sessions.forget()  # what was read before could not be checked
                self._configs.ensure_enough(self._bench.settings.notifications.min_channels)
                is_restored = self._heed_restore()
                if wrong is not None and not is_restored:
                    self._distrust(wrong, "daemon.directory_moved", {})
                self._lifecycle.is_own = wrong is None and not is_restored
                if not self._lifecycle.is_own:
                    self._begin_generation(wrong or "it was restored from a backup")
                self._directory.settings.review()
                self._finish_creations()
                self._keystore.adoption.adopt_all()
                self._head.begin()
                self._head.mark.clear()
                self._lifecycle.is_open = True
            self._keystore.watch.review()
        self.wake_all()

    def _begin_generation(self, why: str) -> None:
        """What was handed out before is dead, and what was spent is not known. Once more what :meth:`_distrust` did: before the
        signer was unlocked, nothing could be sealed."""
        with self._bench.store.write() as unit:
            self._stop_agents(unit, why)
            number = self._directory.next_generation(unit)
            doubt_all(unit)
            self._journal.record(
                unit, "daemon.generation_began", actor="system", details={"generation": number, "reason": why}
            )
        self._sessions.forget()

    def wake_all(self) -> None:
        """Put every unfinished row into its lane; rows that wait for time or people leave it again at once."""
        with self._bench.store.read() as unit:
            ids = unit.transactions.ids_in(("PENDING", "EXECUTING", "QUEUED", "SUBMITTED"))
            rows = [unit.transactions.get(tx_id) for tx_id in ids]
        for row in rows:
            if row is not None and _needs_lane(row):
                self._wake(row)

    def wake_agent(self, agent_id: str) -> None:
        """The same for one agent, after it was resumed."""
        with self._bench.store.read() as unit:
            rows = [*unit.transactions.unsigned_of_agent(agent_id)]
            signed = unit.transactions.ids_in(("SUBMITTED",))
            rows += [row for row in (unit.transactions.get(tx_id) for tx_id in signed) if row is not None]
        for row in rows:
            if row.agent_id == agent_id and _needs_lane(row):
                self._wake(row)

    def _distrust(self, why: str, event: str | None, details: Mapping[str, object]) -> None:
        """This directory was restored, copied or rolled back: nothing is signed before a person resumes the agents.

        :param event: what the audit log says; None where it said so before
        """
        _log.critical("the data directory is not the one it was: %s; every agent is suspended", why)
        now = self._bench.clock.now()
        with self._bench.store.write() as unit:
            if event is not None:
                self._journal.record(unit, event, actor="system", details={"reason": why, **details})
            distrust_imports(unit, now, why)
            self._stop_agents(unit, why)
        self._sessions.forget()

    def _stop_agents(self, unit: Unit, why: str) -> None:
        """Also those whose row is not whole: whoever takes it as it is does not let the agent go on by that."""
        for agent in unit.agents.stored():
            if agent.status == "ACTIVE" or self._is_whole(agent):
                self._bench.suspensions.suspend(unit, [agent], Cause(reason=why))
            self._sessions.revoke_all_within(unit, SYSTEM, agent.id, code="DIRECTORY_MOVED", why=why)

    def _is_whole(self, agent: Agent) -> bool:
        """Whether its creation was cut short after its key was there: finished, it would be active."""
        return agent.status == "CREATING" and self._keystore.has_key(agent.id)

    def _finish_creations(self) -> None:
        """An agent whose creation was cut short: with its key file it is whole, without it it never was."""
        with self._bench.store.read() as unit:
            half = [
                agent for agent in map(unit.agents.get, unit.agents.all_ids()) if agent and agent.status == "CREATING"
            ]
        for agent in half:
            has_key = self._keystore.has_key(agent.id)
            status, event = ("ACTIVE", "agent.created") if has_key else ("TERMINATED", "agent.terminated")
            with self._bench.store.write() as unit:
                if unit.agents.set_status(agent.id, expected="CREATING", status=status, at=self._bench.clock.now()):
                    details = {"reason": "its creation had been interrupted"}
                    self._journal.record(unit, event, actor="system", agent_id=agent.id, details=details)


def _needs_lane(row: Transaction) -> bool:
    if row.status == "SUBMITTED":
        return row.broadcast_at is None or waiting_order(row) is not None
    return row.status in UNSIGNED
