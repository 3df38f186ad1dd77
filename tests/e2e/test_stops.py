"""Suspend, revoke, tighten: each reaches what is held, what is being signed, and what no node has taken (invariants 8, 9)."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from waiaas_sdk import Denied, Stopped, Transaction, Unauthenticated

from tests.harness.books import check_books
from tests.harness.chains import TestChain
from tests.harness.deadline import until
from tests.harness.fixtures import two_cases
from tests.harness.house import House, Wallet, confirmed
from tests.harness.watch import hold_at

case = two_cases  # the claims are the house's: a coin of one chain, a token of the other

_HOUR = 3600
_EXECUTION_TIMEOUT = 600
_LONG_WAIT = 30
_MOMENT = 0.5


@pytest.fixture
def node(shared_house: House) -> Iterator[TestChain]:
    """The shared chain, healed after the test."""
    yield shared_house.chain
    shared_house.chain.heal()


def test_a_suspended_agent_is_told_so_and_goes_on_after_resume(shared_house: House) -> None:
    """A suspended agent's sends are refused with 423 and store nothing; after resume the same send is paid."""
    case, wallet = shared_house.case, shared_house.instant()
    client, recipient = shared_house.client(wallet), case.new_recipient()
    shared_house.operator.agents.suspend(wallet.agent_id, "looking into it")
    with pytest.raises(Stopped) as refused:
        client.send(**case.payment(recipient))
    assert (refused.value.status, refused.value.code) == (423, "AGENT_SUSPENDED")
    assert shared_house.rows("SELECT id FROM transactions WHERE agent_id = ?", wallet.agent_id) == []
    shared_house.operator.agents.resume(wallet.agent_id)
    confirmed(shared_house, client.send(**case.payment(recipient)))
    check_books(shared_house, wallet)


def test_suspension_keeps_held_rows_where_they_are(house: House) -> None:
    """A delayed row of a suspended agent is not paid when its time comes; after resume it is, once."""
    house.start()
    wallet, recipient = _delaying(house), house.case.new_recipient()
    held = house.client(wallet).send(**house.case.payment(recipient))
    house.operator.agents.suspend(wallet.agent_id)
    house.clock.shift(_HOUR + 1)
    other = house.instant()
    confirmed(house, house.client(other).send(**house.case.payment(house.case.new_recipient())))
    assert house.row(held.id)["status"] == "QUEUED"
    house.operator.agents.resume(wallet.agent_id)
    confirmed(house, held)
    assert len(house.chain.payments(recipient=recipient)) == 1
    check_books(house, wallet, other)


def test_a_suspended_agents_held_row_may_be_cancelled(shared_house: House) -> None:
    """Suspending an agent does not take away the way to cancel what it holds."""
    case, wallet = shared_house.case, shared_house.wallet()
    held = shared_house.client(wallet).send(**case.payment(case.new_recipient()))
    shared_house.operator.agents.suspend(wallet.agent_id)
    assert shared_house.operator.transactions.cancel(held.id).status == "CANCELLED"
    check_books(shared_house, wallet)


@pytest.mark.parametrize("step", ["before-build", "after-build", "before-sign", "after-sign"])
def test_a_signature_that_meets_a_suspension_is_dropped(house: House, step: str) -> None:
    """Suspended while its bytes are being made, a row keeps no signature and sends nothing; after resume it is paid once."""
    house.start(hold_at(step))
    wallet, recipient = house.instant(), house.case.new_recipient()
    sent = _held_send(house, wallet, recipient, step)
    _stopped_meanwhile(house, step, partial(house.operator.agents.suspend, wallet.agent_id), "agent.suspended")
    assert house.row(sent)["status"] == "EXECUTING"
    assert house.rows("SELECT * FROM transaction_variants") == []
    house.operator.agents.resume(wallet.agent_id)
    confirmed(house, sent)
    assert len(house.chain.payments(recipient=recipient)) == 1
    check_books(house, wallet)


@pytest.mark.parametrize("step", ["before-release", "before-build", "after-sign"])
def test_a_revocation_cancels_what_is_not_signed_in_its_own_commit(house: House, step: str) -> None:
    """Revoked while its bytes are being made, a row is CANCELLED with the session, and the late signature is dropped."""
    house.start(hold_at(step))
    wallet, recipient = house.instant(), house.case.new_recipient()
    sent = _held_send(house, wallet, recipient, step)
    _stopped_meanwhile(house, step, partial(house.operator.sessions.revoke, wallet.session_id), "session.revoked")
    assert house.row(sent)["error_code"] == "SESSION_REVOKED"
    other = house.instant()
    confirmed(house, house.client(other).send(**house.case.payment(house.case.new_recipient())))
    assert house.rows("SELECT * FROM transaction_variants WHERE tx_id = ?", sent) == []
    assert house.chain.payments(recipient=recipient) == []
    check_books(house, wallet, other)


