"""Limits over a payment's whole life: what is held or under way counts, what ended unpaid does not (invariants 3 to 5)."""

import pytest
from waiaas_sdk import ChainRefused, Client, Denied

from tests.harness.books import check_books
from tests.harness.fixtures import two_cases
from tests.harness.house import House, confirmed

case = two_cases  # a coin of one chain, a token of the other

_HOUR = 3600


def test_held_payments_count_until_they_are_cancelled(shared_house: House) -> None:
    """Two delayed payments fill a limit for two; once one of them is cancelled there is room for exactly one more."""
    case = shared_house.case
    rules = {"instant_max": 1, "delay_max": case.amount, "delay_seconds": _HOUR, "daily_limit": 2 * case.amount}
    wallet = shared_house.wallet(policies=case.spending(**rules))
    client = shared_house.client(wallet)
    held = [client.send(**case.payment(case.new_recipient())) for _ in range(2)]
    _is_denied(shared_house, client)
    client.cancel(held[0].id)
    held[0] = client.send(**case.payment(case.new_recipient()))
    _is_denied(shared_house, client)
    for one in held:
        client.cancel(one.id)
    check_books(shared_house, wallet)


def test_paid_payments_go_on_counting(shared_house: House) -> None:
    """A payment counts once while it is under way and once when it is final: a limit for two admits no third."""
    case = shared_house.case
    wallet = shared_house.instant(daily_limit=2 * case.amount)
    client = shared_house.client(wallet)
    confirmed(shared_house, client.send(**case.payment(case.new_recipient())))
    under_way = client.send(wait=0, **case.payment(case.new_recipient()))
    _is_denied(shared_house, client)
    confirmed(shared_house, under_way)
    _is_denied(shared_house, client)
    check_books(shared_house, wallet)


def test_a_payment_that_the_account_cannot_cover_fails_and_counts_for_nothing(shared_house: House) -> None:
    """More than the account holds is answered 422 with the FAILED row, nothing is signed, and the limit is free again."""
    case = shared_house.case
    wallet = shared_house.wallet(units=3 * case.amount, policies=case.spending(instant_max=10 * case.amount))
    client = shared_house.client(wallet)
    with pytest.raises(ChainRefused) as refused:
        client.send(**case.payment(case.new_recipient(), 5 * case.amount))
    assert refused.value.transaction is not None
    row = shared_house.row(refused.value.transaction.id)
    assert (row["status"], row["tx_hash"]) == ("FAILED", None)
    confirmed(shared_house, client.send(**case.payment(case.new_recipient())))
    check_books(shared_house, wallet)


def _is_denied(house: House, client: Client) -> None:
    with pytest.raises(Denied) as denied:
        client.send(**house.case.payment(house.case.new_recipient()))
    assert denied.value.details["remaining"] == "0"
