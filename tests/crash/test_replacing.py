"""SIGKILL at every step of a further variant, on a real node: one transaction lands, and its fee was always set aside."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from waiaas_sdk import Unreachable

from tests.crash.steps import REPLACING
from tests.harness.books import check_books
from tests.harness.deadline import until
from tests.harness.evm_by_hand import StillChain, house_on, still_chain
from tests.harness.evm_chain import EvmCase
from tests.harness.fixtures import runnable
from tests.harness.house import House
from tests.harness.watch import At, Watch

_GWEI = 10**9
STEPS = [At(step) for step in REPLACING] + [At(step, 2) for step in ("before-broadcast", "after-broadcast")]
CASES = [(at, "speed_up") for at in STEPS] + [(At(step), "cancel_onchain") for step in ("after-order", "after-restore")]


@pytest.fixture
def chain() -> Iterator[StillChain]:
    """An Anvil that makes blocks when it is told to."""
    runnable(EvmCase())
    with still_chain() as running:
        yield running


@pytest.fixture
def house(chain: StillChain, template: Path, tmp_path: Path) -> Iterator[House]:
    """A house on it, not yet started."""
    made = house_on(chain, template, tmp_path / "house")
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize(("at", "verb"), CASES, ids=lambda part: getattr(part, "step", part))
def test_a_kill_at_any_step_of_a_replacement_lands_once(house: House, chain: StillChain, at: At, verb: str) -> None:
    """The next daemon goes on with the wish or never had it; then one transaction has the nonce, and the books agree."""
    house.start(Watch(kill=(at,)))
    wallet, recipient = house.instant(), house.case.new_recipient()
    sent = house.client(wallet).send(**house.case.payment(recipient))
    chain.dear(10 * _GWEI)
    with suppress(Unreachable):
        getattr(house.operator.transactions, verb)(sent.id, max_fee=10**16)
    house.died()
    house.start()
    was_asked = at.step != "before-order"
    until(lambda: len(_variants(house, sent.id)) == 1 + was_asked, "the further bytes")
    reserved = house.rows("SELECT amount FROM reservations WHERE tx_id = ? AND kind = 'fee'", sent.id)
    assert int(reserved[0]["amount"]) >= max(int(one["fee_cap"]) for one in _variants(house, sent.id))
    if not was_asked:
        chain.dear(_GWEI)  # the first bytes are worth their place again
    newest = str(_variants(house, sent.id)[-1]["tx_hash"])
    until(lambda: newest in chain.in_pool(), lambda: f"a node to have {newest}: {house.log()[-5:]}")
    chain.mine()
    wanted = "CANCELLED" if was_asked and verb == "cancel_onchain" else "CONFIRMED"
    assert house.until_status(sent.id, "CONFIRMED", "CANCELLED", "FAILED")["status"] == wanted
    assert chain.nonces(wallet.address) == [0]
    assert len(chain.payments(recipient=recipient)) == (wanted == "CONFIRMED")
    check_books(house, wallet)


def _variants(house: House, tx_id: str) -> list[dict[str, Any]]:
    return house.rows("SELECT * FROM transaction_variants WHERE tx_id = ? ORDER BY n", tx_id)
