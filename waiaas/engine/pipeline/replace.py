"""Replace: further bytes for a SUBMITTED row, dearer ones or such as give the payment up. At most one variant of a row lands.

Before the signer is asked, the claims read from the new bytes must meet those of every earlier variant. The new bytes, their
claims, the larger fee that is set aside and the audit row are one commit, before the first of them leaves the process
(invariants 4, 6, 7).
"""

import logging
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from waiaas.engine.chains import Chain
from waiaas.engine.facts import Subject
from waiaas.engine.pipeline.evaluate import Judgement
from waiaas.engine.pipeline.free_claims import Made, made_with_free_claims
from waiaas.engine.pipeline.orders import Order, ended, is_revoked, waiting_order, with_asker, with_order
from waiaas.engine.pipeline.signatures import sign_bytes
from waiaas.engine.pipeline.stage import DONE, ON, Bench, Progress, later
from waiaas.engine.pipeline.standing import order_stop, refusal, standing_of, subject_of
from waiaas.engine.rules.bytes_check import OTHER_CLAIMS, mismatch
from waiaas.engine.rules.text import shown
from waiaas.engine.rules.waiting import WaitCode, wait_for, wait_of
from waiaas.engine.stops import stop_epoch
from waiaas.engine.stored_intent import stored_intent
from waiaas.engine.variants import held_by_others, in_flight_of, unshared, variant_of
from waiaas.errors import Denied, Malformed, NotReady, NotYet, Refused, StartRefused, Stopped, Unavailable, WaiaasError
from waiaas.interfaces.chain import Account, BuildRequest, Decoded, Feature, Resolved, Signed, Unsigned
from waiaas.store.database import Unit
from waiaas.store.records import Agent, Reservation, Transaction, Variant

