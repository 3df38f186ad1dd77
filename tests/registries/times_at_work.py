"""How a running daemon shows that it reads keys that say how long something lasts."""

import pytest
from waiaas_sdk import Conflict

from tests.harness.house import House


def cools_down(house: House) -> None:
    """With a cooldown of a minute, LOCKED is recovered after a minute and not before."""
    house.start().operator.kill_switch.activate("LOCKED")
    with pytest.raises(Conflict):
        house.operator.kill_switch.recover(release=[])
    house.clock.shift(60)
    house.operator.kill_switch.recover(release=[])


def expires(house: House) -> None:
    """What cannot be built expires ten seconds after it was admitted, and not after ten minutes."""
    wallet = house.start().instant()
    house.chain.away()
    sent = house.client(wallet).send(respond_async=True, **house.case.payment(house.case.new_recipient()))
    house.clock.shift(11)
    assert house.until_status(sent.id, "EXPIRED")["error_code"] == "EXECUTION_TIMEOUT"