def test_a_payment_cancelled_while_it_is_released_is_not_made(house: House) -> None:
    """Cancelled after it was judged and before its release was committed, a row stays CANCELLED and pays nothing."""
    house.start(hold_at("before-release"))
    wallet, recipient = house.instant(), house.case.new_recipient()
    sent = _held_send(house, wallet, recipient, "before-release")
    assert house.client(wallet).cancel(sent).status == "CANCELLED"
    house.let_go("before-release")
    _others_are_paid(house)
    assert house.row(sent)["status"] == "CANCELLED"
    assert house.chain.payments(recipient=recipient) == []
    check_books(house, wallet)


def test_a_payment_that_expired_while_it_was_signed_is_not_made(house: House) -> None:
    """Expired between its signature and the commit that would store it, a row stays EXPIRED and the signature is dropped."""
    house.start(hold_at("after-sign"))
    wallet, recipient = house.instant(), house.case.new_recipient()
    sent = _held_send(house, wallet, recipient, "after-sign")
    house.clock.shift(_EXECUTION_TIMEOUT + 1)
    house.until_status(sent, "EXPIRED")
    house.let_go("after-sign")
    _others_are_paid(house)
    assert house.rows("SELECT * FROM transaction_variants WHERE tx_id = ?", sent) == []
    assert house.chain.payments(recipient=recipient) == []
    check_books(house, wallet)


def test_a_termination_waits_for_who_is_about_to_sign_and_tells_who_waits(house: House) -> None:
    """Ending an agent answers once nobody signs for it any more, and a client that waits for a cancelled row hears of it."""
    house.start(hold_at("before-sign"))
    wallet, recipient = house.instant(), house.case.new_recipient()
    client, payment = house.client(wallet), house.case.payment(recipient)
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(client.send, wait=_LONG_WAIT, **payment)
        house.held("before-sign")
        ending = pool.submit(house.operator.agents.terminate, wallet.agent_id)
        event = "SELECT id FROM audit_log WHERE event_type = 'agent.terminated'"
        until(lambda: house.rows(event), "the end of the agent to be committed")
        with pytest.raises(TimeoutError):
            ending.result(_MOMENT)
        house.let_go("before-sign")
        ending.result()
        assert waiting.result(_LONG_WAIT / 2).status == "CANCELLED"
    assert house.rows("SELECT * FROM transaction_variants") == []
    assert house.chain.payments(recipient=recipient) == []


def test_a_revocation_cancels_held_rows_in_its_own_commit(shared_house: House) -> None:
    """The audit tells of a revocation and of the end of each of its held rows without a row in between."""
    case, wallet = shared_house.case, shared_house.wallet()
    client = shared_house.client(wallet)
    held = [client.send(**case.payment(case.new_recipient())).id for _ in range(3)]
    shared_house.operator.sessions.revoke(wallet.session_id)
    assert {shared_house.row(tx_id)["status"] for tx_id in held} == {"CANCELLED"}
    sql = "SELECT id, event_type FROM audit_log WHERE session_id = ? ORDER BY id DESC LIMIT 4"
    rows = shared_house.rows(sql, wallet.session_id)[::-1]
    assert [row["event_type"] for row in rows] == ["session.revoked"] + ["transaction.cancelled"] * 3
    assert [row["id"] - rows[0]["id"] for row in rows] == [0, 1, 2, 3]
    with pytest.raises(Unauthenticated):
        client.send(**case.payment(case.new_recipient()))
    check_books(shared_house, wallet)


@pytest.mark.parametrize("stop", ["revoke", "suspend"])
def test_bytes_that_no_node_has_taken_are_not_sent_after_a_stop(
    shared_house: House, node: TestChain, stop: str
) -> None:
    """Signed, refused by every node so far, then stopped: the bytes never leave again. They expire with proof, or, where bytes
    stay good and nobody may send them any more, their place is taken on chain by bytes that pay nothing."""
    case, wallet, recipient = shared_house.case, shared_house.instant(), shared_house.case.new_recipient()
    node.refuse_bytes(None)
    sent = shared_house.client(wallet).send(wait=0, **case.payment(recipient))
    signed = shared_house.until_status(sent.id, "SUBMITTED")
    if stop == "revoke":
        shared_house.operator.sessions.revoke(wallet.session_id)
    else:
        shared_house.operator.agents.suspend(wallet.agent_id)
    node.heal()
    if stop == "revoke" and case.replaces:
        shared_house.until_status(sent.id, "CANCELLED")
    else:
        asked = node.calls()
        until(lambda: node.calls() > asked + 5, "the daemon to look at the row several times")
        assert shared_house.row(sent.id)["status"] == "SUBMITTED"
        node.outlive_bytes()
        assert shared_house.until_status(sent.id, "FAILED", "CONFIRMED")["error_code"] == shared_house.case.never_landed
    assert node.payments(recipient=recipient) == []
    assert node.handed_over(signed["tx_hash"]) == 0
    check_books(shared_house, wallet)


