"""Transactions: asked for by sessions, seen and decided by the operator."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from waiaas.api.call import Call, Reply
from waiaas.api.models.intents import TYPES, Simulated, Wish
from waiaas.api.models.transactions import (
    Decide,
    FailedTransaction,
    Replace,
    TransactionItem,
    TransactionPage,
    TransactionsAsked,
)
from waiaas.api.models.wire import Nothing, PageAsked
from waiaas.api.preferences import parse_idempotency_key, parse_wait
from waiaas.api.shaping import shaped

if TYPE_CHECKING:
    from waiaas.engine.transactions import Outcome
    from waiaas.engine.views import TransactionView
    from waiaas.store.records import Page

_FAILED = 422
_CHANGE_IT = "nothing arrived, and at most a fee was paid; change the payment and send it under a new Idempotency-Key"
_AFTER_FAILURE = {
    "INSUFFICIENT_FUNDS": "the wallet holds too little for the amount and its fee: send less, or have it funded, "
    "under a new Idempotency-Key",
    "FEE_ABOVE_CAP": "the network asks for more than the fee limit allows: send it later, under a new Idempotency-Key",
    "FAILED_ON_CHAIN": "the chain took the fee and undid the payment; find out why, then send it under a new "
    "Idempotency-Key",
}


def require_sendable(call: Call, fields: Mapping[str, Any]) -> None:
    """A type that nobody builds for this wallet is refused as such, whatever its fields are."""
    word = fields.get("type")
    if isinstance(word, str) and word in TYPES:
        call.services.wallet.require_sendable(call.actor, word)


def send(call: Call, asked: Wish) -> Reply:
    """Ask for a payment and wait for its outcome as long as the client wishes and a seat is free. Where none is, a node is
    asked in a seat that is given back at once.

    :raises NotReady: with BUSY when there is not even that
    """
    key = parse_idempotency_key(call.header("Idempotency-Key"))
    wish = parse_wait(call.header("Prefer"))
    headers: dict[str, str] = {}
    with call.waiting.for_outcome() as has_seat:
        wait = wish if has_seat else 0
        asking = nullcontext() if has_seat else call.waiting.for_node()
        outcome = call.services.transactions.send(
            call.actor, asked.as_body(), idempotency_key=key, wait=wait, asking=asking
        )
    if wish is not None and wait == wish:
        headers["Preference-Applied"] = f"wait={wish}" if wish else "respond-async"
    if outcome.replayed:
        headers["Idempotency-Replayed"] = "true"
    wire, status = outcome.view.to_wire(), outcome.http_status
    if status == _FAILED:
        return Reply(body=shaped(FailedTransaction, {**wire, **_as_error(call, wire)}), status=status, headers=headers)
    return Reply(body=shaped(TransactionItem, wire), status=status, headers=headers)


def _as_error(call: Call, wire: Mapping[str, Any]) -> dict[str, Any]:
    """What an error has beside the item of a payment that failed while its sender waited."""
    code = wire["errorCode"] or "FAILED"
    why = wire["error"] or code
    return {
        "code": code,
        "message": f"the payment failed: {why}",
        "retryable": False,
        "hint": _AFTER_FAILURE.get(code, _CHANGE_IT),
        "requestId": call.visit.id,
    }


def simulate(call: Call, asked: Wish) -> Reply:
    """What a send would be told. Nothing is stored."""
    return Reply(body=shaped(Simulated, call.services.transactions.simulate(call.actor, asked.as_body())))


def list_(call: Call, asked: TransactionsAsked) -> Reply:
    """Transactions, newest first: a session's own agent's, all for the operator."""
    page = call.services.transactions.list(
        call.actor,
        status=asked.status,
        agent_id=asked.agent_id or asked.wallet_id,
        limit=asked.limit,
        cursor=asked.cursor,
    )
    return _page(page)


def pending(call: Call, asked: PageAsked) -> Reply:
    """Those that are not final."""
    page = call.services.transactions.pending(call.actor, asked.limit, asked.cursor)
    return _page(page)


def show(call: Call, asked: Nothing) -> Reply:
    """One transaction as it is now."""
    return Reply(body=shaped(TransactionItem, call.services.transactions.get(call.actor, call.id).to_wire()))


def cancel(call: Call, asked: Nothing) -> Reply:
    """Cancel one that is PENDING or QUEUED."""
    return Reply(body=shaped(TransactionItem, call.services.transactions.cancel(call.actor, call.id).to_wire()))


def speed_up(call: Call, asked: Replace) -> Reply:
    """The same payment, signed again with a larger fee."""
    return _replaced(call, asked, call.services.transactions.speed_up)


def cancel_onchain(call: Call, asked: Replace) -> Reply:
    """Bytes that give a signed payment up."""
    return _replaced(call, asked, call.services.transactions.cancel_onchain)


def approve(call: Call, asked: Decide) -> Reply:
    """Let one that waits for approval go on."""
    return Reply(body=shaped(TransactionItem, call.services.approvals.approve(call.actor, call.id).to_wire()))


def reject(call: Call, asked: Decide) -> Reply:
    """Refuse one that waits for approval."""
    return Reply(body=shaped(TransactionItem, call.services.approvals.reject(call.actor, call.id).to_wire()))


def _replaced(call: Call, asked: Replace, ask: "Callable[..., Outcome]") -> Reply:
    """Have further bytes made, and wait until a node has them as long as the client wishes and a seat is free."""
    wish = parse_wait(call.header("Prefer"))
    max_fee = None if asked.max_fee is None else int(asked.max_fee)
    with call.waiting.for_outcome() as has_seat:
        wait = wish if has_seat else 0
        outcome = ask(call.actor, call.id, max_fee=max_fee, wait=wait)
    headers = {"Preference-Applied": f"wait={wish}" if wish else "respond-async"} if wish is not None else {}
    body = shaped(TransactionItem, outcome.view.to_wire())
    return Reply(body=body, status=outcome.http_status, headers=headers if wait == wish else {})


def _page(page: "Page[TransactionView]") -> Reply:
    wire = {"items": [view.to_wire() for view in page.items], "cursor": page.cursor, "hasMore": page.has_more}
    return Reply(body=shaped(TransactionPage, wire))
