"""The signer dies: everything is held, callers are told, and ``unlock`` mends it (invariant 17)."""

import os

import pytest
from waiaas_sdk import NotReady

from tests.harness.books import check_books, check_log
from tests.harness.deadline import until
from tests.harness.fixtures import one_case
from tests.harness.house import House, Wallet, confirmed
from tests.harness.watch import hold_at

case = one_case  # what is claimed here is about the house, not about a chain

_HOUR = 3600


def test_without_its_signer_the_daemon_holds_everything_until_it_is_unlocked(house: House) -> None:
    """After the signer's SIGKILL sends get 503 SIGNER_LOCKED and store nothing; held rows go on after ``unlock``."""
    house.start()
    wallet, held_recipient = _delaying(house), house.case.new_recipient()
    held = house.client(wallet).send(**house.case.payment(held_recipient))
    house.operator.login()
    house.daemon.kill_signer()
    until(lambda: "signer.died" in _all_events(house), "the death of the signer to be noticed")
    with pytest.raises(NotReady) as locked:
        house.client(wallet).send(**house.case.payment(house.case.new_recipient()))
    assert (locked.value.status, locked.value.code) == (503, "SIGNER_LOCKED")
    assert len(house.rows("SELECT id FROM transactions")) == 1
    assert house.client(wallet).address().address == wallet.address
    house.clock.shift(_HOUR + 1)
    until(lambda: house.row(held.id)["status"] == "EXECUTING", "the held row to be released")
    assert house.chain.payments(recipient=held_recipient) == []
    house.operator.unlock()
    confirmed(house, held)
    assert len(house.chain.payments(recipient=held_recipient)) == 1
    check_books(house, wallet)


def test_notices_wait_for_a_locked_signer_and_lose_no_attempt(house: House) -> None:
    """What is to be told while no channel can be opened is told after ``unlock``, and its first attempt is made then."""
    house.start()
    house.operator.login()
    house.daemon.kill_signer()
    outbox = "SELECT attempts, delivered_at, error FROM notification_outbox"
    until(lambda: any("notices wait" in line["message"] for line in house.log()), "the notice to be put off")
    assert [(row["attempts"], row["delivered_at"]) for row in house.rows(outbox)] == [(0, None)]
    house.operator.unlock()
    house.clock.shift(60)
    until(lambda: all(row["delivered_at"] for row in house.rows(outbox)), "the notice to be delivered")
    assert [row["attempts"] for row in house.rows(outbox)] == [1]
    check_log(house)


def test_a_signer_that_dies_while_it_is_asked_delays_the_payment(house: House) -> None:
    """A row whose signature was about to be asked for waits out the signer's death and is paid once after ``unlock``."""
    house.start(hold_at("before-sign"))
    wallet, recipient = house.instant(), house.case.new_recipient()
    sent = house.client(wallet).send(wait=0, **house.case.payment(recipient))
    house.held("before-sign")
    house.daemon.kill_signer()
    house.let_go("before-sign")
    until(lambda: "signer.died" in _all_events(house), "the death of the signer to be noticed")
    assert house.row(sent.id)["status"] == "EXECUTING"
    house.operator.unlock()
    confirmed(house, sent)
    assert len(house.chain.payments(recipient=recipient)) == 1
    check_books(house, wallet)


def test_a_daemon_started_locked_signs_nothing_until_it_is_unlocked(house: House) -> None:
    """Started without a password over an unfinished payment, the daemon answers 503 to sends and pays after ``unlock``."""
    house.start()
    wallet, recipient = house.instant(), house.case.new_recipient()
    house.starve()
    sent = house.client(wallet).send(wait=0, **house.case.payment(recipient))
    house.kill()
    house.starve(False)
    house.start(password=None)
    with pytest.raises(NotReady) as locked:
        house.client(wallet).send(**house.case.payment(house.case.new_recipient()))
    assert locked.value.code == "SIGNER_LOCKED"
    assert house.chain.payments(recipient=recipient) == []
    house.operator.unlock()
    confirmed(house, sent)
    assert len(house.chain.payments(recipient=recipient)) == 1
    check_books(house, wallet)


def test_the_signer_ends_with_its_daemon(house: House) -> None:
    """A SIGKILL of the daemon leaves no signer behind."""
    house.start()
    signer = house.daemon.signer_pid()
    house.kill()
    until(lambda: not _is_running(signer), "the signer to end")


def _delaying(house: House) -> Wallet:
    amount = house.case.amount
    return house.wallet(policies=house.case.spending(instant_max=1, delay_max=amount, delay_seconds=_HOUR))


def _all_events(house: House) -> set[str]:
    return {row["event_type"] for row in house.rows("SELECT DISTINCT event_type FROM audit_log")}


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] != "Z"
