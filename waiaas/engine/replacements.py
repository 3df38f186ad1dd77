"""Replacements: speed a payment up whose bytes are signed, or give it up on chain. Both are further bytes of the same row.

The wish is judged and stored here; the row's lane carries it out, and the caller may wait for that.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from waiaas.engine.actors import Actor
from waiaas.engine.pipeline.orders import AskedBy, Order, VariantKind, order_of, waiting_order, with_order
from waiaas.engine.pipeline.stage import Bench
from waiaas.engine.pipeline.standing import Standing, refusal, standing_of, subject_of, usual_cap
from waiaas.engine.rules.transaction_states import FINISHED, UNSIGNED
from waiaas.engine.stops import stop_over
from waiaas.engine.stored_intent import stored_intent
from waiaas.engine.variants import was_taken
from waiaas.errors import BadRequest, Conflict, Denied, NotFound, NotReady, RefusedByChain
from waiaas.interfaces.chain import Feature
from waiaas.store.database import Unit
from waiaas.store.records import Transaction

_DEFAULT_WAIT = 10
_MOST_VARIANTS, _MOST_BY_SESSION = 16, 12
"""Of one payment. The last are for the operator: whatever a program asks for, its payment can still be given up."""
_ASKED = "transaction.replacement_asked"
_MOST_REMEMBERED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """:param is_done: whether a node has the new bytes, or the row has ended; otherwise they are still to come"""

    tx_id: str
    is_done: bool


class Replacements:
    """Takes wishes for further bytes. Thread-safe.

    :param wake: puts a row into its account's lane, before those that wait there
    """

    def __init__(self, bench: Bench, wake: Callable[[Transaction], None]) -> None:
        self._bench = bench
        self._wake = wake
        self._refused = _Once()

    def ask(
        self, actor: Actor, row: Transaction, kind: VariantKind, *, max_fee: int | None = None, wait: int | None = None
    ) -> Replaced:
        """Have further bytes made, and wait until a node has them.

        :param row: one that the actor may see
        :param max_fee: the most that the fee may be now, native base units; None is twice the dearest so far, within the
            configured maximum
        :param wait: seconds; None is the default of ten, 0 answers at once
        :raises Conflict: when the row has no signed bytes, or rests, or is being given up
        :raises Denied: by policy, or where signed bytes cannot be replaced
        :raises RefusedByChain: when the bytes could not be made
        """
        with self._bench.outcomes.watch(row.id):
            before, order = self._order(actor, row, kind, max_fee)
            self._wake(row)
            return self._outcome(row.id, before, order, _DEFAULT_WAIT if wait is None else wait)

    def _order(self, actor: Actor, row: Transaction, kind: VariantKind, max_fee: int | None) -> tuple[int, Order]:
        """Judge and store the wish. Returns how many variants there were, and the order that waits now."""
        self._bench.heed_stop()
        if not (self._bench.signer.is_unlocked and self._bench.is_open()):
            raise NotReady("the signer is locked", code="SIGNER_LOCKED", hint="the operator runs `waiaas unlock`")
        with self._bench.store.read() as unit:
            standing = self._standing(unit, actor, row, kind)
        order = self._priced(actor, standing, kind, max_fee)
        judgement = self._bench.evaluator.judge(subject_of(standing, order))
        denied = refusal(standing, order, judgement)
        self._bench.observe("before-order", row.id)
        with self._bench.store.write() as unit:
            present = self._standing(unit, actor, row, kind)
            if denied is not None and self._refused.is_new((row.id, kind, denied.code, actor.label)):
                details = {"kind": kind, "code": denied.code, "reason": denied.message, "askedBy": actor.label}
                self._bench.transitions.tell(unit, present.row, "transaction.replacement_refused", details, actor)
            elif denied is None:
                order = self._stored(unit, actor, present, order)
        if denied is not None:
            raise denied
        self._bench.observe("after-order", row.id)
        return len(present.variants), order

    def _stored(self, unit: Unit, actor: Actor, standing: Standing, order: Order) -> Order:
        """Write the order down. One of the same kind that waits already is joined, unless this one may pay more and is no less
        of a person's; to give up overrides to speed up."""
        waiting = waiting_order(standing.row)
        if waiting is not None and waiting.kind == order.kind and not _passes(order, waiting):
            return waiting
        if waiting is not None and waiting.kind == "cancel" and order.kind != "cancel":
            raise Conflict("this payment is being given up already", details={"status": standing.row.status})
        now, metadata = self._bench.clock.now(), with_order(standing.row, order)
        unit.transactions.note(standing.row.id, expected="SUBMITTED", at=now, metadata=metadata)
        details = {"kind": order.kind, "maxFee": str(order.cap)}
        self._bench.transitions.tell(unit, standing.row, _ASKED, details, actor)
        return order

    def _standing(self, unit: Unit, actor: Actor, row: Transaction, kind: VariantKind) -> Standing:
        standing = standing_of(unit, row)
        fresh = standing.row if standing is not None else unit.transactions.get(row.id)
        if fresh is None:
            raise NotFound("there is no such transaction")
        chain = self._bench.chains.get(row.chain, row.network)
        if Feature.REPLACE not in chain.adapter.features:
            raise Denied(
                f"signed bytes cannot be replaced on {row.chain}/{row.network}",
                code="TYPE_NOT_SUPPORTED",
                hint="there they expire by themselves; a payment that is not signed yet can be cancelled",
            )
        if standing is None or fresh.status != "SUBMITTED":
            raise Conflict(f"this payment is {fresh.status}", details={"status": fresh.status}, hint=_hint(fresh))
        _require_open(unit, standing, actor, kind)
        return standing

    def _priced(self, actor: Actor, standing: Standing, kind: VariantKind, max_fee: int | None) -> Order:
        row, most = standing.row, self._bench.chains.get(standing.row.chain, standing.row.network).fees.max
        setting = f"fees.{row.chain}.{row.network}.max"
        if max_fee is not None and max_fee > most:
            raise BadRequest(
                f"a fee of {max_fee} is above {setting}, {most}",
                code="INVALID_AMOUNT",
                details={"max": str(most)},
                hint=f"name a smaller maxFee, or have the operator raise {setting}",
            )
        cap = usual_cap(standing, stored_intent(row), most) if max_fee is None else max_fee
        if kind == "speed_up" and cap <= standing.dearest:  # giving up may well cost less: it takes less gas, say
            raise Conflict(
                f"its bytes allow a fee of {standing.dearest} already, and {cap} is no more",
                details={"maxFee": str(standing.dearest), "max": str(most)},
                hint=f"name a larger maxFee, or have the operator raise {setting}",
            )
        asked_by: AskedBy = "session" if actor.session is not None else "operator"
        session_id = actor.session.id if actor.session is not None else ""
        now = self._bench.clock.now()
        return Order(kind=kind, cap=cap, asked_by=asked_by, label=actor.label, session_id=session_id, at=now)

    def _outcome(self, tx_id: str, before: int, order: Order, seconds: int) -> Replaced:
        end = self._bench.clock.monotonic() + seconds
        with self._bench.outcomes.watch(tx_id) as bell:
            while True:
                with self._bench.store.read() as unit:
                    row, variants = unit.transactions.get(tx_id), unit.variants.of(tx_id)
                if row is None:
                    raise NotFound("there is no such transaction")
                _raise_if_over(row, order)
                is_done = row.status in FINISHED or (len(variants) > before and was_taken(variants[-1], row))
                left = end - self._bench.clock.monotonic()
                if is_done or left <= 0 or self._bench.outcomes.is_closing:
                    return Replaced(tx_id=tx_id, is_done=is_done)
                bell.wait(left)


