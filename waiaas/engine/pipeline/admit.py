"""Admit: from a request to a durable row with its reservation, in one commit, or to a refusal with its reason.

The one call to the network is ``resolve``, on the request's thread, before any row and outside any database session.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from uuid6 import uuid7

from waiaas.engine.actors import Actor, require_session
from waiaas.engine.chains import Chain
from waiaas.engine.facts import Subject, effects_likeness
from waiaas.engine.intents import Wish, read_wish
from waiaas.engine.moments import shown_moment
from waiaas.engine.nodes import within
from waiaas.engine.pipeline.denials import Denials
from waiaas.engine.pipeline.evaluate import Judgement
from waiaas.engine.pipeline.holds import open_approval
from waiaas.engine.pipeline.resolution import asset_of, read_resolved
from waiaas.engine.pipeline.stage import Bench
from waiaas.engine.rules.denials import denial_details, denial_hint
from waiaas.engine.rules.fees import fee_cap
from waiaas.engine.rules.verdicts import SESSION
from waiaas.engine.stops import stop_over
from waiaas.engine.stored_intent import StoredIntent
from waiaas.errors import (
    ChainUnreachable,
    Conflict,
    Denied,
    NotReady,
    Refused,
    RefusedByChain,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from waiaas.interfaces.chain import Kind
from waiaas.interfaces.policy import NEAR_LIMIT, Tier
from waiaas.store.database import Unit
from waiaas.store.records import Agent, Session, Transaction

_RESOLVE_SECONDS = 2.0
_JUDGEMENTS = 6
_RETRY_AFTER_FULL = 5
_EVENTS = {
    Tier.INSTANT: "transaction.admitted",
    Tier.NOTIFY: "transaction.admitted",
    Tier.DELAY: "transaction.delayed",
    Tier.APPROVAL: "transaction.approval_requested",
    Tier.DENY: "transaction.denied",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """:param is_replay: the row was there already, under the same key
    :param is_stored: False for a denial beyond those that are kept
    """

    row: Transaction
    is_replay: bool
    is_stored: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One send, ready to be judged."""

    actor: Actor
    session: Session
    agent: Agent
    chain: Chain
    wish: Wish
    key: str | None
    tx_id: str


