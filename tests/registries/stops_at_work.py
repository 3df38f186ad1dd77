"""How a running daemon shows that it reads the keys of the kill switch."""

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
