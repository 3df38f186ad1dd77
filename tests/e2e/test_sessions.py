"""Sessions and keys over time: a renewed token replaces the old one, and a key is remembered wherever it is used again."""

import pytest
from waiaas_sdk import Conflict, Unauthenticated

from tests.harness.books import check_books
from tests.harness.fixtures import one_case
from tests.harness.house import House, confirmed

case = one_case  # what is claimed here is about the house, not about a chain


def test_a_renewed_session_has_a_new_token_and_the_old_one_is_dead(shared_house: House) -> None:
    """Renewal gives the same session another token; the old one is refused from that moment, also after it was just used."""
    case, wallet = shared_house.case, shared_house.instant()
    old, new = shared_house.client(wallet), shared_house.client(wallet)
    assert old.address().address == wallet.address
    renewed = new.renew()
    assert (renewed.id, renewed.renewal_count) == (wallet.session_id, 1)
    with pytest.raises(Unauthenticated):
        old.send(**case.payment(case.new_recipient()))
    confirmed(shared_house, new.send(**case.payment(case.new_recipient())))
    check_books(shared_house, wallet)


def test_a_renewed_token_lives_through_a_restart_and_the_old_one_stays_dead(house: House) -> None:
    """After a SIGKILL the renewed token works and the replaced one does not."""
    house.start()
    wallet = house.instant()
    renewed = house.client(wallet).renew()
    house.kill()
    house.start()
    assert house.client(renewed.token).address().address == wallet.address
    with pytest.raises(Unauthenticated):
        house.client(wallet).address()


def test_a_key_is_remembered_over_a_restart(house: House) -> None:
    """The same key and body give the same row after a restart, marked as replayed; another body is a conflict."""
    house.start()
    wallet, recipient = house.instant(), house.case.new_recipient()
    first = house.client(wallet).send(idempotency_key="invoice", **house.case.payment(recipient))
    confirmed(house, first)
    assert house.stop() == 0
    house.start()
    client = house.client(wallet)
    again = client.send(idempotency_key="invoice", **house.case.payment(recipient))
    assert (again.id, again.status, again.replayed) == (first.id, "CONFIRMED", True)
    with pytest.raises(Conflict) as conflict:
        client.send(idempotency_key="invoice", **house.case.payment(house.case.new_recipient()))
    assert conflict.value.code == "IDEMPOTENCY_CONFLICT"
    assert len(house.chain.payments(sender=wallet.address)) == 1
    check_books(house, wallet)


def test_a_key_is_the_agents_own_whatever_session_uses_it(shared_house: House) -> None:
    """Another session of the agent gets the row that the key made; another agent's equal key is a payment of its own."""
    case, wallet, stranger = shared_house.case, shared_house.instant(), shared_house.instant()
    recipient = case.new_recipient()
    first = shared_house.client(wallet).send(idempotency_key="invoice", **case.payment(recipient))
    second_session = shared_house.operator.sessions.issue(wallet.agent_id)
    again = shared_house.client(second_session.token).send(idempotency_key="invoice", **case.payment(recipient))
    assert (again.id, again.replayed) == (first.id, True)
    other = shared_house.client(stranger).send(idempotency_key="invoice", **case.payment(recipient))
    assert other.id != first.id
    confirmed(shared_house, first)
    confirmed(shared_house, other)
    assert len(shared_house.chain.payments(recipient=recipient)) == 2
    check_books(shared_house, wallet, stranger)
