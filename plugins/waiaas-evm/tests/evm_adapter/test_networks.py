"""Networks: the built-in facts, and further ones by configuration alone."""

from typing import Any

import pytest
from pydantic import ValidationError
from waiaas_evm.addresses import parse_address
from waiaas_evm.configured import all_networks, traits_of
from waiaas_evm.networks import BUILT_IN
from waiaas_evm.settings import EvmSettings

from waiaas.interfaces.chain import Network

from .accounts import DEEP

EXPECTED = {
    "ethereum": (1, "ETH", 60, False),
    "sepolia": (11155111, "ETH", 60, True),
    "base": (8453, "ETH", 60, False),
    "base-sepolia": (84532, "ETH", 60, True),
    "polygon": (137, "POL", 966, False),
    "polygon-amoy": (80002, "POL", 966, True),
    "arbitrum": (42161, "ETH", 60, False),
    "arbitrum-sepolia": (421614, "ETH", 60, True),
    "optimism": (10, "ETH", 60, False),
    "optimism-sepolia": (11155420, "ETH", 60, True),
    "bnb": (56, "BNB", 714, False),
    "avalanche": (43114, "AVAX", 9005, False),
    "local": (31337, "ETH", 60, True),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_built_in_network_is_what_its_registry_says(name: str) -> None:
    """Chain id (EIP-155), native asset (SLIP-44), test or not, an endpoint, an explorer, a cap and a pace."""
    number, symbol, coin_type, is_test = EXPECTED[name]
    known = next(one for one in BUILT_IN if one.network.name == name)
    network = known.network
    assert (known.traits.number, network.chain_id) == (number, f"eip155:{number}")
    assert (network.native.symbol, network.native.decimals, network.is_test) == (symbol, 18, is_test)
    assert network.native.id == f"eip155:{number}/slip44:{coin_type}"
    assert network.rpc[0].startswith("https://" if name != "local" else "http://127.0.0.1:")
    assert "{tx}" in network.explorer or name == "local"
    assert network.fee_max > 0
    assert network.block_milliseconds > 0
    assert network.finality


def test_there_are_no_others() -> None:
    """The list above is the whole list."""
    assert {known.network.name for known in BUILT_IN} == set(EXPECTED)


def test_well_known_tokens_are_checksummed() -> None:
    """Each is an asset of its own network, with the checksum of EIP-55."""
    for known in BUILT_IN:
        for token in known.network.tokens:
            chain, _, address = token.rpartition("/erc20:")
            assert chain == known.network.chain_id
            assert parse_address(address) == address


def test_a_configured_network_is_one_like_all_others() -> None:
    """By settings alone: chain id, coin, endpoints, finality by depth or tag, cap and pace."""
    table = {
        **DEEP,
        "rpc": ["https://a.example", "https://b.example"],
        "decimals": 6,
        "fee_max": "100000000000000000000",
    }
    settings = EvmSettings.model_validate({"networks": {"mine": table}})
    network = all_networks(settings)[-1].network
    assert (network.name, network.chain_id, network.native.id) == ("mine", "eip155:31338", "eip155:31338/slip44:60")
    assert (network.native.symbol, network.native.decimals) == ("TST", 6)
    assert network.rpc == ("https://a.example", "https://b.example")
    assert (network.finality, network.fee_max) == ("2 blocks deep", 10**20)
    assert traits_of(network, settings).finality.depth == 2
    with pytest.raises(LookupError):
        traits_of(network, EvmSettings())


def without(name: str, **changes: Any) -> dict[str, Any]:
    """The table without a key, or with others."""
    return {key: value for key, value in {**DEEP, **changes}.items() if key != name}


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("a built-in chain id", {"mine": without("", chain_id=1)}),
    ("a built-in name", {"ethereum": without("")}),
    ("two with one chain id", {"mine": without(""), "yours": without("")}),
    ("a name in capitals", {"Mine": without("")}),
    ("no finality", {"mine": without("finality_depth")}),
    ("two finalities", {"mine": without("", finality_tag="finalized")}),
    ("an unknown tag", {"mine": without("finality_depth", finality_tag="latest")}),
    ("no endpoint", {"mine": without("", rpc=[])}),
    ("an endpoint without encryption", {"mine": without("", rpc="http://node.example")}),
    ("no fee cap", {"mine": without("fee_max")}),
    ("a fee cap of nothing", {"mine": without("", fee_max=0)}),
    ("a fee cap in floats", {"mine": without("", fee_max=1e17)}),
    ("a symbol with spaces", {"mine": without("", symbol="MY COIN")}),
    ("an explorer without a place", {"mine": without("", explorer="https://scan.example")}),
    ("an unknown key", {"mine": without("", finalty=1)}),
    ("a negative depth", {"mine": without("", finality_depth=-1)}),
]


@pytest.mark.parametrize("what", [what for what, _ in WRONG])
def test_a_wrong_table_is_refused(what: str) -> None:
    """What would clash with a built-in network, or leaves finality or fees open, does not start."""
    with pytest.raises(ValidationError):
        EvmSettings.model_validate({"networks": dict(WRONG)[what]})


def test_networks_survive_the_hosts_reading() -> None:
    """Settings that the host hands over again as a dump name the same networks."""
    settings = EvmSettings.model_validate({"networks": {"mine": DEEP}})
    again = EvmSettings.model_validate(settings.model_dump())
    names: list[Network] = [known.network for known in all_networks(again)]
    assert names == [known.network for known in all_networks(settings)]
