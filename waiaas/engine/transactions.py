"""Transactions: send, look, cancel. A send is admitted here and carried out by the workers; the caller may wait for it."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from uuid6 import uuid7

from waiaas.engine.actors import Actor
from waiaas.engine.pipeline.admit import Admission, subject
from waiaas.engine.pipeline.ending import Ending, end_unsigned_within
from waiaas.engine.pipeline.holds import SUBJECT
from waiaas.engine.pipeline.orders import VariantKind
from waiaas.engine.pipeline.stage import Bench
from waiaas.engine.replacements import Replacements
from waiaas.engine.rules.transaction_states import FINISHED, UNFINISHED
from waiaas.engine.rules.verdicts import wire_verdict
from waiaas.engine.views import TransactionView
from waiaas.engine.waiting import Waiting
from waiaas.errors import Conflict, NotFound
from waiaas.interfaces.wire import to_wire
from waiaas.store.database import Unit
from waiaas.store.records import Page, Transaction

_DEFAULT_WAIT = 10
_AT_ONCE = nullcontext()
_WAITING = ("PENDING", "QUEUED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a send, or of a wish for further bytes, so far. :param http_status: 200, 201, 202 or 422"""

    view: TransactionView
    replayed: bool
    http_status: int


class Transactions:
    """Payments. Thread-safe.

    :param wake: puts a row into its account's lane
    :param wake_first: the same, before those that wait there
    """

    def __init__(
        self, bench: Bench, wake: Callable[[Transaction], None], wake_first: Callable[[Transaction], None]
    ) -> None:
        self._bench = bench
        self._replacements = Replacements(bench, wake_first)
        self._admission = Admission(bench)
        self._wake = wake
        self._waiting = Waiting(bench)

    def send(
        self,
        actor: Actor,
        body: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        wait: int | None = None,
        asking: AbstractContextManager[None] = _AT_ONCE,
    ) -> Outcome:
        """Admit a payment and wait for its outcome.

        :param wait: seconds; None is the default of ten, 0 answers at once
        :param asking: held while a node is asked
        :raises Denied, RefusedByChain, ChainUnreachable, TooMany, Conflict, NotReady: see the pipeline's admit
        """
        tx_id = str(uuid7())
        request = self._admission.request(actor, body, idempotency_key, tx_id)
        before = self._admission.replayed(request)
        seconds = _DEFAULT_WAIT if wait is None else wait
        if before is not None:
            return self._outcome(actor, before.id, seconds, replayed=True)
        with asking:
            intent = self._admission.resolve(request)
        with self._bench.outcomes.watch(tx_id):
            admitted = self._admission.admit(request, intent)
            if not admitted.is_replay:
                self._wake(admitted.row)
            return self._outcome(actor, admitted.row.id, seconds, replayed=admitted.is_replay)

    def simulate(self, actor: Actor, body: Mapping[str, Any]) -> dict[str, Any]:
        """What send would do with ``body``, as it would be decided now. Stores nothing."""
        request = self._admission.request(actor, body, None)
        intent = self._admission.resolve(request)
        judgement = self._bench.evaluator.judge(subject(request, intent))
        named = judgement.decision.named.verdict
        return {
            "tier": judgement.decision.tier.value,
            "verdicts": [wire_verdict(item) for item in judgement.decision.verdicts],
            "effects": to_wire(intent.resolved.effects),
            "fee": {
                "asset": intent.resolved.likely_fee.asset,
                "likely": str(intent.resolved.likely_fee.units),
                "max": str(intent.fee_cap),
            },
            "warnings": list(intent.resolved.warnings),
            "cautions": to_wire(intent.resolved.cautions),
            "remaining": None if named.remaining is None else str(named.remaining),
            "resetsAt": named.resets_at,
        }

    def get(self, actor: Actor, tx_id: str) -> TransactionView:
        """One transaction. :raises NotFound: also for another agent's"""
        return self._bench.store.at_once(lambda unit: self._view(unit, self._own(unit, actor, tx_id), actor))

    def list(
        self,
        actor: Actor,
        *,
        status: str | None = None,
        agent_id: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[TransactionView]:
        """Transactions, newest first: the session's agent's, or anybody's for the operator."""
        whose = actor.agent.id if actor.agent is not None else agent_id
        return self._listed(actor, agent_id=whose, status=status, limit=limit, cursor=cursor)

    def pending(self, actor: Actor, limit: int = 50, cursor: str | None = None) -> Page[TransactionView]:
        """What is not final: it waits for time, a person or its turn, or is on its way."""
        whose = actor.agent.id if actor.agent is not None else None
        return self._listed(actor, agent_id=whose, status=UNFINISHED, limit=limit, cursor=cursor)

    def cancel(self, actor: Actor, tx_id: str) -> TransactionView:
        """End a payment that has not begun. :raises Conflict: when it is no longer PENDING or QUEUED"""
        with self._bench.store.write() as unit:
            row = self._own(unit, actor, tx_id)
            if row.status not in _WAITING:
                raise Conflict(
                    f"this payment is {row.status} and can no longer be cancelled",
                    details={"status": row.status},
                    hint="only a PENDING or QUEUED payment can be cancelled"
                    + ("; `waiaas tx cancel-onchain` gives up a stuck one" if row.status == "SUBMITTED" else ""),
                )
            ending = Ending(status="CANCELLED", code="CANCELLED", why="it was cancelled")
            end_unsigned_within(self._bench, unit, row, ending, actor)
            view = self._view(unit, self._own(unit, actor, tx_id), actor)
        self._bench.outcomes.ring(tx_id)
        return view

    def speed_up(self, actor: Actor, tx_id: str, *, max_fee: int | None = None, wait: int | None = None) -> Outcome:
        """Sign the same payment again with a larger fee, and wait until a node has it.

        :param max_fee: the most that the fee may be now, native base units
        :raises Conflict, Denied, RefusedByChain: see :class:`Replacements`
        """
        return self._replaced(actor, tx_id, "speed_up", max_fee, wait)

    def cancel_onchain(
        self, actor: Actor, tx_id: str, *, max_fee: int | None = None, wait: int | None = None
    ) -> Outcome:
        """Give a signed payment up: bytes that use its claim and pay nobody. Whichever lands is the truth.

        :raises Conflict, Denied, RefusedByChain: see :class:`Replacements`
        """
        return self._replaced(actor, tx_id, "cancel", max_fee, wait)

    def _replaced(self, actor: Actor, tx_id: str, kind: VariantKind, max_fee: int | None, wait: int | None) -> Outcome:
        with self._bench.store.read() as unit:
            row = self._own(unit, actor, tx_id)
        done = self._replacements.ask(actor, row, kind, max_fee=max_fee, wait=wait)
        return Outcome(view=self.get(actor, tx_id), replayed=False, http_status=200 if done.is_done else 202)

    def _outcome(self, actor: Actor, tx_id: str, seconds: int, *, replayed: bool) -> Outcome:
        end = self._bench.clock.monotonic() + seconds
        with self._bench.outcomes.watch(tx_id) as bell:
            while True:
                view = self._bench.store.at_once(lambda unit: self._view(unit, _found(unit, tx_id), actor))
                left = end - self._bench.clock.monotonic()
                if _is_settled(view.row) or left <= 0 or self._bench.outcomes.is_closing:
                    return Outcome(view=view, replayed=replayed, http_status=_http_status(view.row))
                bell.wait(left)

    def _own(self, unit: Unit, actor: Actor, tx_id: str) -> Transaction:
        row = _found(unit, tx_id)
        if actor.kind != "operator" and (actor.agent is None or actor.agent.id != row.agent_id):
            raise NotFound("there is no such transaction")
        return row

    def _view(self, unit: Unit, row: Transaction, actor: Actor) -> TransactionView:
        approval = unit.approvals.open_of(SUBJECT, row.id) if row.status == "QUEUED" else None
        variants = tuple(unit.variants.of(row.id)) if row.tx_hash else ()
        waiting = self._waiting.of(unit, row, is_operator=actor.kind == "operator")
        return TransactionView(
            row=row, approval=approval, explorer=self._explorer(row), variants=variants, waiting=waiting
        )

    def _listed(self, actor: Actor, **wanted: Any) -> Page[TransactionView]:
        """One moment's: no row is left out or shown twice because it moves on meanwhile."""

        def look(unit: Unit) -> Page[TransactionView]:
            page = unit.transactions.list(**wanted)
            items = tuple(self._view(unit, row, actor) for row in page.items)
            return Page(items=items, cursor=page.cursor, has_more=page.has_more)

        return self._bench.store.at_once(look)

    def _explorer(self, row: Transaction) -> str:
        return self._bench.chains.explorer(row.chain, row.network)


def _found(unit: Unit, tx_id: str) -> Transaction:
    row = unit.transactions.get(tx_id)
    if row is None:
        raise NotFound("there is no such transaction")
    return row


def _is_settled(row: Transaction) -> bool:
    return (
        row.status in FINISHED or row.status == "QUEUED" or (row.status == "SUBMITTED" and row.broadcast_at is not None)
    )


def _http_status(row: Transaction) -> int:
    if row.status in ("CONFIRMED", "SIGNED") or (row.status == "SUBMITTED" and row.broadcast_at is not None):
        return 201
    return 422 if row.status == "FAILED" else 202
