"""The kill switch: everything, one agent or one session is stopped at once, by whoever can reach a door; a person recovers.

The commit is small, so that it comes at once: the switch, the stop epoch and the audit row. Then the signer is told, which
refuses from there on what was judged under an older epoch; then, for LOCKED, sessions die; then those who were about to sign
are waited for. A crash in between leaves the switch, and the next start does the rest.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from waiaas.engine.actors import SYSTEM, Actor, require_operator
from waiaas.engine.held import drop, held_rows
from waiaas.engine.journal import Journal
from waiaas.engine.pipeline.stage import Bench
from waiaas.engine.pipeline.suspensions import Cause
from waiaas.engine.rules.kill_switch_states import ACTIVE, LOCKED, tightens
from waiaas.engine.rules.text import shown
from waiaas.engine.sessions import Sessions
from waiaas.engine.stop_request import Order, StopRequest
from waiaas.engine.stop_scopes import Scope, scope_of, switch_of
from waiaas.engine.stops import (
    RECOVER_HINT,
    STOP_EPOCH,
    SWITCH,
    Switch,
    lock_key,
    stop_epoch,
    switch_of_agent,
    switch_of_all,
)
from waiaas.engine.stops_view import NOTHING_KNOWN, Recovered, StopsView, cooled_down_at, view_of
from waiaas.engine.unstored_stops import UnstoredStop, UnstoredStops
from waiaas.errors import BadRequest, Conflict, Denied, NotFound, NotReady, Stopped
from waiaas.store.database import Unit
from waiaas.store.faults import StoreFault

_log = logging.getLogger("waiaas.kill_switch")
_DRAIN_SECONDS = 10.0
_WHY = "it was stopped by the kill switch"
_BY_FILE = Actor(kind="nobody", ip="stop.request")


class KillSwitch:
    """Stops and recovers. Thread-safe.

    :param wake_all: puts every unfinished row back into its lane; :param wake_agent: the same for one agent
    """

    def __init__(
        self,
        *,
        bench: Bench,
        journal: Journal,
        sessions: Sessions,
        request: StopRequest,
        wake_all: Callable[[], None],
        wake_agent: Callable[[str], None],
    ) -> None:
        self._bench = bench
        self._journal = journal
        self._sessions = sessions
        self._request = request
        self._unstored = UnstoredStops(request)
        self._wake_all = wake_all
        self._wake_agent = wake_agent
        self._cooldown = bench.settings.security.kill_switch_recovery_cooldown
        self._heeding = threading.Lock()
        self._epoch = 0
        self._is_stopped = True

    @property
    def is_stopped(self) -> bool:
        """Whether everything is stopped, as far as this process knows. Costs nothing."""
        return self._is_stopped

    def begin(self) -> None:
        """At start, before anything can be signed: tell the signer, heed the file, finish what a crash cut short."""
        with self._bench.store.read() as unit:
            self._rise(stop_epoch(unit))
        self.heed()
        self._kill_sessions_of_locked()
        self._look()
        if self._is_stopped:
            _log.warning("everything is stopped: nothing is signed until `waiaas kill-switch recover`")

    def heed(self) -> None:
        """Look for ``stop.request`` and carry it out: copied into the database with its audit row, then removed.

        Called before every signature; one system call while there is no such file.

        :raises NotReady: when the database cannot be written now; then the file stays, and so does the stop
        """
        if not self._unstored and self._request.read() is None:
            return
        with self._heeding:
            self._store_what_was_held()
            found = self._request.read()
            if found is None:
                return
            for order in found.orders:
                self._carry_out(self._known(order), _BY_FILE, "file")
            self._request.clear(found)

    def require_no_order(self) -> None:
        """For who passes the gate and may not wait. :raises Stopped: where an order lies there that is not carried out yet"""
        if self._unstored or self._request.read() is not None:
            raise Stopped("an order to stop lies in the data directory", code="KILL_SWITCH", hint=RECOVER_HINT)

    def activate(self, actor: Actor, order: Order) -> StopsView:
        """Stop. When this returns the last signature was made. May be called again; one that asks for less changes nothing.

        :raises NotFound: for an agent or session that is not there, :raises Conflict: for one that has ended
        """
        if actor.kind not in ("operator", "nobody"):
            require_operator(actor)
        try:
            agent_id = self._carry_out(order, actor, _door(actor)).agent_id
        except (NotReady, StoreFault):
            agent_id = None
            self.hold(actor, order)
        if not self._bench.gate.drain(agent_id, _DRAIN_SECONDS):
            _log.warning("a stop answers although a node or the signer has not: what comes of it is dropped")
        return self._view()

    def hold(self, actor: Actor, order: Order) -> None:
        """Stop although the database takes nothing, as on a full disk: in memory, in the signer and in ``stop.request``.

        Nothing is signed for anybody until it can be stored, which then happens by itself. Waits for nobody.
        """
        now = self._bench.clock.now()
        self._unstored.add(UnstoredStop(order=order, actor=actor, door=_door(actor), since=now))
        if order.is_for_everything:
            self._rise(self._epoch + 1)
        self._is_stopped = True

    def _store_what_was_held(self) -> None:
        """:raises NotReady: where the database takes it no more than before"""
        for one in self._unstored.all:
            try:
                self._carry_out(self._known(one.order), one.actor, one.door)
            except (NotReady, StoreFault):
                self._unstored.leave_again()
                raise
            self._unstored.drop(one)
            self._look()

    def view(self, actor: Actor) -> StopsView:
        """What is stopped, since when, when it can be lifted, and what is held."""
        require_operator(actor)
        return self._view()

    def recover(
        self, actor: Actor, *, agent_id: str | None = None, session_id: str | None = None, release: Sequence[str] = ()
    ) -> Recovered:
        """Lift a stop. Of what is held within it the named payments go on; the others end in that commit.

        :raises Denied: without the master password itself
        :raises Conflict: when nothing is stopped there, or the cooldown is not over
        :raises BadRequest: for a payment to release that never was within the stop
        """
        require_operator(actor)
        if not actor.by_password:
            raise Denied("this needs the master password itself", code="PASSWORD_REQUIRED")
        self._require_no_file()
        with self._bench.store.write() as unit:
            scope = scope_of(unit, agent_id, session_id)
            before = self._lift(unit, actor, scope)
            held = held_rows(unit, scope)
            _require_within(unit, scope, release)
            ended = drop(self._bench, unit, held, release, actor)
            done = Recovered(released=tuple(row.id for row in held if row.id in release), cancelled=tuple(ended))
            details = {"scope": scope.name, "before": before.state, "since": before.since}
            details |= {"released": list(done.released), "cancelled": len(ended)}
            self._record(unit, "kill_switch.recovered", actor, scope, details)
        self._go_on(scope, ended)
        return done

    def _carry_out(self, order: Order, actor: Actor, door: str) -> Scope:
        """The commit, and what follows it at once. Waits for nobody: whoever is about to sign may be who calls this."""
        with self._bench.store.read() as unit:
            scope = scope_of(unit, order.agent_id, order.session_id)
            is_news = tightens(switch_of(unit, scope).state, order.state)
        if not is_news:
            return scope
        with self._bench.store.write() as unit:
            before = switch_of(unit, scope).state
            if not tightens(before, order.state):
                return scope  # another one came first
            ended = self._tighten(unit, scope, order, actor)
            details = {"scope": scope.name, "state": order.state, "before": before, "door": door}
            self._record(unit, "kill_switch.activated", actor, scope, {**details, "reason": shown(order.reason)})
        _log.critical("the kill switch was activated over %s: %s, by %s", scope.name, order.state, door)
        self._tell(ended)
        if order.state == LOCKED and scope.session_id is None:
            self._kill_sessions(scope, actor)
        return scope

    def _tighten(self, unit: Unit, scope: Scope, order: Order, actor: Actor) -> Sequence[str]:
        """Set the switch. Returns the ids of payments that ended by it."""
        now = self._bench.clock.now()
        switch = Switch(state=order.state, since=now, by=actor.label, reason=shown(order.reason))
        if scope.session_id is not None:
            return self._stop_session(unit, scope.session_id, switch, actor)
        if scope.agent_id is not None:
            if switch.state == LOCKED:
                unit.state.set(lock_key(scope.agent_id), switch.encoded())
            cause = Cause(reason=switch.reason or _WHY, actor=actor.label, ip=actor.ip)
            agent = unit.agents.get(scope.agent_id)
            self._bench.suspensions.suspend(unit, [] if agent is None else [agent], cause, waits=False)
            return ()
        epoch = max(self._epoch, stop_epoch(unit)) + 1
        unit.state.set(STOP_EPOCH, str(epoch))
        unit.state.set(SWITCH, switch.encoded())
        unit.after_commit(lambda: self._rise(epoch))
        return ()

    def _stop_session(self, unit: Unit, session_id: str, switch: Switch, actor: Actor) -> Sequence[str]:
        if switch.state == LOCKED:
            return self._sessions.revoke_within(unit, actor, session_id)
        unit.sessions.stop(session_id, switch.since)
        return ()

    def _rise(self, epoch: int) -> None:
        """The signer is told first; from there on it refuses what was judged before."""
        self._bench.signer.raise_stop_epoch(epoch)
        self._epoch = max(self._epoch, epoch)
        self._is_stopped = True

    def _kill_sessions(self, scope: Scope, actor: Actor) -> None:
        """LOCKED: sessions die, with their unsigned payments; an agent at a time, so that no lock is held long."""
        with self._bench.store.read() as unit:
            ids = unit.agents.all_ids() if scope.agent_id is None else (scope.agent_id,)
        for agent_id in ids:
            with self._bench.store.write() as unit:
                ended = self._sessions.revoke_all_within(unit, actor, agent_id, code="KILL_SWITCH", why=_WHY)
            self._tell(ended)

    def _kill_sessions_of_locked(self) -> None:
        with self._bench.store.read() as unit:
            is_everything = switch_of_all(unit).state == LOCKED
            agents = [agent for agent in map(unit.agents.get, unit.agents.all_ids()) if agent is not None]
            locked = [agent.id for agent in agents if is_everything or switch_of_agent(unit, agent).state == LOCKED]
        for agent_id in locked:
            self._kill_sessions(Scope(agent_id=agent_id), SYSTEM)

    def _tell(self, ended: Sequence[str]) -> None:
        self._sessions.forget()
        for tx_id in ended:
            self._bench.outcomes.ring(tx_id)

    def _lift(self, unit: Unit, actor: Actor, scope: Scope) -> Switch:
        """Under the lock: the switch goes back. Returns how it stood."""
        before, now = switch_of(unit, scope), self._bench.clock.now()
        if not before.is_stopped:
            raise Conflict("nothing is stopped there", hint="see `waiaas kill-switch status`")
        lifted = Switch(state=ACTIVE, since=now, by=actor.label)
        if scope.session_id is not None:
            if before.state == LOCKED:
                raise Conflict("a revoked session does not come back", hint="issue another: `waiaas session issue`")
            unit.sessions.stop(scope.session_id, None)
            return before
        self._require_cooled_down(before)
        if scope.agent_id is not None:
            if unit.state.peek(lock_key(scope.agent_id)) is not None:
                unit.state.set(lock_key(scope.agent_id), lifted.encoded())
            if unit.agents.set_status(scope.agent_id, expected="SUSPENDED", status="ACTIVE", at=now):
                self._record(unit, "agent.resumed", actor, scope, {})
            return before
        unit.state.set(STOP_EPOCH, str(max(self._epoch, stop_epoch(unit))))
        unit.state.set(SWITCH, lifted.encoded())
        return before

    def _require_cooled_down(self, switch: Switch) -> None:
        ends = cooled_down_at(switch, self._cooldown)
        left = 0 if ends is None else ends - self._bench.clock.now()
        if left > 0:
            raise Conflict(
                f"what is LOCKED can be recovered in {left} s",
                hint="wait; security.kill_switch_recovery_cooldown says how long, and is read at start",
                details={"state": LOCKED, "resetsAt": ends},
                retry_after=left,
            )

    def _require_no_file(self) -> None:
        self.heed()
        if self._request.read() is not None:
            raise Conflict(
                "stop.request lies in the data directory, and stops everything", hint="remove it, then recover"
            )

    def _go_on(self, scope: Scope, ended: Sequence[str]) -> None:
        self._look()
        self._tell(ended)
        if scope.agent_id is None:
            self._wake_all()
        else:
            self._wake_agent(scope.agent_id)

    def _look(self) -> None:
        with self._bench.store.read() as unit:
            self._is_stopped = bool(self._unstored) or switch_of_all(unit).is_stopped

    def _known(self, order: Order) -> Order:
        """An order of the file for what is not there, or not any more, stops everything: somebody wanted something stopped."""
        with self._bench.store.read() as unit:
            try:
                scope_of(unit, order.agent_id, order.session_id)
            except (NotFound, Conflict):
                return replace(order, agent_id=None, session_id=None)
        return order

    def _view(self) -> StopsView:
        held = self._unstored.switch()
        try:
            found = self._bench.store.at_once(lambda unit: view_of(unit, self._cooldown))
        except (NotReady, StoreFault):
            if held is None:
                raise
            return replace(NOTHING_KNOWN, switch=held, epoch=self._epoch)
        return found if held is None or found.switch.is_stopped else replace(found, switch=held)

    def _record(self, unit: Unit, event: str, actor: Actor, scope: Scope, details: dict[str, object]) -> None:
        self._journal.record(
            unit,
            event,
            actor=actor.label,
            agent_id=scope.agent_id,
            session_id=scope.session_id,
            details=details,
            ip=actor.ip,
        )


def _door(actor: Actor) -> str:
    return "socket" if actor.ip == "socket" else "http"


def _require_within(unit: Unit, scope: Scope, release: Sequence[str]) -> None:
    """What ended since it was listed may be named, and is left as it is. :raises BadRequest: for anything else"""
    rows = {tx_id: unit.transactions.get(tx_id) for tx_id in release}
    strangers = [tx_id for tx_id, row in rows.items() if row is None or not scope.holds(row)]
    if strangers:
        raise BadRequest(
            f"not within this stop: {len(strangers)} of the payments to release",
            hint="see `waiaas kill-switch status` for what is held",
            details={"release": strangers[:20]},
        )