def test_a_tightened_policy_reaches_a_delayed_row(house: House) -> None:
    """A payment that waits under DELAY asks for an approval at its release when the policy has become stricter meanwhile."""
    house.start()
    wallet, recipient = _delaying(house), house.case.new_recipient()
    held = house.client(wallet).send(**house.case.payment(recipient))
    _replace_rules(house, wallet, instant_max=1)
    house.clock.shift(_HOUR + 1)
    until(lambda: house.row(held.id)["tier"] == "APPROVAL", "the row to ask for an approval")
    row = house.row(held.id)
    assert (row["status"], row["due_at"]) == ("QUEUED", None)
    assert house.chain.payments(recipient=recipient) == []
    house.operator.transactions.approve(held.id)
    confirmed(house, held)
    check_books(house, wallet)


def test_a_limit_that_was_lowered_ends_a_held_row(house: House) -> None:
    """A delayed payment that a lowered daily limit no longer admits is CANCELLED at its release, not paid."""
    house.start()
    wallet, recipient = _delaying(house), house.case.new_recipient()
    held = house.client(wallet).send(**house.case.payment(recipient))
    _replace_rules(house, wallet, delay_max=house.case.amount, delay_seconds=_HOUR, daily_limit=house.case.amount - 1)
    house.clock.shift(_HOUR + 1)
    house.until_status(held.id, "CANCELLED")
    assert house.chain.payments(recipient=recipient) == []
    check_books(house, wallet)


def test_an_approval_does_not_outrank_a_limit(shared_house: House) -> None:
    """An approved payment is judged again at its release: a limit that now denies wins over the person's yes."""
    case, recipient = shared_house.case, shared_house.case.new_recipient()
    wallet = shared_house.wallet(policies=case.spending(instant_max=1))
    held = shared_house.client(wallet).send(**case.payment(recipient))
    _replace_rules(shared_house, wallet, instant_max=1, daily_limit=case.amount - 1)
    shared_house.operator.transactions.approve(held.id)
    shared_house.until_status(held.id, "CANCELLED")
    assert shared_house.chain.payments(recipient=recipient) == []
    check_books(shared_house, wallet)


@pytest.mark.parametrize("step", ["before-release", "before-build", "before-sign", "after-sign"])
def test_a_policy_tightened_while_bytes_are_made_wins_over_them(house: House, step: str) -> None:
    """A policy that forbids the payment, committed before its bytes were stored, keeps them from being stored."""
    house.start(hold_at(step))
    wallet, recipient = house.instant(), house.case.new_recipient()
    sent = _held_send(house, wallet, recipient, step)
    _replace_rules(house, wallet, instant_max=1, daily_limit=house.case.amount - 1)
    house.let_go(step)
    house.until_status(sent, "CANCELLED")
    assert house.rows("SELECT * FROM transaction_variants") == []
    assert house.chain.payments(recipient=recipient) == []
    check_books(house, wallet)


def test_a_denied_send_is_kept_and_pays_nothing(shared_house: House) -> None:
    """A payment above its limit is refused in the same answer with its reason, kept for the audit, and its key stays free."""
    case, recipient = shared_house.case, shared_house.case.new_recipient()
    wallet = shared_house.instant(daily_limit=case.amount - 1)
    client = shared_house.client(wallet)
    with pytest.raises(Denied) as denied:
        client.send(idempotency_key="invoice", **case.payment(recipient))
    row = shared_house.row(denied.value.details["transactionId"])
    assert (row["status"], row["tier"], row["idempotency_key"]) == ("CANCELLED", "DENY", None)
    _replace_rules(shared_house, wallet, instant_max=case.amount)
    confirmed(shared_house, client.send(idempotency_key="invoice", **case.payment(recipient)))
    assert len(shared_house.chain.payments(recipient=recipient)) == 1
    check_books(shared_house, wallet)


def _delaying(house: House) -> Wallet:
    amount = house.case.amount
    return house.wallet(policies=house.case.spending(instant_max=1, delay_max=amount, delay_seconds=_HOUR))


def _replace_rules(house: House, wallet: Wallet, **rules: Any) -> None:
    wanted = dict(house.case.spending(**rules))
    for policy in house.operator.policies.list(agent_id=wallet.agent_id).items:
        house.operator.policies.update(policy.id, rules=wanted[policy.type])


def _held_send(house: House, wallet: Wallet, recipient: str, step: str) -> str:
    """Send without waiting, and wait until the row is held at the step."""
    sent: Transaction = house.client(wallet).send(wait=0, **house.case.payment(recipient))
    assert house.held(step) == sent.id
    return sent.id


def _others_are_paid(house: House) -> None:
    """The daemon goes on: another wallet's payment is made after whatever was let go."""
    other = house.instant()
    confirmed(house, house.client(other).send(**house.case.payment(house.case.new_recipient())))


def _stopped_meanwhile(house: House, step: str, stop: Callable[[], object], event: str) -> None:
    """Commit the stop while the row is held, then let it go: a stop answers once nobody is about to sign any more."""
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(stop)
        until(lambda: house.rows("SELECT id FROM audit_log WHERE event_type = ?", event), f"{event} to be committed")
        house.let_go(step)
        stopping.result()
