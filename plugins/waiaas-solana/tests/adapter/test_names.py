"""Addresses, assets, networks and settings: pure facts."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from solders.pubkey import Pubkey
from waiaas_solana.localnet import CHAIN_ID, GENESIS_HASH
from waiaas_solana.names import parse_asset, parse_pubkey
from waiaas_solana.networks import GENESIS, NETWORKS, is_genesis_of
from waiaas_solana.settings import SolanaSettings

from waiaas.errors import Malformed

from .accounts import LOCAL, network

_OTHERS = Path(__file__).parents[4] / "tests" / "vectors" / "solana_genesis.json"
MINT = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"


@given(st.binary(min_size=32, max_size=32))
def test_every_key_has_one_text(data: bytes) -> None:
    """The base58 text of any 32 bytes is read as those bytes, and written the same."""
    text = str(Pubkey(data))
    assert bytes(parse_pubkey(text)) == data
    assert str(parse_pubkey(text)) == text


@given(st.text(max_size=60))
def test_other_texts_are_refused_or_already_canonical(text: str) -> None:
    """Whatever is read as an address was its canonical text before."""
    with suppress(Malformed):
        assert str(parse_pubkey(text)) == text


def test_a_mint_is_named_by_address_or_by_caip_19() -> None:
    """A token's address and its CAIP-19 id are one asset of this network and of no other."""
    named = parse_asset(MINT, LOCAL)
    assert named == f"{LOCAL.chain_id}/token:{MINT}"
    assert parse_asset(named, LOCAL) == named
    with pytest.raises(Malformed, match="not an asset of devnet"):
        parse_asset(named, network("devnet"))


@pytest.mark.parametrize(
    "text", ["SOL", "solana", f"{LOCAL.chain_id}/nft:{MINT}", f"{LOCAL.chain_id}/token:", "/", MINT + "/x"]
)
def test_texts_that_are_no_asset_are_refused(text: str) -> None:
    """Symbols, other namespaces and halves of ids are refused."""
    with pytest.raises(Malformed):
        parse_asset(text, LOCAL)


def test_the_localnet_is_the_one_that_is_served() -> None:
    """The network named localnet has the chain id and genesis of the package's own local chain."""
    assert LOCAL.chain_id == CHAIN_ID
    assert is_genesis_of(GENESIS_HASH, LOCAL)


def test_public_networks_are_named_by_their_genesis() -> None:
    """Whole hashes are those that other clients know, and belong to one network alone; ids begin with them (CAIP-2)."""
    known: dict[str, str] = json.loads(_OTHERS.read_text("utf-8"))["vectors"]
    assert {name: GENESIS[name] for name in known} == known
    assert {one.name for one in NETWORKS} == {*known, LOCAL.name}
    for name, genesis in known.items():
        assert [one.name for one in NETWORKS if is_genesis_of(genesis, one)] == [name]
        assert network(name).chain_id == f"solana:{genesis[:32]}"


@pytest.mark.parametrize("name", GENESIS)
def test_a_node_is_held_to_the_whole_hash(name: str) -> None:
    """A hash that only begins like the network's, or lacks its end, is another chain's."""
    genesis = GENESIS[name]
    for other in (genesis[:32], genesis[:-1], genesis[:32] + "1" * (len(genesis) - 32), genesis + "1", ""):
        assert not is_genesis_of(other, network(name))


def test_assets_of_a_misspelt_network_are_read() -> None:
    """What was written while testnet had a wrong id is still read, as an asset of the right one; on no other network."""
    testnet = network("testnet")
    (former,) = testnet.former_ids
    assert not testnet.chain_id.startswith(former)
    assert parse_asset(f"{former}/slip44:501", testnet) == testnet.native.id
    assert parse_asset(f"{former}/token:{MINT}", testnet) == f"{testnet.chain_id}/token:{MINT}"
    for text in (f"{former}/token:x", f"{former}/", former, f"{former}x/token:{MINT}"):
        with pytest.raises(Malformed):
            parse_asset(text, testnet)
    with pytest.raises(Malformed):
        parse_asset(f"{former}/slip44:501", network("devnet"))


def test_only_test_networks_are_called_so() -> None:
    """Mainnet alone is no test network, and every network pays fees in SOL with 9 decimals."""
    assert [one.name for one in NETWORKS if not one.is_test] == ["mainnet"]
    assert {(one.native.symbol, one.native.decimals, one.finality) for one in NETWORKS} == {("SOL", 9, "finalized")}


@pytest.mark.parametrize(
    "values",
    [
        {"price_percentile": 101},
        {"price_floor": -1},
        {"price_floor": 2_000, "price_cap": 1_000},
        {"read_commitment": "recent"},
        {"unknown": 1},
    ],
)
def test_settings_out_of_range_are_refused(values: dict[str, object]) -> None:
    """A wrong or unknown key of the plugin's table is an error."""
    with pytest.raises(ValidationError):
        SolanaSettings.model_validate(values)
