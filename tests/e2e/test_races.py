"""Races over real HTTP: limits admit what they admit, a key is one payment, a row has one end (invariants 3, 6, 9, 20)."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from waiaas_sdk import Client, Conflict, Denied, NotFound, Stopped, Transaction, Unauthenticated

from tests.harness.books import check_audit, check_books
from tests.harness.chains import ChainCase
from tests.harness.fixtures import two_cases
from tests.harness.house import House, Wallet, confirmed

case = two_cases  # the claims are the house's: a coin of one chain, a token of the other

Job = Callable[[], Any]

_FINAL_EVENTS = {
    "transaction.confirmed",
    "transaction.cancelled",
    "transaction.rejected",
    "transaction.expired",
    "transaction.failed",
}
_LOST = (Conflict, Denied, NotFound, Stopped, Unauthenticated)
"""What a caller hears who came too late."""


def test_a_hundred_parallel_payments_against_a_limit_of_seven_admit_seven(shared_house: House) -> None:
    """Of a hundred parallel requests against a daily limit that has room for seven, seven succeed and the others are denied."""
    case, room = shared_house.case, 7
    wallet = shared_house.instant(daily_limit=room * case.amount + case.amount // 2)
    clients, recipient = _clients(shared_house, wallet, 10), case.new_recipient()
    answers = _together(50, [partial(_try, clients[n % 10], case, recipient) for n in range(100)])
    admitted = [answer for answer in answers if isinstance(answer, Transaction)]
    denied = [answer for answer in answers if isinstance(answer, Denied)]
    assert (len(admitted), len(denied)) == (room, 100 - room)
    assert {error.code for error in denied} == {"POLICY_DENIED"}
    for answer in admitted:
        confirmed(shared_house, answer)
    assert len(shared_house.chain.payments(recipient=recipient)) == room
    check_books(shared_house, wallet)


def test_one_key_from_fifty_clients_is_one_transaction(shared_house: House) -> None:
    """Fifty clients that send the same request under the same key at once all get the same transaction, paid once."""
    case, wallet = shared_house.case, shared_house.instant()
    clients, recipient = _clients(shared_house, wallet, 50), case.new_recipient()
    answers = _together(50, [partial(_try, client, case, recipient, key="invoice") for client in clients])
    strangers = [answer for answer in answers if not isinstance(answer, Transaction)]
    assert not strangers
    assert len({answer.id for answer in answers}) == 1
    assert sum(not answer.replayed for answer in answers) == 1
    confirmed(shared_house, answers[0])
    assert len(shared_house.chain.payments(recipient=recipient)) == 1
    check_books(shared_house, wallet)


def test_one_key_with_different_bodies_is_one_transaction(shared_house: House) -> None:
    """Of twenty clients that use one key for different payments, one gets its payment and the others a conflict."""
    case, wallet = shared_house.case, shared_house.instant()
    clients = _clients(shared_house, wallet, 20)
    answers = _together(20, [partial(_try, client, case, case.new_recipient(), key="invoice") for client in clients])
    (winner,) = [answer for answer in answers if isinstance(answer, Transaction)]
    losers = [answer for answer in answers if answer is not winner]
    assert [getattr(answer, "code", answer) for answer in losers] == ["IDEMPOTENCY_CONFLICT"] * 19
    confirmed(shared_house, winner)
    assert [one.recipient for one in shared_house.chain.payments(sender=wallet.address)] == [winner.to_address]
    check_books(shared_house, wallet)


def test_equal_requests_with_different_keys_are_different_payments(shared_house: House) -> None:
    """Ten equal requests at once, each with a key of its own, are ten payments with ten hashes."""
    case, wallet = shared_house.case, shared_house.instant()
    clients, recipient = _clients(shared_house, wallet, 10), case.new_recipient()
    jobs = [partial(_try, client, case, recipient, key=f"invoice-{number}") for number, client in enumerate(clients)]
    shared_house.chain.stand_still()  # so that nothing but themselves tells their bytes apart
    try:
        answers = _together(10, jobs)
    finally:
        shared_house.chain.stand_still(False)
    rows = [confirmed(shared_house, answer) for answer in answers]
    assert len({row["tx_hash"] for row in rows}) == 10
    assert len(shared_house.chain.payments(recipient=recipient)) == 10
    check_books(shared_house, wallet)


def test_eighty_transfers_of_one_wallet_by_sixteen_clients_all_arrive(shared_house: House) -> None:
    """Eighty payments of one wallet by sixteen clients at once are all made, none of them kept waiting for long."""
    case, wallet = shared_house.case, shared_house.instant()
    clients, recipients = _clients(shared_house, wallet, 16), [case.new_recipient() for _ in range(80)]
    jobs = [partial(_timed, partial(_try, clients[n % 16], case, to)) for n, to in enumerate(recipients)]
    answers = _together(16, jobs)
    assert max(seconds for seconds, _ in answers) < 15
    for _, answer in answers:
        assert isinstance(answer, Transaction), answer
        confirmed(shared_house, answer)
    assert Counter(one.recipient for one in shared_house.chain.payments(sender=wallet.address)) == Counter(recipients)
    check_books(shared_house, wallet)


@pytest.mark.parametrize("round_", range(12))
def test_everybody_deciding_about_one_held_payment_gives_it_one_end(shared_house: House, round_: int) -> None:
    """Cancel, approve, reject, suspend and revoke at once on one row: it has one end, audited once, and paid if confirmed."""
    case, wallet, operator = shared_house.case, shared_house.wallet(), shared_house.operator
    client, recipient = shared_house.client(wallet), case.new_recipient()
    held = client.send(**case.payment(recipient))
    verbs: list[Job] = [
        partial(client.cancel, held.id),
        partial(operator.transactions.approve, held.id),
        partial(operator.transactions.reject, held.id),
        partial(operator.agents.suspend, wallet.agent_id),
        partial(operator.sessions.revoke, wallet.session_id),
    ]
    first = round_ % len(verbs)
    _together(len(verbs), [partial(_or_lost, verb) for verb in verbs[first:] + verbs[:first]])
    row = shared_house.until_status(held.id, "CONFIRMED", "CANCELLED")
    assert len(shared_house.chain.payments(recipient=recipient)) == (row["status"] == "CONFIRMED")
    _ended_once(shared_house, held.id)
    check_books(shared_house, wallet)


@pytest.mark.parametrize("stop", ["revoke", "suspend"])
def test_nothing_is_signed_after_a_stop_was_committed(shared_house: House, stop: str) -> None:
    """With payments pouring in, no signature is audited behind its session's revocation or its agent's suspension."""
    case, operator, wallet = shared_house.case, shared_house.operator, shared_house.instant()
    clients = _clients(shared_house, wallet, 8)
    jobs: list[Job] = [partial(_try, clients[n % 8], case, case.new_recipient(), wait=1) for n in range(32)]
    verb = partial(operator.sessions.revoke, wallet.session_id)
    jobs.insert(12, verb if stop == "revoke" else partial(operator.agents.suspend, wallet.agent_id))
    _together(8, jobs)
    _nothing_signed_behind_stop(shared_house, wallet)
    if stop == "suspend":
        operator.agents.resume(wallet.agent_id)
    for row in shared_house.rows("SELECT id FROM transactions WHERE agent_id = ?", wallet.agent_id):
        shared_house.until_status(row["id"], "CONFIRMED", "CANCELLED", "FAILED")
    check_books(shared_house, wallet)


def test_cancels_racing_with_the_expiry_of_their_approvals_end_each_row_once(make_house: Callable[..., House]) -> None:
    """Forty rows whose approvals run out while two clients cancel them from both ends: each ends once, cancelled or expired."""
    house = make_house(environ={"WAIAAS_SECURITY_APPROVAL_TIMEOUT": "60"}).start()
    case, wallet = house.case, house.wallet()
    clients = _clients(house, wallet, 2)
    held = [clients[0].send(**case.payment(case.new_recipient())).id for _ in range(40)]
    house.clock.shift(61)
    _together(2, [partial(_cancel_all, clients[0], held), partial(_cancel_all, clients[1], held[::-1])])
    for tx_id in held:
        house.until_status(tx_id, "CANCELLED", "EXPIRED")
        _ended_once(house, tx_id)
    assert house.chain.payments(sender=wallet.address) == []
    check_books(house, wallet)


# --- the race -----------------------------------------------------------------------------------------------------------


def _clients(house: House, wallet: Wallet, count: int) -> list[Client]:
    """Clients of one wallet, each with connections of its own."""
    return [house.client(wallet) for _ in range(count)]


def _together(threads: int, jobs: Sequence[Job]) -> list[Any]:
    """Run the jobs on so many threads, which all start at the same moment."""
    barrier = threading.Barrier(min(threads, len(jobs)))
    with ThreadPoolExecutor(threads, initializer=barrier.wait) as pool:
        return [future.result() for future in [pool.submit(job) for job in jobs]]


def _try(client: Client, case: ChainCase, recipient: str, *, key: str | None = None, wait: int | None = None) -> Any:
    return _or_lost(partial(client.send, idempotency_key=key, wait=wait, **case.payment(recipient)))


def _or_lost(verb: Job) -> Any:
    try:
        return verb()
    except _LOST as error:
        return error


def _cancel_all(client: Client, held: Sequence[str]) -> None:
    for tx_id in held:
        _or_lost(partial(client.cancel, tx_id))


def _timed(job: Job) -> tuple[float, Any]:
    began = time.monotonic()
    answer = job()
    return time.monotonic() - began, answer


# --- what must hold after it ----------------------------------------------------------------------------------------------


def _ended_once(house: House, tx_id: str) -> None:
    assert len([event for event in house.events(tx_id) if event in _FINAL_EVENTS]) == 1


def _nothing_signed_behind_stop(house: House, wallet: Wallet) -> None:
    check_audit(house)
    rows = house.rows("SELECT id, event_type FROM audit_log WHERE agent_id = ? ORDER BY id", wallet.agent_id)
    (stop,) = [row["id"] for row in rows if row["event_type"] in ("session.revoked", "agent.suspended")]
    behind = [row["event_type"] for row in rows if row["id"] > stop]
    assert "transaction.signed" not in behind