_log = logging.getLogger("waiaas.replace")
_AWAY_SECONDS = 1.0
_CONTENDED_SECONDS = 0.05
_EVENTS = {"speed_up": "transaction.sped_up", "cancel": "transaction.cancel_signed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    row: Transaction
    order: Order
    agent: Agent
    chain: Chain
    account: Account
    resolved: Resolved
    variants: tuple[Variant, ...]
    flying: tuple[Variant, ...]
    subject: Subject
    judgement: Judgement
    stop_epoch: int


class Replace:
    """Carries an order out. Used by the row's lane, so that nothing else of the account is built meanwhile."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def run(self, row: Transaction, order: Order) -> Progress:
        """One further variant, or none yet, or the order's end. May be called again: nothing is kept that was not committed."""
        bench = self._bench
        if not bench.is_open():
            return later(_AWAY_SECONDS, wait_for(WaitCode.NOT_OPEN))
        if bench.clock.now() >= order.at + bench.settings.security.execution_timeout:
            return self._end(row, order, "EXECUTION_TIMEOUT", "it could not be carried out in time")
        try:
            job = self._prepare(row, order)
            if job is None:
                return DONE
            made = made_with_free_claims(bench, row, held_by_others(job.flying, row.id), partial(self._made, job))
            if made is None:
                return DONE
            with bench.gate.passing(job.agent.id):
                return self._sign_and_store(job, *made)
        except WaiaasError as problem:
            return self._interrupted(row, order, problem)

    def _prepare(self, row: Transaction, order: Order) -> _Job | None:
        """What is needed, and a fresh judgement; None when the order ended or must wait for its agent."""
        self._bench.heed_stop()
        with self._bench.store.read() as unit:
            stopped_before = stop_epoch(unit)  # first: a stop that comes while this is read makes it stale
            standing, is_over = standing_of(unit, row), is_revoked(unit, order)
            is_stopped = standing is None or order_stop(unit, standing, order) is not None
            flying = unit.variants.of_agent_in_flight(row.agent_id)
        if is_over:
            self._end(row, order, "SESSION_REVOKED", "the session that asked for it was revoked")
            return None
        if standing is None or is_stopped:
            return None  # the orders of whoever is stopped stay where they are until they are too old
        chain = self._bench.chains.of(standing.agent)
        if Feature.REPLACE not in chain.adapter.features:
            self._end(row, order, "TYPE_NOT_SUPPORTED", f"signed bytes cannot be replaced on {row.chain}/{row.network}")
            return None
        subject = subject_of(standing, order)
        judgement = self._bench.evaluator.judge(subject)
        denied = refusal(standing, order, judgement)
        if denied is not None:
            self._end(row, order, denied.code, denied.message)
            return None
        return _Job(
            row=row,
            order=order,
            agent=standing.agent,
            chain=chain,
            account=chain.account(standing.agent),
            resolved=subject.resolved,
            variants=standing.variants,
            flying=tuple(flying),
            subject=subject,
            judgement=judgement,
            stop_epoch=stopped_before,
        )

    def _made(self, job: _Job, held: frozenset[str]) -> Made | None:
        unsigned = self._build(job, held)
        decoded = self._checked(job, unsigned)
        return None if decoded is None else (unsigned, decoded)

    def _build(self, job: _Job, held: frozenset[str]) -> Unsigned:
        chain = job.chain
        chain.require_right_chain()
        self._bench.observe("before-rebuild", job.row.id)
        request = BuildRequest(
            resolved=job.resolved,
            account=job.account,
            in_flight=in_flight_of(job.flying),
            salt=UUID(job.row.id).bytes,
            now=self._bench.clock.now(),
            max_fee=job.order.cap,
            replaces=in_flight_of(job.variants),
            held=held,
        )
        return chain.call(chain.adapter.build, request)

    def _checked(self, job: _Job, unsigned: Unsigned) -> Decoded | None:
        """The bytes decoded, when they do what was judged and can land in the earlier ones' place only."""
        decoded = job.chain.call(job.chain.adapter.decode, unsigned, job.account)
        why = mismatch(decoded, job.resolved, job.account, job.chain.network.chain_id, job.order.cap)
        if why is None:
            beside = unshared(decoded.claims, job.variants)
            why = None if beside is None else f"the bytes could land beside variant {beside.n}: they share no claim"
        if why is None:
            return decoded
        self._refuse(job, why)
        return None

    def _refuse(self, job: _Job, why: str) -> None:
        """The order ends, loudly: what was made for it is not what was judged."""
        with self._bench.store.write() as unit:
            fresh = unit.transactions.get(job.row.id)
            if fresh is not None:
                details = {"code": "EFFECTS_MISMATCH", "reason": why, "kind": job.order.kind}
                self._bench.transitions.tell(unit, fresh, "transaction.mismatch_refused", details)
        self._end(job.row, job.order, "EFFECTS_MISMATCH", why)

    def _sign_and_store(self, job: _Job, unsigned: Unsigned, decoded: Decoded) -> Progress:
        self._bench.require_no_stop()
        with self._bench.store.read() as unit:
            if self._obstacle(unit, job) is not None:
                return later(_CONTENDED_SECONDS)  # looked at afresh, before anything is signed
        self._bench.observe("before-resign", job.row.id)
        signed = sign_bytes(self._bench, job.chain, job.account, job.agent.id, unsigned, job.stop_epoch)
        if signed.claims != decoded.claims:
            self._refuse(job, OTHER_CLAIMS)
            return DONE
        self._bench.observe("after-resign", job.row.id)
        self._bench.require_no_stop()
        with self._bench.store.write() as unit:
            if self._obstacle(unit, job) is not None:
                return later(_CONTENDED_SECONDS)  # this signature is dropped
            self._store(unit, job, unsigned, signed, decoded.max_fee.units)
        self._bench.observe("after-restore", job.row.id)
        self._bench.outcomes.ring(job.row.id)
        self._bench.on_signed()
        return ON

    def _obstacle(self, unit: Unit, job: _Job) -> str | None:
        """What keeps the bytes from being made or stored, as things are now; None where nothing does."""
        standing = standing_of(unit, job.row)
        if standing is None or standing.row.status != "SUBMITTED":
            return "it went on without us"
        if order_stop(unit, standing, job.order) is not None:
            return "it is stopped"
        if [one.n for one in standing.variants] != [one.n for one in job.variants]:
            return "there is another variant"
        if job.order.asked_by != "system" and waiting_order(standing.row) != job.order:
            return "the order changed"
        if is_revoked(unit, job.order):
            return "whoever asked for it was revoked"
        if refusal(standing, job.order, job.judgement) is not None:
            return "it is not allowed any more"
        if not self._bench.evaluator.still_holds(unit, job.subject, job.judgement):
            return "policies or windows changed"
        return None

    def _store(self, unit: Unit, job: _Job, unsigned: Unsigned, signed: Signed, fee: int) -> None:
        """The new bytes and everything that must be durable with them."""
        now, row = self._bench.clock.now(), job.row
        n = job.variants[-1].n + 1
        fresh = unit.transactions.get(row.id) or row
        unit.variants.insert(variant_of(row, signed, fee, now, n=n, kind=job.order.kind))
        for claim in sorted(signed.claims):
            unit.claims.add(row.agent_id, claim, row.id)
        unit.reservations.grow(self._fee_reservation(row, fee, now))
        metadata = with_asker(with_order(fresh, None), job.order, n)
        unit.transactions.note(row.id, expected="SUBMITTED", at=now, tx_hash=signed.tx_hash, metadata=metadata)
        details = {
            "variant": n,
            "txHash": signed.tx_hash,
            "maxFee": str(fee),
            "replaces": [one.tx_hash for one in job.variants],
            "askedBy": job.order.label,
            "remarks": [shown(text) for text in unsigned.remarks],
        }
        self._bench.transitions.tell(unit, row, _EVENTS[job.order.kind], details)

    def _fee_reservation(self, row: Transaction, fee: int, now: int) -> Reservation:
        return Reservation(
            tx_id=row.id,
            agent_id=row.agent_id,
            session_id=row.session_id,
            asset=stored_intent(row).resolved.likely_fee.asset,
            kind="fee",
            amount=fee,
            state="signed",
            created_at=now,
        )

    def _end(self, row: Transaction, order: Order, code: str, why: str) -> Progress:
        """The order is over without bytes; whoever waits is told why. Nothing else about the row changes."""
        with self._bench.store.write() as unit:
            fresh = unit.transactions.get(row.id)
            if fresh is None or fresh.status != "SUBMITTED":
                return DONE
            waiting = waiting_order(fresh)
            if waiting != order and (waiting is not None or order.asked_by != "system"):
                return DONE  # another order took its place; the house's own is not written down while it runs
            over, now = ended(order, code, why), self._bench.clock.now()
            unit.transactions.note(row.id, expected="SUBMITTED", at=now, metadata=with_order(fresh, over))
            details = {"kind": order.kind, "code": code, "reason": why, "askedBy": order.label}
            self._bench.transitions.tell(unit, fresh, "transaction.replacement_refused", details)
        self._bench.outcomes.ring(row.id)
        return DONE

    def _interrupted(self, row: Transaction, order: Order, problem: WaiaasError) -> Progress:
        """What a node, the adapter or the signer said: wait, or end the order. The row and its bytes stay as they are."""
        if isinstance(problem, NotYet) and problem.code == "FEE_ABOVE_CAP":
            return self._end(row, order, problem.code, problem.message)
        if isinstance(problem, Unavailable | NotReady | Stopped):
            return later(problem.retry_after or _AWAY_SECONDS, wait_of(problem))
        if isinstance(problem, Refused | Malformed | Denied | StartRefused):
            return self._end(row, order, problem.code, shown(problem.message))
        raise problem


def automatic_cancel(cap: int, now: int) -> Order:
    """The house's own order for a payment whose session was revoked before any node took its bytes: made for the person whose
    account it is, so that what comes after it is not held up by a claim that nobody uses."""
    return Order(kind="cancel", cap=cap, asked_by="system", label="system", at=now)
