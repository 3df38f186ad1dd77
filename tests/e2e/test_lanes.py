"""Lanes: one account's payments come one after another, and hold up nobody else's."""

from tests.harness.books import check_books
from tests.harness.fixtures import two_cases
from tests.harness.house import House, confirmed
from tests.harness.watch import hold_at

case = two_cases  # the claims are the house's: a coin of one chain, a token of the other


def test_an_account_that_is_stuck_holds_up_no_other(house: House) -> None:
    """While one account's payment is stuck before its signature, ten other accounts' payments are made."""
    house.start(hold_at("before-sign"))
    stuck, others = house.instant(), [house.instant() for _ in range(10)]
    sent = house.client(stuck).send(wait=0, **house.case.payment(house.case.new_recipient()))
    assert house.held("before-sign") == sent.id
    for wallet in others:
        confirmed(house, house.client(wallet).send(**house.case.payment(house.case.new_recipient())))
    assert house.row(sent.id)["status"] == "EXECUTING"
    house.let_go("before-sign")
    confirmed(house, sent)
    check_books(house, stuck, *others)


def test_what_waits_behind_a_stuck_payment_can_be_cancelled(house: House) -> None:
    """Payments of one account wait behind the stuck one as PENDING; a cancelled one is never made, the others are, in order."""
    house.start(hold_at("before-sign"))
    wallet, recipients = house.instant(), [house.case.new_recipient() for _ in range(4)]
    client = house.client(wallet)
    sent = [client.send(wait=0, **house.case.payment(recipient)) for recipient in recipients]
    assert house.held("before-sign") == sent[0].id
    assert {house.row(one.id)["status"] for one in sent[1:]} == {"PENDING"}
    assert client.cancel(sent[2].id).status == "CANCELLED"
    house.let_go("before-sign")
    for one in (sent[0], sent[1], sent[3]):
        confirmed(house, one)
    paid = [payment.recipient for payment in house.chain.payments(sender=wallet.address)]
    assert paid == [recipients[0], recipients[1], recipients[3]]
    check_books(house, wallet)
