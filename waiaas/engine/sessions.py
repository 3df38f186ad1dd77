"""Sessions: how an agent program is let in. Tokens are opaque, 256 bits, stored as SHA-256, shown once, and revocable."""

import hashlib
import json
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from uuid6 import uuid7

from waiaas.clock import Clock
from waiaas.config import Settings
from waiaas.engine.actors import Actor, require_operator, require_session
from waiaas.engine.chains import Chains
from waiaas.engine.failures import CredentialFailures
from waiaas.engine.journal import Journal
from waiaas.engine.pipeline.ending import Ending, end_unsigned_within
from waiaas.engine.pipeline.stage import Bench
from waiaas.engine.rules.kill_switch_states import LOCKED
from waiaas.engine.session_documents import display, read_document
from waiaas.engine.stop_request import Order
from waiaas.engine.stops import locked_out, switch_of_all
from waiaas.engine.views import Checked, Issued
from waiaas.errors import BadRequest, Conflict, NotFound, NotReady, Stopped, Unauthenticated
from waiaas.store.database import Store, Unit
from waiaas.store.faults import StoreFault
from waiaas.store.records import Agent, Page, Session

PREFIX = "wai_sess_"
_CACHE_SECONDS = 5.0
_CACHE_SIZE = 4096
_DRAIN_SECONDS = 10.0


