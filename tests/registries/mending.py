"""Scenes of payments that get stuck, and of what a person hears of them."""

from collections.abc import Callable

import pytest
from waiaas_sdk import Conflict, Denied

from tests.harness.deadline import until
from tests.harness.evm_by_hand import StillChain, house_on, still_chain
from tests.harness.evm_chain import EvmCase
from tests.harness.fixtures import runnable
from tests.harness.house import House, Wallet

_GWEI = 10**9
_QUARTER = 901


def replacements(template: House, play: Callable[[House, StillChain, Wallet], None]) -> House:
    """A house on an EVM chain whose blocks the play makes; stopped when it is over."""
    runnable(EvmCase())
    with still_chain() as chain:
        house = house_on(chain, template.root, template.root.with_name("evm")).start()
        try:
            play(house, chain, house.instant())
            house.stop()
        except BaseException:
            house.close()
            raise
    return house


def stuck(house: House, chain: StillChain, wallet: Wallet) -> None:
    """A payment is overdue, sped up, refused a further fee, and given up; another program has used the key meanwhile."""
    client = house.client(wallet)
    sent = client.send(**house.case.payment(house.case.new_recipient()))
    chain.dear(10 * _GWEI)
    house.clock.shift(_QUARTER)
    until(lambda: "transaction.overdue" in house.events(sent.id), "the overdue payment to be told of")
    client.speed_up(sent.id, max_fee=5 * 10**15)
    policy = house.operator.policies.create(
        "ALLOWED_ADDRESSES", {"addresses": [house.case.new_recipient()]}, agent_id=wallet.agent_id
    )
    with pytest.raises(Denied):
        client.speed_up(sent.id)
    house.operator.policies.delete(policy.id)
    client.cancel_onchain(sent.id, max_fee=2 * 10**16)
    with pytest.raises(Conflict):
        client.speed_up(sent.id)
    chain.mine()
    house.until_status(sent.id, "CANCELLED")
    chain.use_nonce(wallet.address)
    chain.mine(2)
    client.send(**house.case.payment(house.case.new_recipient()))


def vanished(house: House, chain: StillChain, wallet: Wallet) -> None:
    """A block that was final is rolled back, and stays so."""
    sent = house.client(wallet).send(**house.case.payment(house.case.new_recipient()))
    chain.mine()
    house.until_status(sent.id, "CONFIRMED")
    chain.rollback(chain.mine(0))
    for _ in range(2):
        house.stop()
        house.clock.shift(600)
        house.start()
        until(lambda: house.rows("SELECT 1 FROM daemon_state WHERE key = 'watched:evm/local'"), "a look back")
    until(lambda: "transaction.reorged" in house.events(sent.id), "the alarm")


def damaged_key(house: House) -> House:
    """An agent's key file is damaged while the daemon runs."""
    wallet = house.start().instant()
    file = house.paths.keystore / f"{wallet.agent_id}.json"
    file.write_text(file.read_text()[:-20])
    sent = house.client(wallet).send(wait=0, **house.case.payment(house.case.new_recipient()))
    until(lambda: "agent.key_damaged" in house.events(sent.id), "the damage to be told of")
    return house
