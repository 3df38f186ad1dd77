"""Sign: an EXECUTING row gets its bytes. Built, simulated, decoded, compared with what was judged, signed, stored.

The bytes, their claims, the reservation's new state and the audit row are one commit, before the first byte leaves the process
(invariant 7). A signature that loses its compare-and-set is dropped, never stored and never sent.
"""

import json
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

from waiaas.engine.chains import Chain
from waiaas.engine.facts import Subject
from waiaas.engine.pipeline.ending import KEYSTORE_DAMAGED, Ending, end_unsigned, end_unsigned_within, timed_out
from waiaas.engine.pipeline.evaluate import POLICY_EPOCH
from waiaas.engine.pipeline.free_claims import Made, made_with_free_claims
from waiaas.engine.pipeline.holds import has_waited, held_seconds
from waiaas.engine.pipeline.signatures import sign_bytes
from waiaas.engine.pipeline.stage import DONE, ON, Bench, Progress, deadline, later
from waiaas.engine.rules.bytes_check import OTHER_CLAIMS, mismatch
from waiaas.engine.rules.text import shown
from waiaas.engine.rules.waiting import WaitCode, wait_for, wait_of
from waiaas.engine.stops import stop_epoch, stop_over
from waiaas.engine.stored_intent import StoredIntent, stored_intent
from waiaas.engine.variants import in_flight_of, signed_of, variant_of
from waiaas.errors import Denied, Malformed, NotReady, NotYet, Refused, StartRefused, Stopped, Unavailable, WaiaasError
from waiaas.interfaces.chain import Account, BuildRequest, Decoded, InFlight, Signed, Simulates, Unsigned
from waiaas.interfaces.policy import Tier
from waiaas.store.database import Unit
from waiaas.store.records import Agent, Session, Transaction

_NODE_AWAY_SECONDS = 1.0
_SIGNER_AWAY_SECONDS = 1.0
_NOT_YET_SECONDS = 5.0
_DAMAGED_SECONDS = 30.0
NEWEST = "newest:"
"""Before an agent's id: which of its transactions was signed last, on chains whose bytes claim something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One row about to be signed.

    :param newest: what was signed last for the account, whatever became of it
    :param epoch: the count of policy changes under which it was judged last
    :param stop_epoch: how often everything had been stopped when it was found to be let through
    """

    row: Transaction
    agent: Agent
    chain: Chain
    account: Account
    intent: StoredIntent
    in_flight: tuple[InFlight, ...]
    newest: Signed | None
    epoch: str
    stop_epoch: int


