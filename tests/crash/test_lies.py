"""SIGKILL and a lying or absent node together: still one payment, and a row that tells what became of it."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from waiaas_sdk import ChainRefused, Transaction, Unreachable

from tests.harness.books import check_books
from tests.harness.chains import TestChain
from tests.harness.house import House, Wallet, confirmed
from tests.harness.watch import Watch, kill_at

KEY = "invoice-1"
CASES: dict[str, tuple[Callable[[TestChain], None], Watch]] = {
    "forgotten, killed before it is sent again": (lambda node: node.swallow(2), kill_at("before-broadcast", 2)),
    "answer dropped, killed when it is seen": (lambda node: node.drop_answer(4), kill_at("before-settle")),
    "503 after accepting, killed once it was seen": (lambda node: node.fail_after(4), kill_at("after-settle")),
    "not accepted, killed before the third try": (lambda node: node.refuse_bytes(4), kill_at("before-broadcast", 3)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_kill_among_lies_pays_exactly_once(house: House, name: str) -> None:
    """Whatever the node said of the bytes before the SIGKILL, the next daemon ends with one payment."""
    lie, watch = CASES[name]
    house.start(watch)
    wallet, recipient = house.instant(), house.case.new_recipient()
    lie(house.chain)
    _send_into_crash(house, wallet, recipient)
    house.start()
    row = confirmed(house, _send(house, wallet, recipient))
    assert [one.tx_hash for one in house.chain.payments(recipient=recipient)] == [row["tx_hash"]]
    check_books(house, wallet)


def test_bytes_that_landed_while_no_daemon_ran_are_found(house: House) -> None:
    """Killed right after the node took the bytes and down until they had expired: the payment is found and CONFIRMED."""
    house.start(kill_at("after-broadcast"))
    wallet, recipient = house.instant(), house.case.new_recipient()
    _send_into_crash(house, wallet, recipient)
    house.chain.outlive_bytes()
    house.start()
    confirmed(house, _send(house, wallet, recipient))
    assert len(house.chain.payments(recipient=recipient)) == 1
    check_books(house, wallet)


def test_bytes_that_expired_while_no_daemon_ran_are_given_up(house: House) -> None:
    """Killed before the bytes left and down until they had expired: FAILED, the same key pays nothing, a new one once."""
    house.start(kill_at("after-store"))
    wallet, recipient = house.instant(), house.case.new_recipient()
    _send_into_crash(house, wallet, recipient)
    house.chain.outlive_bytes()
    house.start()
    (row,) = house.rows("SELECT id FROM transactions")
    house.until_status(row["id"], "FAILED")
    with pytest.raises(ChainRefused) as refused:
        _send(house, wallet, recipient)
    assert refused.value.transaction is not None
    assert refused.value.transaction.error_code == house.case.never_landed
    assert refused.value.transaction.tx_hash
    assert house.chain.payments(recipient=recipient) == []
    confirmed(house, _send(house, wallet, recipient, key="invoice-2"))
    assert len(house.chain.payments(recipient=recipient)) == 1
    check_books(house, wallet)


def test_a_node_that_is_away_over_a_restart_delays_the_payment(house: House) -> None:
    """Admitted while the node was away, held over a SIGKILL, and paid once when the node is back."""
    house.start()
    wallet, recipient = house.instant(), house.case.new_recipient()
    house.starve()
    sent = _send(house, wallet, recipient, wait=0)
    house.kill()
    house.start()
    assert house.row(sent.id)["status"] in ("PENDING", "EXECUTING")
    house.starve(False)
    confirmed(house, sent)
    assert len(house.chain.payments(recipient=recipient)) == 1
    check_books(house, wallet)


def _send(house: House, wallet: Wallet, recipient: str, *, key: str = KEY, wait: int | None = 30) -> Transaction:
    return house.client(wallet).send(idempotency_key=key, wait=wait, **house.case.payment(recipient))


def _send_into_crash(house: House, wallet: Wallet, recipient: str) -> None:
    with suppress(Unreachable):
        _send(house, wallet, recipient)
    house.died()
