"""Creating an agent when its key cannot be kept: nothing half is left, and the name is free."""

import pytest
from waiaas_sdk import WaiaasApiError

from tests.harness.fixtures import one_case
from tests.harness.house import House

case = one_case  # what is claimed here is about the house, not about a chain


def test_an_agent_whose_key_could_not_be_sealed_leaves_its_name_free(house: House) -> None:
    """While the keystore cannot be written creation fails, and works under the same name once it can."""
    house.start()
    house.operator.login()
    keystore, aside = house.root / "keystore", house.root / "aside"
    keystore.rename(aside)
    keystore.write_bytes(b"")
    try:
        with pytest.raises(WaiaasApiError):
            house.operator.agents.create("bob", house.case.chain, house.case.network)
    finally:
        keystore.unlink()
        aside.rename(keystore)
    made = house.operator.agents.create("bob", house.case.chain, house.case.network)
    assert made.status == "ACTIVE"
    assert [row["status"] for row in house.rows("SELECT status FROM agents ORDER BY id")] == ["TERMINATED", "ACTIVE"]
