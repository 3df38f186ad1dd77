"""What is not final can be listed, whatever it waits for."""

from tests.harness.fixtures import two_cases
from tests.harness.house import House

case = two_cases  # a coin of one chain, a token of the other


def test_pending_lists_what_is_held_and_what_is_on_its_way_and_nothing_that_ended(house: House) -> None:
    """A held payment, one for which no node can be reached and one that is not final are listed, a confirmed one is not."""
    house.start()
    wallet, waiting = house.instant(), house.wallet()
    client = house.client(wallet)
    paid = client.send(**house.case.payment(house.case.new_recipient()))
    house.until_status(paid.id, "CONFIRMED")
    house.chain.stand_still()
    flying = client.send(**house.case.payment(house.case.new_recipient()))
    assert flying.status == "SUBMITTED"
    held = house.client(waiting).send(**house.case.payment(house.case.new_recipient()))
    house.starve()
    stuck = client.send(respond_async=True, **house.case.payment(house.case.new_recipient()))
    listed = {one.id for one in house.operator.transactions.pending().items}
    assert listed == {flying.id, held.id, stuck.id}
    assert {one.id for one in client.pending().items} == {flying.id, stuck.id}
