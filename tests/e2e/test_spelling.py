"""One spelling of an address in every rule, on a running daemon whose chain knows several."""

import pytest
from waiaas_sdk import BadRequest

from tests.harness.chains import ChainCase
from tests.harness.fixtures import CASES, runnable
from tests.harness.house import House


@pytest.fixture(scope="session")
def case() -> ChainCase:
    """A chain whose addresses are read in any case of their letters."""
    return runnable(next(case for case in CASES if case.name == "evm-native"))


@pytest.mark.parametrize("is_global", [False, True])
def test_an_address_that_would_never_match_is_refused(shared_house: House, is_global: bool) -> None:
    """In an expression a small letter for a large one is named, with the right spelling; written right it judges."""
    policies, wallet = shared_house.operator.policies, shared_house.instant()
    right = shared_house.case.new_recipient()
    owner = None if is_global else wallet.agent_id
    assert right.lower() != right
    with pytest.raises(BadRequest) as problem:
        policies.create("EXPRESSION", {"expression": f"effects.exists(e, e.to == '{right.lower()}')"}, agent_id=owner)
    assert (problem.value.code, problem.value.hint) == ("INVALID_RULES", f"write {right}")
    made = policies.create("EXPRESSION", {"expression": f"effects.exists(e, e.to == '{right}')"}, agent_id=owner)
    try:
        assert shared_house.client(wallet).simulate(**shared_house.case.payment(right)).tier == "DENY"
    finally:
        policies.delete(made.id)


def test_a_list_brings_an_address_into_its_one_spelling(shared_house: House) -> None:
    """What only compares whole addresses corrects them: the payment to a listed one passes."""
    policies, wallet = shared_house.operator.policies, shared_house.instant()
    right = shared_house.case.new_recipient()
    made = policies.create("ALLOWED_ADDRESSES", {"addresses": [right.lower()]}, agent_id=wallet.agent_id)
    assert made.rules["addresses"] == [right]
    assert shared_house.client(wallet).simulate(**shared_house.case.payment(right)).tier != "DENY"