class _Once:
    """What was recorded already: who asks for the same again and again gets the same answer and makes one row. Thread-safe; a
    thousand are remembered, for the life of the process."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, ...], None] = OrderedDict()
        self._lock = threading.Lock()

    def is_new(self, what: tuple[str, ...]) -> bool:
        """Whether this is the first time; it is not, from now on."""
        with self._lock:
            if what in self._seen:
                return False
            self._seen[what] = None
            if len(self._seen) > _MOST_REMEMBERED:
                self._seen.popitem(last=False)
            return True


def _require_open(unit: Unit, standing: Standing, actor: Actor, kind: VariantKind) -> None:
    """:raises Stopped, Conflict: when nothing further may be made for the row now"""
    stopped = stop_over(unit, standing.agent, None if kind == "cancel" else standing.session)
    if stopped is None and actor.session is not None:
        stopped = stop_over(unit, standing.agent, unit.sessions.get(actor.session.id))
    if stopped is not None:
        raise stopped
    if kind == "speed_up" and (standing.is_revoked or standing.is_given_up):
        why = "is being given up" if standing.is_given_up else "was asked for by a session that is revoked"
        raise Conflict(f"this payment {why}", hint="`waiaas tx cancel-onchain` gives it up")
    most = _MOST_VARIANTS if actor.session is None else _MOST_BY_SESSION
    if len(standing.variants) >= most:
        hint = (
            ""
            if actor.session is None
            else f"the operator can give it up: `waiaas tx cancel-onchain {standing.row.id}`"
        )
        raise Conflict(f"there are {most} variants of this payment already", code="LIMIT_REACHED", hint=hint)


def _passes(order: Order, waiting: Order) -> bool:
    """Pure. Whether an order takes the place of one of its kind."""
    return order.cap > waiting.cap and (order.asked_by == "operator" or waiting.asked_by == "session")


def _raise_if_over(row: Transaction, order: Order) -> None:
    """:raises RefusedByChain, Denied: when the order ended without bytes"""
    last = order_of(row)
    if last is None or last.is_waiting or (last.kind, last.at, last.label) != (order.kind, order.at, order.label):
        return
    if last.code in Denied.codes:
        raise Denied(last.why, code=last.code, details={"transactionId": row.id})
    raise RefusedByChain(last.why, details={"transactionId": row.id, "reason": last.code})


def _hint(row: Transaction) -> str:
    if row.status in UNSIGNED:
        return f"nothing is signed yet: `waiaas tx cancel {row.id}` ends one that is PENDING or QUEUED"
    return "it is final"
