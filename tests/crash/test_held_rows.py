"""SIGKILL while a payment waits for time or for a person: it goes on waiting, for the same time and the same decision."""

from contextlib import suppress

import pytest
from waiaas_sdk import Transaction, Unreachable

from tests.harness.books import check_audit, check_books
from tests.harness.chains import ChainCase
from tests.harness.fixtures import two_cases
from tests.harness.house import House, Wallet, confirmed
from tests.harness.watch import Watch, kill_at

case = two_cases  # a coin of one chain, a token of the other

_HOUR = 3600
_AT_RELEASE = ["before-release", "after-release", "after-store", "after-broadcast"]


def test_a_delayed_payment_keeps_its_hour_over_a_kill(house: House, case: ChainCase) -> None:
    """A DELAY row that was held over a SIGKILL is paid once, when its time has come and not before."""
    house.start()
    wallet, recipient = _delaying(house), case.new_recipient()
    held = _send(house, wallet, recipient)
    before = house.row(held.id)
    house.kill()
    house.start()
    assert house.row(held.id) == before
    assert house.chain.payments(recipient=recipient) == []
    house.clock.shift(_HOUR)
    confirmed(house, held)
    assert len(house.chain.payments(recipient=recipient)) == 1
    check_books(house, wallet)


def test_a_delay_that_ran_out_while_no_daemon_ran_is_paid_at_start(house: House, case: ChainCase) -> None:
    """The hour of a DELAY row may come while nothing runs; the next daemon pays it once."""
    house.start()
    wallet, recipient = _delaying(house), case.new_recipient()
    held = _send(house, wallet, recipient)
    house.kill()
    house.clock.shift(_HOUR + 60)
    house.start()
    confirmed(house, held)
    assert len(house.chain.payments(recipient=recipient)) == 1
    check_books(house, wallet)


@pytest.mark.parametrize("step", _AT_RELEASE)
def test_a_kill_at_the_release_of_a_delayed_payment_pays_once(house: House, case: ChainCase, step: str) -> None:
    """Killed while its delay ends, a DELAY row is paid once by the next daemon."""
    house.start(kill_at(step))
    wallet, recipient = _delaying(house), case.new_recipient()
    held = _send(house, wallet, recipient)
    house.clock.shift(_HOUR)
    house.died()
    house.start()
    confirmed(house, held)
    assert len(house.chain.payments(recipient=recipient)) == 1
    check_books(house, wallet)


def test_an_approval_can_be_given_after_a_kill(house: House, case: ChainCase) -> None:
    """An APPROVAL row that was held over a SIGKILL still waits for its person, and is paid once they agree."""
    house.start()
    wallet, recipient = house.wallet(), case.new_recipient()
    held = _send(house, wallet, recipient)
    assert held.tier == "APPROVAL"
    house.kill()
    house.start()
    assert [item["subjectId"] for item in house.operator.approvals.list().items] == [held.id]
    assert house.chain.payments(recipient=recipient) == []
    house.operator.transactions.approve(held.id)
    confirmed(house, held)
    assert len(house.chain.payments(recipient=recipient)) == 1
    check_books(house, wallet)


@pytest.mark.parametrize("step", _AT_RELEASE)
def test_a_kill_right_after_an_approval_pays_once(house: House, case: ChainCase, step: str) -> None:
    """An approval that was given counts for the next daemon: the payment is made once and nobody is asked again."""
    house.start(kill_at(step))
    wallet, recipient = house.wallet(), case.new_recipient()
    held = _send(house, wallet, recipient)
    _approve_into_crash(house, held.id)
    house.start()
    confirmed(house, held)
    assert len(house.chain.payments(recipient=recipient)) == 1
    assert house.events(held.id).count("transaction.approved") == 1
    check_books(house, wallet)


def test_a_rejection_stands_after_a_kill(house: House, case: ChainCase) -> None:
    """What was rejected before a SIGKILL is never paid."""
    house.start()
    wallet, recipient = house.wallet(), case.new_recipient()
    held = _send(house, wallet, recipient)
    house.operator.transactions.reject(held.id)
    house.kill()
    house.start(Watch())
    check_books(house, wallet)
    assert house.row(held.id)["status"] == "CANCELLED"
    assert house.chain.payments(recipient=recipient) == []
    check_audit(house)


def _delaying(house: House) -> Wallet:
    amount = house.case.amount
    return house.wallet(policies=house.case.spending(instant_max=1, delay_max=amount, delay_seconds=_HOUR))


def _send(house: House, wallet: Wallet, recipient: str) -> Transaction:
    held = house.client(wallet).send(**house.case.payment(recipient))
    assert held.status == "QUEUED"
    return held


def _approve_into_crash(house: House, tx_id: str) -> None:
    with suppress(Unreachable):
        house.operator.transactions.approve(tx_id)
    house.died()
