"""Denied payments beyond those that are stored."""

import pytest
from waiaas_sdk import Denied

from tests.harness.house import House


def stores_denials(house: House) -> None:
    """Beyond so many in a day an agent's denials are no rows any more, and are refused all the same."""
    client = house.start().client(house.wallet(policies=house.case.spending(daily_limit=1)))
    refused = []
    for _ in range(14):
        with pytest.raises(Denied) as caught:
            client.send(**house.case.payment(house.case.new_recipient()))
        refused.append(caught.value.details["transactionId"])
    assert [tx_id is not None for tx_id in refused] == [True] * 11 + [False] * 3
    assert len(house.rows("SELECT id FROM transactions")) == 11


def tells_each_denial(house: House) -> None:
    """At 0 each of several equal refusals is told on its own."""
    client = house.start().client(house.wallet(policies=house.case.spending(daily_limit=1)))
    for _ in range(3):
        with pytest.raises(Denied):
            client.send(**house.case.payment(house.case.new_recipient()))
    assert len(house.rows("SELECT 1 FROM notification_outbox WHERE event = 'transaction.denied' AND times = 1")) == 3
