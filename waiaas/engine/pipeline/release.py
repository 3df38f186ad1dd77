"""Release: a PENDING or QUEUED row is judged again and goes on, waits longer, or ends. The stricter of then and now wins."""

import json
from dataclasses import replace

from waiaas.engine.facts import Subject
from waiaas.engine.pipeline.ending import Ending, end_unsigned, timed_out
from waiaas.engine.pipeline.evaluate import Judgement, judged_usd
from waiaas.engine.pipeline.holds import has_waited, held_seconds, open_approval
from waiaas.engine.pipeline.resolution import read_resolved
from waiaas.engine.pipeline.stage import DONE, ON, Bench, Progress, deadline, later
from waiaas.engine.rules.fees import fee_cap
from waiaas.engine.rules.waiting import wait_of
from waiaas.engine.stops import stop_over
from waiaas.engine.stored_intent import StoredIntent, stored_intent
from waiaas.errors import Refused, Unavailable
from waiaas.interfaces.policy import Tier, strictest
from waiaas.store.database import Unit
from waiaas.store.records import Agent, Session, Transaction

_NODE_AWAY_SECONDS = 1.0
_CONTENDED_SECONDS = 0.05
_BRIEF = ("tier", "policyId", "type", "code", "reason", "judgedAt")
_MOST_TOLD = 4


