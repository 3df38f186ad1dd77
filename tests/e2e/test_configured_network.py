"""EVM chains that stand in the configuration alone, and what the configuration may not say of them."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.harness.commands import done, waiaas
from tests.harness.data_directory import copy_of
from tests.harness.deadline import until
from tests.harness.evm_by_hand import StillChain, still_chain
from tests.harness.evm_chain import EvmCase
from tests.harness.fixtures import runnable
from tests.harness.house import House
from waiaas.config import DataDir

CHAIN_ID = 4242
_TABLE = """
[plugins.waiaas-evm.networks.{name}]
chain_id = {chain_id}
symbol = "MINE"
coin_type = 1
rpc = "{url}"
finality_depth = 2
fee_max = "10000000000000000"
explorer = "https://explorer.example/tx/{{tx}}"
"""


class ConfiguredCase(EvmCase):
    """Native transfers on a network that no plugin knows by itself."""

    name = "evm-configured"
    network = "mine"

    def environ(self, *urls: str) -> Mapping[str, str]:
        """Nothing: all of it is in the file."""
        return {}


@pytest.fixture
def chain() -> Iterator[StillChain]:
    """An Anvil with a chain id of its own, which makes blocks when it is told to."""
    runnable(ConfiguredCase())
    with still_chain(ConfiguredCase(), CHAIN_ID) as running:
        yield running


@pytest.fixture
def house(chain: StillChain, template: Path, tmp_path: Path) -> Iterator[House]:
    """A started house on it."""
    configure(copy_of(template, tmp_path / "house"), url=chain.url)
    made = House(tmp_path / "house", ConfiguredCase(), chain)
    try:
        yield made.start()
    finally:
        made.close()


def configure(
    paths: DataDir, *, name: str = "mine", chain_id: int = CHAIN_ID, url: str = "https://node.example"
) -> None:
    """Write a network's table into the configuration."""
    with paths.config.open("a") as file:
        file.write(_TABLE.format(name=name, chain_id=chain_id, url=url))


def test_a_configured_network_pays_like_a_built_in_one(house: House, chain: StillChain) -> None:
    """Signed for its own chain id, final at its own depth and not before, with a link to its own explorer."""
    wallet, recipient = house.instant(), house.case.new_recipient()
    sent = house.client(wallet).send(**house.case.payment(recipient))
    assert (sent.status, house.operator.agents.show(wallet.agent_id).chain_id) == ("SUBMITTED", f"eip155:{CHAIN_ID}")
    chain.mine(2)
    until(lambda: _seen(house, sent.id) == "included", "the daemon to see the block")
    assert house.row(sent.id)["status"] == "SUBMITTED"
    chain.mine()
    row = house.until_status(sent.id, "CONFIRMED")
    assert row["asset"] == f"eip155:{CHAIN_ID}/slip44:1"
    landed = chain.anvil.call("eth_getTransactionByHash", row["tx_hash"])
    assert (int(landed["chainId"], 16), landed["to"]) == (CHAIN_ID, recipient.lower())
    link = f"https://explorer.example/tx/{row['tx_hash']}"
    assert done(house.root, "tx", "show", sent.id)["explorerUrl"] == link
    assert link in "".join(waiaas(house.root, "tx", "show", sent.id).stdout.split())  # a narrow table folds it


def _seen(house: House, tx_id: str) -> str | None:
    (variant,) = house.rows("SELECT last_status FROM transaction_variants WHERE tx_id = ?", tx_id)
    found: str | None = variant["last_status"]
    return found


@pytest.mark.parametrize(
    ("table", "said"),
    [({"chain_id": 137}, "chain id 137 is that of polygon"), ({"name": "base"}, "not a built-in one")],
)
def test_what_is_built_in_cannot_be_configured_again(
    template: Path, tmp_path: Path, table: Mapping[str, str | int], said: str
) -> None:
    """A chain id or name of a built-in network is refused by check and by start, in words that name it."""
    paths = copy_of(template, tmp_path / "house")
    configure(paths, **table)  # type: ignore[arg-type]
    for command in (("config", "validate"), ("start",)):
        refused = waiaas(tmp_path / "house", *command)
        assert (refused.returncode, said in refused.stderr) == (1, True), refused.stderr
