"""Time runs out: for decisions, for payments that nobody could make, for sessions; nothing is paid late."""

from collections.abc import Callable

import pytest
from waiaas_sdk import Conflict, Denied, Unauthenticated

from tests.harness.books import check_books
from tests.harness.deadline import until
from tests.harness.fixtures import two_cases
from tests.harness.house import House, confirmed

case = two_cases  # a coin of one chain, a token of the other

_HOUR = 3600
_EXECUTION_TIMEOUT = 600
_SHORT = {"WAIAAS_SECURITY_APPROVAL_TIMEOUT": "60"}


def test_an_approval_that_nobody_gave_expires(make_house: Callable[..., House]) -> None:
    """After approval_timeout the row is EXPIRED, its reservation is free, and it can no longer be approved."""
    house = make_house(environ=_SHORT).start()
    wallet, recipient = house.wallet(), house.case.new_recipient()
    held = house.client(wallet).send(**house.case.payment(recipient))
    house.clock.shift(61)
    row = house.until_status(held.id, "EXPIRED")
    assert row["error_code"] == "APPROVAL_TIMEOUT"
    with pytest.raises(Conflict):
        house.operator.transactions.approve(held.id)
    assert house.chain.payments(recipient=recipient) == []
    check_books(house, wallet)


def test_an_approval_expires_while_no_daemon_runs(make_house: Callable[..., House]) -> None:
    """An approval whose time runs out while nothing runs is EXPIRED by the next daemon."""
    house = make_house(environ=_SHORT).start()
    wallet = house.wallet()
    held = house.client(wallet).send(**house.case.payment(house.case.new_recipient()))
    house.kill()
    house.clock.shift(61)
    house.start()
    assert house.until_status(held.id, "EXPIRED")["error_code"] == "APPROVAL_TIMEOUT"
    check_books(house, wallet)


def test_a_payment_that_no_node_could_make_expires(house: House) -> None:
    """With the node away past execution_timeout the row is EXPIRED, and is not paid when the node is back."""
    house.start()
    wallet, recipient = house.instant(), house.case.new_recipient()
    house.starve()
    sent = house.client(wallet).send(wait=0, **house.case.payment(recipient))
    assert sent.status in ("PENDING", "EXECUTING")
    house.clock.shift(_EXECUTION_TIMEOUT - 60)
    assert house.row(sent.id)["status"] in ("PENDING", "EXECUTING")
    house.clock.shift(61)
    row = house.until_status(sent.id, "EXPIRED")
    assert row["error_code"] == "EXECUTION_TIMEOUT"
    house.starve(False)
    other = house.instant()
    confirmed(house, house.client(other).send(**house.case.payment(house.case.new_recipient())))
    assert house.chain.payments(recipient=recipient) == []
    check_books(house, wallet, other)


def test_a_delayed_payment_is_not_made_hours_late(house: House) -> None:
    """A daemon that was down from before a payment's hour until long after expires it instead of paying it."""
    house.start()
    amount = house.case.amount
    policies = house.case.spending(instant_max=1, delay_max=amount, delay_seconds=_HOUR)
    wallet, recipient = house.wallet(policies=policies), house.case.new_recipient()
    held = house.client(wallet).send(**house.case.payment(recipient))
    house.kill()
    house.clock.shift(_HOUR + _EXECUTION_TIMEOUT + 60)
    house.start()
    assert house.until_status(held.id, "EXPIRED")["error_code"] == "EXECUTION_TIMEOUT"
    assert house.chain.payments(recipient=recipient) == []
    check_books(house, wallet)


def test_an_approved_payment_is_not_made_hours_late(house: House) -> None:
    """Approved while its node was away for longer than execution_timeout, a row is EXPIRED, counted from the approval."""
    house.start()
    wallet, recipient = house.wallet(), house.case.new_recipient()
    held = house.client(wallet).send(**house.case.payment(recipient))
    house.clock.shift(_EXECUTION_TIMEOUT + 60)
    house.starve()
    house.operator.transactions.approve(held.id)
    until(lambda: house.row(held.id)["status"] == "EXECUTING", "the approved row to be released")
    house.clock.shift(_EXECUTION_TIMEOUT + 1)
    house.until_status(held.id, "EXPIRED")
    house.starve(False)
    assert house.chain.payments(recipient=recipient) == []
    check_books(house, wallet)


def test_a_delayed_payment_can_be_cancelled_until_its_hour(house: House) -> None:
    """A DELAY row cancelled by its agent is never paid, also when its time comes."""
    house.start()
    amount = house.case.amount
    policies = house.case.spending(instant_max=1, delay_max=amount, delay_seconds=_HOUR)
    wallet, recipient = house.wallet(policies=policies), house.case.new_recipient()
    client = house.client(wallet)
    held = client.send(**house.case.payment(recipient))
    assert held.due_at == house.row(held.id)["created_at"] + _HOUR
    assert client.cancel(held.id).status == "CANCELLED"
    house.clock.shift(_HOUR + 1)
    confirmed(house, _pay_by_other(house))
    assert house.chain.payments(recipient=recipient) == []
    with pytest.raises(Conflict):
        client.cancel(held.id)
    check_books(house, wallet)


def test_a_session_dies_at_its_time(house: House) -> None:
    """A token is refused from its expiry on, also by a daemon that has just let it in."""
    house.start()
    wallet = house.instant()
    session = house.operator.sessions.issue(wallet.agent_id, ttl=60)
    client = house.client(session.token)
    assert client.address().address == wallet.address
    house.clock.shift(61)
    with pytest.raises(Unauthenticated):
        client.address()


def test_a_clock_that_is_set_back_loses_nothing(house: House) -> None:
    """After the machine's clock jumped back payments are made and counted as before, in a ledger that never goes back."""
    house.start()
    amount = house.case.amount
    wallet = house.instant(daily_limit=2 * amount)
    client = house.client(wallet)
    confirmed(house, client.send(**house.case.payment(house.case.new_recipient())))
    house.clock.shift(-2 * _HOUR)
    confirmed(house, client.send(**house.case.payment(house.case.new_recipient())))
    with pytest.raises(Denied):
        client.send(**house.case.payment(house.case.new_recipient()))
    times = [row["at"] for row in house.rows("SELECT at FROM spend_ledger ORDER BY id")]
    assert times == sorted(times)
    check_books(house, wallet)


def test_a_limit_frees_what_a_day_ago_was_spent(house: House) -> None:
    """What filled a daily limit no longer counts a day later, and a restart changes nothing about that."""
    house.start()
    wallet = house.instant(daily_limit=house.case.amount)
    confirmed(house, house.client(wallet).send(**house.case.payment(house.case.new_recipient())))
    house.clock.shift(24 * _HOUR - 60)
    session = house.operator.sessions.issue(wallet.agent_id)
    with pytest.raises(Denied):
        house.client(session.token).send(**house.case.payment(house.case.new_recipient()))
    house.kill()
    house.start()
    house.clock.shift(120)
    confirmed(house, house.client(session.token).send(**house.case.payment(house.case.new_recipient())))
    check_books(house, wallet)


def _pay_by_other(house: House) -> str:
    other = house.instant()
    return house.client(other).send(**house.case.payment(house.case.new_recipient())).id