class Release:
    """The stage of PENDING and QUEUED."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def run(self, row: Transaction) -> Progress:
        """One transition, or none yet. May be called again."""
        now = self._bench.clock.now()
        if _is_waiting(row, now):
            return DONE
        self._bench.heed_stop()
        with self._bench.store.read() as unit:
            agent = unit.agents.get(row.agent_id)
            session = unit.sessions.get(row.session_id) if row.session_id else None
            is_stopped = agent is None or stop_over(unit, agent, session) is not None
        if agent is None or is_stopped:
            return DONE  # what is stopped stays where it is; whoever lifts the stop brings it back
        if now >= deadline(row, self._bench.settings.security.execution_timeout):
            end_unsigned(self._bench, row, timed_out(row))
            return DONE
        return self._judged(row, agent, session)

    def _judged(self, row: Transaction, agent: Agent, session: Session | None) -> Progress:
        intent = stored_intent(row)
        if intent.is_offline:
            try:
                intent = self._resolved(row, agent, intent)
            except Unavailable as problem:
                return later(problem.retry_after or _NODE_AWAY_SECONDS, wait_of(problem))
            except Refused as problem:
                end_unsigned(self._bench, row, Ending(status="CANCELLED", code=problem.code, why=problem.message))
                return DONE
        subject = Subject(
            agent=agent,
            session=session,
            resolved=intent.resolved,
            fee_cap=intent.fee_cap,
            except_tx=row.id,
            held_seconds=held_seconds(row, self._bench.clock.now()),
        )
        judgement = self._bench.evaluator.judge(subject)
        # a price that fell since does not make room for other payments: what was set aside stays
        judgement = replace(judgement, usd=max(judgement.usd, judged_usd(row)))
        self._bench.observe("before-release", row.id)
        with self._bench.store.write() as unit:
            progress = self._commit(unit, row, subject, judgement, intent)
        self._bench.observe("after-release", row.id)
        self._bench.outcomes.ring(row.id)
        return progress

    def _resolved(self, row: Transaction, agent: Agent, offline: StoredIntent) -> StoredIntent:
        chain = self._bench.chains.of(agent)
        chain.require_right_chain()
        found = chain.call(chain.adapter.resolve, offline.resolved.intent, chain.account(agent))
        resolved = read_resolved(chain, found)
        return StoredIntent(resolved=resolved, fee_cap=fee_cap(resolved.likely_fee.units, chain.fees))

    def _commit(
        self, unit: Unit, row: Transaction, subject: Subject, judgement: Judgement, intent: StoredIntent
    ) -> Progress:
        if not _may_go_on(unit, row):
            return DONE
        tier = judgement.decision.tier
        if tier is Tier.DENY:
            named = judgement.decision.named.verdict
            details = {"code": named.code, "reason": named.reason, "policyId": judgement.decision.named.policy_id}
            self._end(unit, row, judgement, details, subject.agent)
            return DONE
        if not self._bench.evaluator.still_holds(unit, subject, judgement):
            return later(_CONTENDED_SECONDS)
        overall = strictest([tier, Tier(row.tier)])
        if _is_satisfied(row, overall) and has_waited(row, judgement.decision, self._bench.clock.now()):
            return self._execute(unit, row, judgement, intent, overall)
        return self._hold(unit, row, judgement, intent, overall)

    def _execute(
        self, unit: Unit, row: Transaction, judgement: Judgement, intent: StoredIntent, tier: Tier
    ) -> Progress:
        moved = self._bench.transitions.move(
            unit,
            row,
            "EXECUTING",
            "transaction.released",
            details={"tier": tier.value},
            tier=tier.value,
            decision=_text(row, judgement, tier),
        )
        if moved:
            self._renew(unit, row, intent, judgement.usd)
        return ON if moved else DONE

    def _hold(self, unit: Unit, row: Transaction, judgement: Judgement, intent: StoredIntent, tier: Tier) -> Progress:
        now = self._bench.clock.now()
        is_delay = tier is Tier.DELAY
        since = (row.queued_at or now) if is_delay and row.status == "QUEUED" else now
        event = "transaction.delayed" if is_delay else "transaction.approval_requested"
        moved = self._bench.transitions.move(
            unit,
            row,
            "QUEUED",
            event,
            details={"tier": tier.value, "reason": judgement.decision.named.verdict.reason},
            tier=tier.value,
            decision=_text(row, judgement, tier),
            queued_at=since,
            due_at=since + judgement.decision.delay_seconds if is_delay else None,
        )
        if moved:
            self._renew(unit, row, intent, judgement.usd)
        if moved and not is_delay:
            open_approval(unit, row, intent.digest, now, self._bench.settings.security.approval_timeout)
        return DONE

    def _renew(self, unit: Unit, row: Transaction, intent: StoredIntent, usd: int) -> None:
        """What was resolved without a node is replaced, with the largest fee that was set aside for it; and it counts as
        what it is worth now, where that is more."""
        if not json.loads(row.intent)["offline"]:
            if usd > judged_usd(row):
                self._bench.transitions.raise_usd(unit, row, usd)
            return
        unit.transactions.note(row.id, at=self._bench.clock.now(), intent=intent.to_text())
        unit.reservations.release(row.id)
        self._bench.transitions.reserve(unit, row, intent, usd)

    def _end(
        self, unit: Unit, row: Transaction, judgement: Judgement, details: dict[str, str | None], judged: Agent
    ) -> None:
        moved = self._bench.transitions.move(
            unit,
            row,
            "CANCELLED",
            "transaction.cancelled",
            details=details,
            decision=_text(row, judgement, Tier.DENY),
            error_code=details["code"],
            error=details["reason"],
        )
        if moved:
            unit.reservations.release(row.id)
            self._bench.transitions.count(unit, row, "denied")
            self._bench.suspensions.freeze(unit, judgement.decision, judged, row)


def _is_waiting(row: Transaction, now: int) -> bool:
    """Whether a held row's time or person has not come."""
    if row.status != "QUEUED" or row.approved_at is not None:
        return False
    return row.due_at is None or row.due_at > now


def _is_satisfied(row: Transaction, tier: Tier) -> bool:
    """Whether what ``tier`` asks for has happened to the row, but for the length of a delay."""
    if row.approved_at is not None:
        return True
    if row.status == "QUEUED":
        return tier in (Tier.INSTANT, Tier.NOTIFY, Tier.DELAY)
    return tier in (Tier.INSTANT, Tier.NOTIFY)


def _may_go_on(unit: Unit, row: Transaction) -> bool:
    """Under the lock: nothing is stopped and the session was not revoked."""
    agent = unit.agents.get(row.agent_id)
    session = unit.sessions.get(row.session_id) if row.session_id else None
    return agent is not None and stop_over(unit, agent, session) is None and not (session and session.revoked_at)


def _text(row: Transaction, judgement: Judgement, tier: Tier) -> str:
    """The decision as it is stored, with those before it in brief: the first is what was decided at admission."""
    before = json.loads(row.decision)
    told = [*before.get("before", ()), {name: before.get(name) for name in _BRIEF}]
    document = judgement.to_wire() | {"tier": tier.value, "before": [told[0], *told[1:][-_MOST_TOLD:]]}
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)
