"""Approvals: what waits for a person, and the person's answer."""

from collections.abc import Callable
from typing import Any

from waiaas.engine.actors import Actor, require_operator
from waiaas.engine.journal import Journal
from waiaas.engine.pipeline.ending import Ending, end_unsigned_within
from waiaas.engine.pipeline.holds import SUBJECT
from waiaas.engine.pipeline.stage import Bench
from waiaas.engine.stops import stop_over
from waiaas.engine.views import TransactionView, wire_approval
from waiaas.errors import Conflict, NotFound
from waiaas.store.database import Unit
from waiaas.store.records import Approval, Page, Transaction


class Approvals:
    """Decisions about held payments. Thread-safe.

    :param wake: puts a decided row into its account's lane
    """

    def __init__(self, bench: Bench, journal: Journal, wake: Callable[[Transaction], None]) -> None:
        self._bench = bench
        self._journal = journal
        self._wake = wake

    def list(self, actor: Actor, limit: int, cursor: str | None = None) -> Page[dict[str, Any]]:
        """What waits for whom, newest first."""
        require_operator(actor)

        def look(unit: Unit) -> Page[dict[str, Any]]:
            page = unit.approvals.list_open(limit=limit, cursor=cursor)
            items = tuple(self._item(unit, approval) for approval in page.items)
            return Page(items=items, cursor=page.cursor, has_more=page.has_more)

        return self._bench.store.at_once(look)

    def approve(self, actor: Actor, tx_id: str) -> TransactionView:
        """Let a held payment go; it is judged once more before it is signed.

        :raises Conflict: when it waits for nobody, or too late
        :raises Stopped: while the kill switch holds it up; it can be rejected all the same
        """
        require_operator(actor)
        now = self._bench.clock.now()
        with self._bench.store.write() as unit:
            row, approval = self._waiting(unit, tx_id, now)
            _require_not_stopped(unit, row)
            unit.approvals.settle(approval.id, approved_at=now)
            unit.transactions.note(row.id, expected="QUEUED", at=now, approved_at=now)
            self._record(unit, "transaction.approved", actor, row, approval)
            approved = unit.transactions.get(row.id)
        if approved is None:
            raise NotFound("there is no such transaction")
        self._wake(approved)
        return TransactionView(row=approved)

    def reject(self, actor: Actor, tx_id: str) -> TransactionView:
        """Refuse a held payment. :raises Conflict: when it waits for nobody"""
        require_operator(actor)
        now = self._bench.clock.now()
        with self._bench.store.write() as unit:
            row, approval = self._waiting(unit, tx_id, now)
            unit.approvals.settle(approval.id, rejected_at=now)
            ending = Ending(
                status="CANCELLED",
                code="REJECTED",
                why="the operator rejected it",
                event="transaction.rejected",
                details={"digest": approval.digest},
            )
            end_unsigned_within(self._bench, unit, row, ending, actor)
            rejected = unit.transactions.get(row.id)
        self._bench.outcomes.ring(tx_id)
        return TransactionView(row=rejected or row)

    def _waiting(self, unit: Unit, tx_id: str, now: int) -> tuple[Transaction, Approval]:
        row = unit.transactions.get(tx_id)
        if row is None:
            raise NotFound("there is no such transaction")
        approval = unit.approvals.open_of(SUBJECT, tx_id)
        if row.status != "QUEUED" or approval is None:
            raise Conflict(
                f"this payment is {row.status} and waits for nobody's decision", details={"status": row.status}
            )
        if approval.expires_at <= now:
            raise Conflict("the time for this decision is over", details={"expiresAt": approval.expires_at})
        return row, approval

    def _item(self, unit: Unit, approval: Approval) -> dict[str, Any]:
        row = unit.transactions.get(approval.subject_id) if approval.subject_type == SUBJECT else None
        item = {"subjectType": approval.subject_type, "subjectId": approval.subject_id, **wire_approval(approval)}
        if row is not None:
            item["transaction"] = TransactionView(row=row, approval=approval).to_wire()
        return item

    def _record(self, unit: Unit, event: str, actor: Actor, row: Transaction, approval: Approval) -> None:
        self._journal.record(
            unit,
            event,
            actor=actor.label,
            agent_id=row.agent_id,
            session_id=row.session_id,
            tx_id=row.id,
            details={"approvalId": approval.id, "digest": approval.digest},
            ip=actor.ip,
        )


def _require_not_stopped(unit: Unit, row: Transaction) -> None:
    agent = unit.agents.get(row.agent_id)
    session = unit.sessions.get(row.session_id) if row.session_id else None
    stopped = None if agent is None else stop_over(unit, agent, session)
    if stopped is not None and stopped.code == "KILL_SWITCH":
        raise stopped