class Sessions:
    """The operator's sessions, and the door by which agents come in. Thread-safe.

    Authentication keeps what it found for a few seconds; every change of a session or an agent drops all of it, and a payment
    reads both again under the lock.
    """

    def __init__(
        self,
        *,
        bench: Bench,
        journal: Journal,
        failures: CredentialFailures,
    ) -> None:
        self._bench = bench
        self._store: Store = bench.store
        self._chains: Chains = bench.chains
        self._settings: Settings = bench.settings
        self._clock: Clock = bench.clock
        self._journal = journal
        self._failures = failures
        self._known: dict[str, tuple[float, Session, Agent]] = {}
        self._lock = threading.Lock()
        self._generation = 0
        self._ended = set[str]()  # those whose revocation the database would not take
        bench.suspensions.then(self.forget)

    def authenticate(self, token: str, ip: str | None) -> Actor:
        """Who holds ``token``. :raises Unauthenticated: for a wrong, expired or revoked one, without saying which"""
        digest = _hash(token)
        known = self._known.get(digest)
        if known is not None and known[0] > self._clock.monotonic() and known[1].expires_at > self._clock.now():
            return Actor(kind="session", session=known[1], agent=known[2], ip=ip)
        generation = self._generation
        with self._store.read() as unit:
            session = unit.sessions.by_token_hash(digest) if token.startswith(PREFIX) else None
            agent = unit.agents.get(session.agent_id) if session else None
            is_whole = agent is None or unit.agents.is_whole(agent.id)
        if session is None or agent is None or not self._is_live(session):
            self._failures.note("session", ip)
            raise Unauthenticated("the credential is not valid", hint="ask the operator for a session")
        if not is_whole:
            raise Stopped(
                "this agent's row was changed outside of the daemon",
                code="ROW_TAMPERED",
                hint="tell the operator at once",
            )
        self._remember(digest, session, agent, generation)
        return Actor(kind="session", session=session, agent=agent, ip=ip)

    def issue(
        self, actor: Actor, *, agent_id: str, ttl: int | None = None, constraints: Mapping[str, Any] | None = None
    ) -> Issued:
        """Let a program act as the agent. The token is shown this once.

        :raises BadRequest: ttl or constraints out of range, :raises Conflict: too many sessions, or the agent is not active
        :raises Stopped: while everything is locked
        """
        require_operator(actor)
        security, now = self._settings.security, self._clock.now()
        seconds = security.session_ttl if ttl is None else ttl
        if not 1 <= seconds <= security.session_absolute_lifetime:
            raise BadRequest(f"ttl is 1 to {security.session_absolute_lifetime} seconds")
        token = PREFIX + secrets.token_urlsafe(32)
        with self._store.write() as unit:
            agent = unit.agents.get(agent_id) or unit.agents.by_name(agent_id)
            if agent is None:
                raise NotFound("there is no such agent", hint="see `waiaas agent list`")
            locked = locked_out(switch_of_all(unit))
            if locked is not None:
                raise locked
            if agent.status != "ACTIVE":
                raise Conflict(f"this agent is {agent.status}", hint="`waiaas agent resume` lets a suspended one go on")
            if unit.sessions.live_count(agent.id, now) >= security.max_sessions_per_agent:
                raise Conflict(
                    f"this agent has {security.max_sessions_per_agent} sessions already",
                    code="LIMIT_REACHED",
                    hint="revoke one, or raise security.max_sessions_per_agent",
                )
            limits = read_document(unit, self._chains, agent, constraints or {})
            session = Session(
                id=str(uuid7()),
                created_at=now,
                agent_id=agent.id,
                token_hash=_hash(token),
                expires_at=now + seconds,
                absolute_expires_at=now + security.session_absolute_lifetime,
                constraints=json.dumps(limits, sort_keys=True, separators=(",", ":")),
                max_renewals=security.session_max_renewals,
            )
            unit.sessions.insert(session)
            self._record(
                unit, "session.issued", actor, session, {"expiresAt": session.expires_at, "constraints": limits}
            )
        return Issued(session=session, token=token)

    def check(self, actor: Actor, *, agent_id: str, constraints: Mapping[str, Any]) -> Checked:
        """What :meth:`issue` would store as the constraints, so that a person can look at it first. Nothing is stored.

        :raises BadRequest: naming the field
        """
        require_operator(actor)
        with self._store.read() as unit:
            agent = unit.agents.get(agent_id) or unit.agents.by_name(agent_id)
            if agent is None:
                raise NotFound("there is no such agent", hint="see `waiaas agent list`")
            found = read_document(unit, self._chains, agent, constraints)
            (shown,) = display(unit, self._chains, [(agent.id, json.dumps(found))])
        return Checked(agent_id=agent.id, constraints=found, display=shown)

    def display(self, sessions: Sequence[Session]) -> Sequence[Mapping[str, str]]:
        """The amounts of each session's constraints in display units, by their paths (``maxAmount``)."""
        with self._store.read() as unit:
            return display(unit, self._chains, [(one.agent_id, one.constraints) for one in sessions])

    def list(self, actor: Actor, agent_id: str | None, limit: int, cursor: str | None = None) -> Page[Session]:
        """Sessions, newest first."""
        require_operator(actor)
        with self._store.read() as unit:
            return unit.sessions.list(agent_id=agent_id, limit=limit, cursor=cursor)

    def revoke(self, actor: Actor, session_id: str) -> None:
        """End a session; its unsigned rows are cancelled in that commit. May be called again.

        Where the database cannot be written it lets nobody in from here on all the same, and is ended once it can be.
        """
        require_operator(actor)
        with self._store.read() as unit:
            session = unit.sessions.get(session_id)
        if session is None:
            raise NotFound("there is no such session", hint="see `waiaas session list`")
        ended: Sequence[str] = ()
        try:
            with self._store.write() as unit:
                ended = self.revoke_within(unit, actor, session.id)
        except (NotReady, StoreFault):
            self._ended.add(session.id)
            self._bench.hold_stop(actor, Order(state=LOCKED, session_id=session.id, reason="it was revoked"))
        self.settle(session.agent_id, ended)

    def revoke_within(self, unit: Unit, actor: Actor, session_id: str) -> Sequence[str]:
        """The same in the caller's transaction. :returns: the ids of the rows that ended, for after the commit"""
        session = unit.sessions.get(session_id)
        return [] if session is None else self._revoke_within(unit, actor, session)

    def revoke_all_within(self, unit: Unit, actor: Actor, agent_id: str, *, code: str, why: str) -> Sequence[str]:
        """End every session of the agent, and cancel its unsigned rows, in the caller's transaction.

        :returns: the ids of the rows that ended, for :meth:`settle` after the commit
        """
        ended: list[str] = []
        for session in unit.sessions.list(agent_id=agent_id, limit=100_000).items:
            ended += self._revoke_within(unit, actor, session)
        for row in unit.transactions.unsigned_of_agent(agent_id):
            end_unsigned_within(self._bench, unit, row, Ending(status="CANCELLED", code=code, why=why), actor)
            ended.append(row.id)
        return ended

    def settle(self, agent_id: str, ended: Sequence[str]) -> None:
        """After the commit that ended sessions: nobody is let in by them or about to sign any more, waiters are told."""
        self.forget()
        self._bench.gate.drain(agent_id, _DRAIN_SECONDS)
        for tx_id in ended:
            self._bench.outcomes.ring(tx_id)

    def renew(self, actor: Actor) -> Issued:
        """The same session with a new token and a new end; the old token dies in the same commit.

        :raises Conflict: when the renewals, or the absolute lifetime, are used up
        """
        session, _ = require_session(actor)
        now = self._clock.now()
        token = PREFIX + secrets.token_urlsafe(32)
        with self._store.write() as unit:
            present = unit.sessions.get(session.id)
            if present is None or not self._is_live(present) or present.token_hash != session.token_hash:
                raise Unauthenticated("the credential is not valid", hint="ask the operator for a session")
            if present.renewal_count >= present.max_renewals or present.absolute_expires_at <= now:
                raise Conflict(
                    "this session cannot be renewed any more",
                    code="LIMIT_REACHED",
                    hint="ask the operator for a new session",
                )
            length = present.expires_at - (present.last_renewed_at or present.created_at)
            end = min(now + length, present.absolute_expires_at)
            rotated = unit.sessions.rotate(
                present.id, expected_hash=present.token_hash, token_hash=_hash(token), expires_at=end, renewed_at=now
            )
            if not rotated:
                raise Unauthenticated("the credential is not valid", hint="ask the operator for a session")
            self._record(unit, "session.renewed", actor, present, {"expiresAt": end})
        self.forget()
        renewed = replace(
            present,
            token_hash=_hash(token),
            expires_at=end,
            renewal_count=present.renewal_count + 1,
            last_renewed_at=now,
        )
        return Issued(session=renewed, token=token)

    def forget(self) -> None:
        """Drop what authentication remembers."""
        with self._lock:
            self._generation += 1
            self._known.clear()

    def _remember(self, digest: str, session: Session, agent: Agent, generation: int) -> None:
        with self._lock:
            if generation != self._generation:
                return  # something changed while it was being read
            if len(self._known) >= _CACHE_SIZE:
                self._known.clear()
            self._known[digest] = (self._clock.monotonic() + _CACHE_SECONDS, session, agent)

    def _is_live(self, session: Session) -> bool:
        return (
            session.id not in self._ended
            and session.revoked_at is None
            and min(session.expires_at, session.absolute_expires_at) > self._clock.now()
        )

    def _revoke_within(self, unit: Unit, actor: Actor, session: Session) -> Sequence[str]:
        if not unit.sessions.revoke(session.id, self._clock.now()):
            return []
        self._record(unit, "session.revoked", actor, session, {})
        rows = unit.transactions.unsigned_of_session(session.id)
        ending = Ending(status="CANCELLED", code="SESSION_REVOKED", why="its session was revoked")
        for row in rows:
            end_unsigned_within(self._bench, unit, row, ending, actor)
        return [row.id for row in rows]

    def _record(self, unit: Unit, event: str, actor: Actor, session: Session, details: dict[str, Any]) -> None:
        self._journal.record(
            unit,
            event,
            actor=actor.label,
            agent_id=session.agent_id,
            session_id=session.id,
            details=details,
            ip=actor.ip,
        )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