class Sign:
    """The stage of EXECUTING."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def run(self, row: Transaction) -> Progress:
        """One transition, or none yet. May be called again: nothing is kept that was not committed."""
        if not self._bench.is_open():
            return later(_SIGNER_AWAY_SECONDS, wait_for(WaitCode.NOT_OPEN))
        try:
            job = self._prepare(row)
            if job is None:
                return DONE
            held = frozenset(claim for signed in job.in_flight for claim in signed.claims)
            made = made_with_free_claims(self._bench, row, held, partial(self._made, job))
            if made is None:
                return DONE
            with self._bench.gate.passing(job.agent.id):
                return self._sign_and_store(job, *made)
        except WaiaasError as problem:
            return self._interrupted(row, problem)

    def _prepare(self, row: Transaction) -> Job | None:
        """Everything the stage needs, read in one short session; None when the row must not be signed (now, or ever)."""
        self._bench.heed_stop()
        with self._bench.store.read() as unit:
            stopped_before = stop_epoch(unit)  # first: a stop that comes while this is read makes it stale
            agent = unit.agents.get(row.agent_id)
            session = unit.sessions.get(row.session_id) if row.session_id else None
            is_stopped = agent is None or stop_over(unit, agent, session) is not None
            flying = unit.variants.of_agent_in_flight(row.agent_id)
            newest = _newest(unit, row.agent_id)
            epoch = unit.state.get(POLICY_EPOCH) or "0"
        if agent is None or is_stopped:
            return None
        if session is not None and session.revoked_at is not None:
            revoked = Ending(status="CANCELLED", code="SESSION_REVOKED", why="its session was revoked")
            end_unsigned(self._bench, row, revoked)
            return None
        if self._bench.clock.now() >= deadline(row, self._bench.settings.security.execution_timeout):
            end_unsigned(self._bench, row, timed_out(row))
            return None
        intent, chain = stored_intent(row), self._bench.chains.of(agent)
        chain.require_right_chain()
        is_other = epoch != json.loads(row.decision).get("epoch") or chain.ahead is not None
        if is_other and not self._still_allowed(row, agent, session, intent):
            return None
        most = chain.network.max_in_flight
        if most is not None and len({variant.tx_id for variant in flying}) >= most:
            raise NotYet(f"{most} payments of this account are on their way already", code="ACCOUNT_BUSY")
        return Job(
            row=row,
            agent=agent,
            chain=chain,
            account=chain.account(agent),
            intent=replace(intent, fee_cap=min(intent.fee_cap, chain.fees.max)),  # lowered since it was judged, perhaps
            in_flight=in_flight_of(flying),
            newest=newest,
            epoch=epoch,
            stop_epoch=stopped_before,
        )

    def _still_allowed(self, row: Transaction, agent: Agent, session: Session | None, intent: StoredIntent) -> bool:
        """Policies changed since the release: judge again. Stricter than what was passed ends the row (invariant 8)."""
        now = self._bench.clock.now()
        subject = Subject(
            agent=agent,
            session=session,
            resolved=intent.resolved,
            fee_cap=intent.fee_cap,
            except_tx=row.id,
            held_seconds=held_seconds(row, now),
        )
        decision = self._bench.evaluator.judge(subject).decision
        passed = Tier.APPROVAL if row.approved_at is not None else Tier(row.tier)
        if decision.tier.rank < passed.rank or (decision.tier is passed and has_waited(row, decision, now)):
            return True
        named = decision.named.verdict
        why = f"the policies changed while it waited: {named.reason}"
        with self._bench.store.write() as unit:
            moved = end_unsigned_within(self._bench, unit, row, Ending(status="CANCELLED", code=named.code, why=why))
            if moved and decision.tier is Tier.DENY:
                self._bench.transitions.count(unit, row, "denied")
                self._bench.suspensions.freeze(unit, decision, agent, row)
        self._bench.outcomes.ring(row.id)
        return False

    def _made(self, job: Job, held: frozenset[str]) -> Made | None:
        unsigned = self._build(job, held)
        decoded = self._checked(job, unsigned)
        return None if decoded is None else (unsigned, decoded)

    def _build(self, job: Job, held: frozenset[str]) -> Unsigned:
        chain = job.chain
        chain.require_right_chain()
        self._bench.observe("before-build", job.row.id)
        request = BuildRequest(
            resolved=job.intent.resolved,
            account=job.account,
            in_flight=job.in_flight,
            salt=UUID(job.row.id).bytes,
            now=self._bench.clock.now(),
            max_fee=job.intent.fee_cap,
            newest=job.newest,
            held=held,
        )
        unsigned = chain.call(chain.adapter.build, request)
        if isinstance(chain.adapter, Simulates):
            succeeds, _, why = chain.call(chain.adapter.simulate, unsigned, job.account)
            if not succeeds:
                raise Refused("SIMULATION_FAILED", why or "the chain would refuse it")
        self._bench.observe("after-build", job.row.id)
        return unsigned

    def _checked(self, job: Job, unsigned: Unsigned) -> Decoded | None:
        """The bytes decoded, when they do what was judged; otherwise the row has failed, loudly."""
        decoded = job.chain.call(job.chain.adapter.decode, unsigned, job.account)
        chain_id = job.chain.network.chain_id
        why = mismatch(decoded, job.intent.resolved, job.account, chain_id, job.intent.fee_cap)
        if why is None:
            return decoded
        self._refuse(job, why)
        return None

    def _refuse(self, job: Job, why: str) -> None:
        """The row fails, loudly: what was made for it is not what was judged. Nothing of it was stored or sent."""
        with self._bench.store.write() as unit:
            moved = self._bench.transitions.move(
                unit,
                job.row,
                "FAILED",
                "transaction.mismatch_refused",
                details={"code": "EFFECTS_MISMATCH", "reason": why},
                error_code="EFFECTS_MISMATCH",
                error=why,
            )
            if moved:
                unit.reservations.release(job.row.id)
        self._bench.outcomes.ring(job.row.id)

    def _sign_and_store(self, job: Job, unsigned: Unsigned, decoded: Decoded) -> Progress:
        self._bench.require_no_stop()
        with self._bench.store.read() as unit:
            if not self._may_store(unit, job):
                return ON  # stopped or changed meanwhile: looked at afresh, before anything is signed
        self._bench.observe("before-sign", job.row.id)
        signed = sign_bytes(self._bench, job.chain, job.account, job.agent.id, unsigned, job.stop_epoch)
        if signed.claims != decoded.claims:
            self._refuse(job, OTHER_CLAIMS)
            return DONE
        return self._store(job, unsigned, signed, decoded)

    def _store(self, job: Job, unsigned: Unsigned, signed: Signed, decoded: Decoded) -> Progress:
        self._bench.observe("after-sign", job.row.id)
        self._bench.require_no_stop()
        remarks = [shown(text) for text in unsigned.remarks]
        with self._bench.store.write() as unit:
            if not self._may_store(unit, job):
                return ON  # the row is looked at afresh; this signature is dropped
            moved = self._bench.transitions.move(
                unit,
                job.row,
                "SUBMITTED",
                "transaction.signed",
                details={
                    "txHash": signed.tx_hash,
                    "validUntil": signed.valid_until,
                    "maxFee": str(decoded.max_fee.units),
                    **({"remarks": remarks} if remarks else {}),
                },
                tx_hash=signed.tx_hash,
                error=None,
                error_code=None,
            )
            if not moved:
                return DONE
            unit.variants.insert(variant_of(job.row, signed, decoded.max_fee.units, self._bench.clock.now()))
            for claim in sorted(signed.claims):
                unit.claims.add(job.row.agent_id, claim, job.row.id)
            if signed.claims:
                unit.state.set(NEWEST + job.agent.id, job.row.id)
            unit.reservations.set_state(job.row.id, "signed")
            if remarks:
                details = {"txHash": signed.tx_hash, "reason": "; ".join(remarks)}
                self._bench.transitions.tell(unit, job.row, "account.used_elsewhere", details)
        self._bench.observe("after-store", job.row.id)
        self._bench.on_signed()
        return ON

    def _may_store(self, unit: Unit, job: Job) -> bool:
        agent = unit.agents.get(job.row.agent_id)
        session = unit.sessions.get(job.row.session_id) if job.row.session_id else None
        return (
            agent is not None
            and stop_over(unit, agent, session) is None
            and not (session is not None and session.revoked_at is not None)
            and (unit.state.get(POLICY_EPOCH) or "0") == job.epoch
        )

    def _interrupted(self, row: Transaction, problem: WaiaasError) -> Progress:
        """What a node, the adapter or the signer said: wait, or end the row. Anything else is for the lane to log."""
        if isinstance(problem, NotYet):
            self._note(row, problem.code, None)
            return later(problem.retry_after or _NOT_YET_SECONDS, wait_of(problem))
        if isinstance(problem, StartRefused):
            return self._damaged(row, problem)
        if isinstance(problem, Unavailable):
            return later(problem.retry_after or _NODE_AWAY_SECONDS, wait_of(problem))
        if isinstance(problem, NotReady | Stopped):  # locked, or stopped: whatever lifts that, the row is still here
            return later(_SIGNER_AWAY_SECONDS, wait_of(problem))
        if isinstance(problem, Refused | Malformed | Denied):
            code = "SIGNER_REFUSED" if isinstance(problem, Denied) else problem.code
            end_unsigned(self._bench, row, Ending(status="FAILED", code=code, why=problem.message))
            return DONE
        raise problem

    def _note(self, row: Transaction, code: str, why: str | None) -> None:
        """What the row waits for, once: it is seen on the row, and named should its time run out."""
        if row.error_code == code:
            return
        now = self._bench.clock.now()
        with self._bench.store.write() as unit:
            unit.transactions.note(row.id, expected="EXECUTING", at=now, error_code=code, error=why)

    def _damaged(self, row: Transaction, problem: StartRefused) -> Progress:
        """The agent's key file cannot be read: a person is told once a row, and the row waits for them."""
        if row.error_code != KEYSTORE_DAMAGED:
            now = self._bench.clock.now()
            with self._bench.store.write() as unit:
                unit.transactions.note(
                    row.id, expected="EXECUTING", at=now, error_code=KEYSTORE_DAMAGED, error=problem.message
                )
                details = {"code": KEYSTORE_DAMAGED, "reason": problem.message}
                self._bench.transitions.tell(unit, row, "agent.key_damaged", details)
            self._bench.outcomes.ring(row.id)
        return later(_DAMAGED_SECONDS, wait_for(WaitCode.KEYSTORE_DAMAGED))


def _newest(unit: Unit, agent_id: str) -> Signed | None:
    """The account's first bytes of the transaction that was signed last; variants share its claims."""
    tx_id = unit.state.get(NEWEST + agent_id)
    variants = unit.variants.of(tx_id) if tx_id else []
    return signed_of(variants[0]) if variants else None
