"""Solana's networks as facts: names, CAIP-2 ids, native asset, public endpoints, well-known tokens.

The reference of a chain id is the first 32 characters of the genesis hash (CAIP-2, namespace ``solana``). A node is held to the
whole hash.
"""

from waiaas.interfaces.chain import Asset, Network
from waiaas.interfaces.ids import asset_id
from waiaas_solana.token_names import KNOWN

REFERENCE_LENGTH = 32
LOCALNET = "localnet"
GENESIS = {
    "mainnet": "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d",
    "devnet": "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG",
    "testnet": "4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY",
    LOCALNET: "HV4GcAGYJpxhsaWrWACio2ns2N317aDDGi77Kx2vKNuM",
}
"""Whole genesis hashes by name. Tests hold the last to the localnet's own, and the others to what other clients know."""
_FORMER = {"testnet": ("solana:4uhcVJyU9pJkvQyUS88uRDiswHScYsBR",)}
"""Ids by which earlier versions knew a network, misspelt: assets that were written with them are still read."""

BLOCK_MILLISECONDS = 400
FEE_MAX = 500_000
"""0.0005 SOL: a hundred times the base fee."""

_EXPLORER = "https://explorer.solana.com/tx/{tx}"


def is_genesis_of(genesis_hash: str, network: Network) -> bool:
    """Pure. Whether a node with this genesis hash serves the network."""
    return genesis_hash == GENESIS[network.name]


def _network(name: str, rpc: str, explorer: str, *, is_test: bool) -> Network:
    chain_id = f"solana:{GENESIS[name][:REFERENCE_LENGTH]}"
    # SLIP-44 coin type 501, as CAIP-19's namespace page for Solana names the native asset.
    native = Asset(id=asset_id(chain_id, "slip44", "501"), symbol="SOL", decimals=9, native=True)
    return Network(
        name=name,
        chain_id=chain_id,
        native=native,
        rpc=(rpc,),
        max_in_flight=None,
        finality="finalized",
        fee_max=FEE_MAX,
        is_test=is_test,
        block_milliseconds=BLOCK_MILLISECONDS,
        explorer=explorer,
        former_ids=_FORMER.get(name, ()),
        tokens=tuple(asset_id(chain_id, "token", mint) for mint in KNOWN.get(name, ())),
    )


NETWORKS = (
    _network("mainnet", "https://api.mainnet-beta.solana.com", _EXPLORER, is_test=False),
    _network(
        "devnet",
        "https://api.devnet.solana.com",
        f"{_EXPLORER}?cluster=devnet",
        is_test=True,
    ),
    _network(
        "testnet",
        "https://api.testnet.solana.com",
        f"{_EXPLORER}?cluster=testnet",
        is_test=True,
    ),
    _network(LOCALNET, "http://127.0.0.1:8899", "", is_test=True),
)
