"""A node that lies, limps or is away can delay and refuse, and never cause a second payment or a false end (invariant 15)."""

from collections.abc import Callable, Iterator

import pytest
from waiaas_sdk import Retry, Transaction

from tests.harness.books import check_books
from tests.harness.chains import ChainCase, TestChain
from tests.harness.deadline import until
from tests.harness.house import House, Wallet, confirmed

_PATIENT = Retry(attempts=10, first_seconds=0.05, longest_seconds=0.5)
_ROUNDS = 5
"""So many rounds of looking are given to the daemon to come to a wrong conclusion."""


@pytest.fixture
def liar(shared_house: House) -> Iterator[TestChain]:
    """The node, honest and moving before and after the test."""
    chain = shared_house.chain
    yield chain
    chain.heal()
    chain.stand_still(False)


LIES: dict[str, Callable[[TestChain], None]] = {
    "the answer is dropped": lambda node: node.drop_answer(),
    "four answers are dropped": lambda node: node.drop_answer(4),
    "503 after accepting": lambda node: node.fail_after(),
    "503 four times after accepting": lambda node: node.fail_after(4),
    "503 and nothing accepted": lambda node: node.refuse_bytes(4),
    "accepted and forgotten": lambda node: node.swallow(),
    "accepted and forgotten four times": lambda node: node.swallow(4),
    "429 to everything": lambda node: node.rate_limit(3),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_about_the_bytes_ends_in_one_payment(shared_house: House, liar: TestChain, lie: str) -> None:
    """Whatever the node says of the bytes while it takes them, the payment is made once and booked as made."""
    wallet, recipient = shared_house.instant(), shared_house.case.new_recipient()
    LIES[lie](liar)
    client = shared_house.client(wallet, retry=_PATIENT)
    row = confirmed(shared_house, client.send(**shared_house.case.payment(recipient)))
    assert [one.tx_hash for one in liar.payments(recipient=recipient)] == [row["tx_hash"]]
    _was_never_failed(shared_house, row["id"])
    check_books(shared_house, wallet)


def test_bytes_that_a_node_forgot_are_handed_over_again(shared_house: House, liar: TestChain) -> None:
    """A node that said yes and dropped the bytes is given the same bytes again, not others."""
    wallet, recipient = shared_house.instant(), shared_house.case.new_recipient()
    liar.swallow(2)
    row = confirmed(shared_house, _send(shared_house, wallet, recipient))
    assert liar.handed_over(row["tx_hash"]) >= 3
    assert len(shared_house.rows("SELECT id FROM transaction_variants WHERE tx_id = ?", row["id"])) == 1


def test_an_answer_that_comes_too_late_changes_nothing(shared_house: House, liar: TestChain) -> None:
    """A node that takes the bytes and answers after the daemon has hung up is believed by its chain alone."""
    wallet, recipient = shared_house.instant(), shared_house.case.new_recipient()
    liar.answer_late(seconds=7)
    row = confirmed(shared_house, _send(shared_house, wallet, recipient, wait=1))
    assert len(liar.payments(recipient=recipient)) == 1
    _was_never_failed(shared_house, row["id"])
    check_books(shared_house, wallet)


def test_a_node_away_for_longer_than_the_bytes_live_hides_no_payment(shared_house: House, liar: TestChain) -> None:
    """Paid, the answer lost, the node away until the bytes have expired: the row is CONFIRMED when it is back, never FAILED."""
    wallet, recipient = shared_house.instant(), shared_house.case.new_recipient()
    liar.stand_still()
    liar.drop_answer(None)
    sent = _send(shared_house, wallet, recipient)
    until(lambda: liar.payments(recipient=recipient), "the payment to land")
    liar.away()
    liar.outlive_bytes()
    assert shared_house.row(sent.id)["status"] == "SUBMITTED"
    liar.heal()
    row = confirmed(shared_house, sent)
    assert row["tx_hash"] == liar.payments(recipient=recipient)[0].tx_hash
    _was_never_failed(shared_house, row["id"])
    check_books(shared_house, wallet)


def test_bytes_that_expired_unseen_fail_with_proof_and_a_new_key_pays_once(
    shared_house: House, liar: TestChain
) -> None:
    """Never taken, and expired at finality: FAILED with its proof and hash; the same key pays nothing, a new key once."""
    wallet, recipient = shared_house.instant(), shared_house.case.new_recipient()
    liar.refuse_bytes(None)
    sent = _send(shared_house, wallet, recipient, key="first", wait=0)
    shared_house.until_status(sent.id, "SUBMITTED")
    liar.outlive_bytes()
    row = shared_house.until_status(sent.id, "FAILED")
    assert (row["error_code"], bool(row["tx_hash"])) == (shared_house.case.never_landed, True)
    (variant,) = shared_house.rows("SELECT proof FROM transaction_variants WHERE tx_id = ?", sent.id)
    assert variant["proof"]
    liar.heal()
    confirmed(shared_house, _send(shared_house, wallet, recipient, key="second"))
    assert len(liar.payments(recipient=recipient)) == 1
    check_books(shared_house, wallet)


@pytest.mark.parametrize("seen", [False, True], ids=["unseen", "seen"])
def test_a_node_that_fell_behind_hides_no_payment(shared_house: House, liar: TestChain, seen: bool) -> None:
    """The node takes the bytes and falls 200 blocks behind, before or after it shows them: the row waits for the truth."""
    wallet, recipient = shared_house.instant(), shared_house.case.new_recipient()
    liar.drop_answer(None)
    liar.stand_still()
    sent = _send(shared_house, wallet, recipient, wait=0)
    until(lambda: liar.payments(recipient=recipient), "the payment to land")
    if seen:
        until(lambda: shared_house.row(sent.id)["broadcast_at"], "the payment to be seen in a block")
    liar.lag(200)
    _keeps_waiting(shared_house, liar, sent)
    liar.lag(400)
    liar.outlive_bytes()
    _keeps_waiting(shared_house, liar, sent)
    liar.heal()
    confirmed(shared_house, sent)
    assert len(liar.payments(recipient=recipient)) == 1
    _was_never_failed(shared_house, sent.id)
    check_books(shared_house, wallet)


def test_a_pruned_node_proves_nothing(shared_house: House, liar: TestChain) -> None:
    """A node without history cannot say that a payment did not land: the row waits for one that can, and is CONFIRMED."""
    wallet, recipient = shared_house.instant(), shared_house.case.new_recipient()
    liar.forget_history()
    sent = _send(shared_house, wallet, recipient)
    until(lambda: liar.payments(recipient=recipient), "the payment to land")
    liar.outlive_bytes()
    _keeps_waiting(shared_house, liar, sent)
    liar.heal()
    confirmed(shared_house, sent)
    assert len(liar.payments(recipient=recipient)) == 1
    check_books(shared_house, wallet)


def test_a_payment_that_was_denied_and_had_landed_is_booked_after_all(house: House, case: ChainCase) -> None:
    """A node that swears that landed bytes are dead makes the row FAILED; the truth makes it CONFIRMED, audited as critical."""
    house.start()
    wallet, recipient = house.instant(), case.new_recipient()
    house.chain.deny_payments()
    sent = _send(house, wallet, recipient, key="invoice")
    until(lambda: house.chain.payments(recipient=recipient), "the payment to land")
    house.chain.outlive_bytes()
    house.until_status(sent.id, "FAILED")
    assert house.stop() == 0
    house.chain.heal()
    house.start()
    house.until_status(sent.id, "CONFIRMED")
    late = house.rows("SELECT * FROM audit_log WHERE event_type = 'transaction.landed_late'")
    assert [(row["tx_id"], row["severity"]) for row in late] == [(sent.id, "critical")]
    assert _send(house, wallet, recipient, key="invoice").replayed
    assert len(house.chain.payments(recipient=recipient)) == 1
    check_books(house, wallet)


def test_nothing_is_signed_for_a_node_of_another_chain(shared_house: House, liar: TestChain) -> None:
    """While the node claims to be another chain's no bytes exist; once it is the right one again, the payment is made."""
    wallet, recipient = shared_house.instant(), shared_house.case.new_recipient()
    confirmed(shared_house, _send(shared_house, wallet, shared_house.case.new_recipient()))  # it was the right one
    liar.masquerade()
    sent = _send(shared_house, wallet, recipient, wait=0)
    asked = liar.calls()
    until(lambda: liar.calls() >= asked + _ROUNDS, "the daemon to ask the node")
    assert shared_house.row(sent.id)["status"] in ("PENDING", "EXECUTING")
    assert shared_house.rows("SELECT id FROM transaction_variants WHERE tx_id = ?", sent.id) == []
    liar.heal()
    confirmed(shared_house, sent)
    assert len(liar.payments(recipient=recipient)) == 1


def test_one_endpoint_that_lags_withholds_the_proof(make_house: Callable[..., House], chain: TestChain) -> None:
    """With two endpoints, bytes count as dead only once the one that is 200 blocks behind shows it too."""
    for _ in range(2):
        chain.outlive_bytes()  # so that what is paid with was there 200 blocks ago
    house = make_house(urls=(chain.url, chain.replica_url(200))).start()
    wallet, recipient = house.instant(), house.case.new_recipient()
    chain.swallow(None)
    sent = _send(house, wallet, recipient, wait=0)
    house.until_status(sent.id, "SUBMITTED")
    chain.outlive_bytes()
    _keeps_waiting(house, chain, sent)
    chain.outlive_bytes()
    row = house.until_status(sent.id, "FAILED")
    assert row["error_code"] == house.case.never_landed
    assert chain.payments(recipient=recipient) == []
    check_books(house, wallet)


def test_a_payment_through_a_node_far_behind_is_made_at_most_once(house: House, case: ChainCase) -> None:
    """A node 200 blocks behind from the start gives blockhashes that have expired: nothing is paid, and a new key pays once."""
    house.start()
    wallet, recipient = house.instant(), case.new_recipient()
    house.chain.outlive_bytes()
    house.chain.outlive_bytes()
    house.chain.lag(200)  # far enough back that its bytes have expired, not so far that the account was empty
    sent = _send(house, wallet, recipient, key="first", wait=0)
    house.until_status(sent.id, "SUBMITTED")
    house.chain.outlive_bytes()
    house.chain.outlive_bytes()
    row = house.until_status(sent.id, "FAILED", "CONFIRMED")
    paid_before = len(house.chain.payments(recipient=recipient))
    assert paid_before == (row["status"] == "CONFIRMED")
    house.chain.heal()
    confirmed(house, _send(house, wallet, recipient, key="second"))
    assert len(house.chain.payments(recipient=recipient)) == paid_before + 1
    check_books(house, wallet)


def _send(
    house: House, wallet: Wallet, recipient: str, *, key: str | None = None, wait: int | None = None
) -> Transaction:
    return house.client(wallet).send(idempotency_key=key, wait=wait, **house.case.payment(recipient))


def _keeps_waiting(house: House, node: TestChain, sent: Transaction) -> None:
    """Give the daemon some rounds of asking; the row stays SUBMITTED with its hash."""
    asked = node.calls()
    until(lambda: node.calls() >= asked + _ROUNDS, "the daemon to look again")
    row = house.row(sent.id)
    assert (row["status"], bool(row["tx_hash"])) == ("SUBMITTED", True)


def _was_never_failed(house: House, tx_id: str) -> None:
    assert "transaction.failed" not in house.events(tx_id)
