"""SPENDING_LIMIT and FEE_LIMIT on a running daemon: tiers over a window, marks, dollars without a price, and costs."""

import pytest
from waiaas_sdk import Denied

from tests.harness.books import check_books
from tests.harness.fixtures import one_case
from tests.harness.house import House, Wallet, confirmed

case = one_case
pytestmark = pytest.mark.xdist_group("e2e-spending")

_HOUR = 3600


def tier(house: House, wallet: Wallet) -> str:
    """Of one usual payment more."""
    sent = house.client(wallet).send(**house.case.payment(house.case.new_recipient()))
    assert sent.tier is not None
    return sent.tier


def test_small_payments_climb_the_tiers_and_come_down_again(house: House) -> None:
    """Five equal payments within an hour are judged as what they are together; an hour later they are small again."""
    house.start()
    one = house.case.amount
    steps = {"instant_max": 2 * one, "notify_max": 3 * one, "delay_max": 4 * one, "tier_window_seconds": _HOUR}
    wallet = house.wallet(policies=house.case.spending(**steps, delay_seconds=86_400))
    assert [tier(house, wallet) for _ in range(5)] == ["INSTANT", "INSTANT", "NOTIFY", "DELAY", "APPROVAL"]
    for row in house.operator.transactions.list(agent_id=wallet.agent_id).items:
        if row.status == "QUEUED":
            house.operator.transactions.cancel(row.id)
        else:
            confirmed(house, row.id)
    assert tier(house, wallet) == "DELAY"
    house.clock.shift(_HOUR + 60)
    assert tier(house, wallet) == "INSTANT"  # the held one still counts, and both are within the first threshold


def test_a_payment_close_to_its_threshold_is_counted(shared_house: House) -> None:
    """Over nine tenths of the threshold an admitted payment is one near the limit; at nine tenths it is not."""
    one = shared_house.case.amount
    wallet = shared_house.wallet(policies=shared_house.case.spending(instant_max=10 * one))
    for units in (9 * one, 9 * one + 1):
        shared_house.client(wallet).send(**shared_house.case.payment(shared_house.case.new_recipient(), units))
    near = shared_house.rows("SELECT tx_id FROM activity WHERE what = 'near_limit' AND agent_id = ?", wallet.agent_id)
    assert [shared_house.row(row["tx_id"])["amount"] for row in near] == [str(9 * one + 1)]


def test_dollars_without_a_price_wait_for_a_person(shared_house: House) -> None:
    """Where no source is asked, a limit in dollars is for a person to judge; one in base units denies all the same."""
    one = shared_house.case.amount
    wallet = shared_house.wallet(policies=[("SPENDING_LIMIT", {"instant_max_usd": "5", "daily_limit": str(2 * one)})])
    client = shared_house.client(wallet)
    held = client.send(**shared_house.case.payment(shared_house.case.new_recipient()))
    assert (held.tier, held.decision["code"] if held.decision else None) == ("APPROVAL", "PRICE_MISSING")
    with pytest.raises(Denied) as denied:
        client.send(**shared_house.case.payment(shared_house.case.new_recipient(), 2 * one))
    assert denied.value.details["remaining"] == str(one)
    client.cancel(held.id)
    check_books(shared_house, wallet)


def test_what_a_payment_costs_is_limited_each_and_a_day(shared_house: House) -> None:
    """A cost over max_fee is denied; a day's limit lets pass what fits beside what was really paid, and no more."""
    wallet = shared_house.instant()
    client, case = shared_house.client(wallet), shared_house.case
    most = int(client.simulate(**case.payment(case.new_recipient())).fee["max"])
    limit = shared_house.operator.policies.create("FEE_LIMIT", {"max_fee": str(most - 1)}, agent_id=wallet.agent_id)
    with pytest.raises(Denied) as denied:
        client.send(**case.payment(case.new_recipient()))
    told = denied.value.details
    assert (told["policyId"], told["code"], told["remaining"], told["resetsAt"]) == (
        limit.id,
        "FEE_ABOVE_MAX",
        None,
        None,
    )
    shared_house.operator.policies.update(limit.id, rules={"daily_limit": str(most)})
    confirmed(shared_house, client.send(**case.payment(case.new_recipient())))
    with pytest.raises(Denied) as denied:
        client.send(**case.payment(case.new_recipient()))
    told = denied.value.details
    assert told["code"] == "FEE_DAILY_LIMIT_EXCEEDED"
    assert told["resetsAt"] is not None
    check_books(shared_house, wallet)