class Admission:
    """Takes sends. Thread-safe."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._denials = Denials(bench.transitions, bench.clock, bench.settings.security.max_stored_denials)

    def request(self, actor: Actor, body: Mapping[str, Any], key: str | None, tx_id: str | None = None) -> Request:
        """Authenticate and read; no network, nothing stored. A suspended agent is for :meth:`resolve` to turn away: what was
        paid before may be asked about again all the same.

        :raises BadRequest, Denied: when it cannot be taken as it is
        """
        session, agent = require_session(actor)
        chain = self._bench.chains.of(agent)
        wish = read_wish(body, agent, chain)
        return Request(
            actor=actor, session=session, agent=agent, chain=chain, wish=wish, key=key, tx_id=tx_id or str(uuid7())
        )

    def replayed(self, request: Request) -> Transaction | None:
        """The row that the key made before.

        :raises Conflict: when the key was used with another body
        """
        if request.key is None:
            return None
        with self._bench.store.read() as unit:
            return _same(unit, request)

    def resolve(self, request: Request) -> StoredIntent:
        """Complete the intent with the chain's facts. Network, at most two seconds.

        :raises Stopped: when everything, the agent or the session is stopped
        :raises RefusedByChain: when the chain's rules forbid it, :raises ChainUnreachable: when no node answers
        :raises BadRequest: with code TOKEN_MISMATCH when the request said something else of its token than the chain
        """
        self._require_not_stopped(request)
        chain, intent = request.chain, request.wish.intent
        account = chain.account(request.agent)
        try:
            with within(_RESOLVE_SECONDS):
                chain.require_right_chain()
                resolved = read_resolved(chain, chain.call(chain.adapter.resolve, intent, account))
        except Refused as problem:
            raise RefusedByChain(
                problem.message, hint=problem.hint, details={"reason": problem.code, **problem.details}
            ) from None
        except Unavailable:
            if intent.kind is not Kind.TRANSFER:
                raise ChainUnreachable(
                    f"no node of {request.agent.network} answered", hint="nothing was stored; try again"
                ) from None
            offline = read_resolved(chain, chain.call(chain.adapter.resolve_offline, intent, account, chain.fees.max))
            return StoredIntent(resolved=offline, fee_cap=chain.fees.max, is_offline=True)
        request.wish.require_as_said(asset_of(resolved))
        return StoredIntent(resolved=resolved, fee_cap=fee_cap(resolved.likely_fee.units, chain.fees))

    def admit(self, request: Request, intent: StoredIntent) -> Admitted:
        """Judge, then reserve and insert in one commit. A refusal is stored too, and raised.

        :raises Denied: by policy or constraint, :raises TooMany: when too many wait or run
        """
        if not (self._bench.signer.is_unlocked and self._bench.is_open()):
            raise NotReady("the signer is locked", code="SIGNER_LOCKED", hint="the operator runs `waiaas unlock`")
        likeness = effects_likeness(intent.resolved.effects)
        for _ in range(_JUDGEMENTS):
            judgement = self._bench.evaluator.judge(subject(request, intent))
            row = self._row(request, intent, judgement)  # everything that needs no lock is done before it is taken
            self._bench.observe("before-admit", request.tx_id)
            with self._bench.store.write() as unit:
                done = self._commit(unit, request, intent, judgement, row, likeness)
            if done is not None:
                self._bench.observe("after-admit", request.tx_id)
                return _answer(request, done, judgement)
        raise TooMany("too many payments at once against the same limit", code="RATE_LIMITED", retry_after=1)

    def _require_not_stopped(self, request: Request) -> None:
        self._bench.heed_stop()
        with self._bench.store.read() as unit:
            stopped = stop_over(unit, request.agent, unit.sessions.get(request.session.id))
        if stopped is not None:
            raise stopped

    def _commit(
        self,
        unit: Unit,
        request: Request,
        intent: StoredIntent,
        judgement: Judgement,
        row: Transaction,
        likeness: str,
    ) -> Admitted | None:
        _require_live(unit, request, self._bench.clock.now())
        before = _same(unit, request)
        if before is not None:
            return Admitted(row=before, is_replay=True)
        tier = judgement.decision.tier
        if tier is Tier.DENY and not self._denials.is_stored(unit, request.agent.id, judgement.decision):
            self._denials.count(unit, row, request.actor)
            return Admitted(row=row, is_replay=False, is_stored=False)
        if tier is not Tier.DENY:
            if not self._bench.evaluator.still_holds(unit, subject(request, intent), judgement):
                return None
            self._require_room(unit, request, tier)
        details = {"tier": tier.value, "digest": intent.digest, "amount": str(row.amount), "recipient": row.to_address}
        named = judgement.decision.named
        details |= {"policyId": named.policy_id, "code": named.verdict.code, "reason": named.verdict.reason}
        transitions = self._bench.transitions
        transitions.create(unit, row, _EVENTS[tier], details, request.actor, likeness)
        if tier is Tier.DENY:
            self._bench.suspensions.freeze(unit, judgement.decision, request.agent, row)
        else:
            self._take_room(unit, request, intent, judgement, row)
        if tier is Tier.APPROVAL:
            open_approval(
                unit, row, intent.digest, self._bench.clock.now(), self._bench.settings.security.approval_timeout
            )
        return Admitted(row=row, is_replay=False)

    def _take_room(
        self, unit: Unit, request: Request, intent: StoredIntent, judgement: Judgement, row: Transaction
    ) -> None:
        """What the row may take is set aside, and it is counted."""
        transitions = self._bench.transitions
        transitions.reserve(unit, row, intent, judgement.usd)
        if any(NEAR_LIMIT in item.verdict.marks for item in judgement.decision.verdicts):
            transitions.count(unit, row, "near_limit")
        unit.sessions.count_transaction(request.session.id)

    def _require_room(self, unit: Unit, request: Request, tier: Tier) -> None:
        security = self._bench.settings.security
        if tier in (Tier.DELAY, Tier.APPROVAL):
            if unit.transactions.count_queued(request.agent.id) >= security.max_pending_tx:
                raise TooMany(
                    f"{security.max_pending_tx} payments of this agent wait already",
                    code="MAX_PENDING_TX",
                    hint="cancel one, or wait until one is decided",
                    retry_after=_RETRY_AFTER_FULL,
                )
        elif unit.transactions.count_active() >= security.max_active_tx:
            raise TooMany(
                f"{security.max_active_tx} payments are under way already",
                code="MAX_ACTIVE_TX",
                retry_after=_RETRY_AFTER_FULL,
            )

    def _row(self, request: Request, intent: StoredIntent, judgement: Judgement) -> Transaction:
        now, tier = self._bench.clock.now(), judgement.decision.tier
        is_held, is_denied = tier in (Tier.DELAY, Tier.APPROVAL), tier is Tier.DENY
        wanted = intent.resolved.intent
        named = judgement.decision.named.verdict
        return Transaction(
            id=request.tx_id,
            created_at=now,
            updated_at=now,
            agent_id=request.agent.id,
            session_id=request.session.id,
            chain=request.agent.chain,
            network=request.agent.network,
            type=wanted.kind.value,
            status="CANCELLED" if is_denied else "QUEUED" if is_held else "PENDING",
            tier=tier.value,
            asset=wanted.amount.asset if wanted.amount else None,
            amount=wanted.amount.units if wanted.amount else None,
            to_address=wanted.to.address if wanted.to else None,
            intent=intent.to_text(),
            decision=json.dumps(judgement.to_wire(), separators=(",", ":"), ensure_ascii=False),
            idempotency_key=None if is_denied else request.key,
            request_hash=request.wish.request_hash,
            queued_at=now if is_held else None,
            due_at=now + judgement.decision.delay_seconds if tier is Tier.DELAY else None,
            error=named.reason if is_denied else None,
            error_code=named.code if is_denied else None,
            metadata=json.dumps({"note": request.wish.note}, ensure_ascii=False) if request.wish.note else "{}",
        )


def subject(request: Request, intent: StoredIntent) -> Subject:
    """What judges are asked about."""
    return Subject(agent=request.agent, session=request.session, resolved=intent.resolved, fee_cap=intent.fee_cap)


def denial(judgement: Judgement, tx_id: str | None) -> Denied:
    """The error of a refused send: who refused, why, what remains, whether it can pass later, and what to do."""
    decision = judgement.decision
    code = "CONSTRAINT_DENIED" if decision.named.type == SESSION else "POLICY_DENIED"
    details, hint = denial_details(decision, tx_id), denial_hint(decision, shown_moment)
    return Denied(decision.named.verdict.reason, code=code, hint=hint, details=details)


def _answer(request: Request, done: Admitted, judgement: Judgement) -> Admitted:
    if judgement.decision.tier is Tier.DENY and not done.is_replay:
        raise denial(judgement, request.tx_id if done.is_stored else None)
    return done


def _same(unit: Unit, request: Request) -> Transaction | None:
    row = None if request.key is None else unit.transactions.by_key(request.agent.id, request.key)
    if row is not None and row.request_hash != request.wish.request_hash:
        raise Conflict(
            "this Idempotency-Key was used with another body",
            code="IDEMPOTENCY_CONFLICT",
            hint="use a new key for a new payment",
            details={"transactionId": row.id},
        )
    return row


def _require_live(unit: Unit, request: Request, now: int) -> None:
    """The session and the agent as they are now, under the lock: a revoke or suspend that committed before wins."""
    session, agent = unit.sessions.get(request.session.id), unit.agents.get(request.agent.id)
    if session is None or agent is None or session.revoked_at is not None or session.expires_at <= now:
        raise Unauthenticated("the credential is not valid", hint="ask the operator for a session")
    stopped = stop_over(unit, agent, session)
    if stopped is not None:
        raise stopped
