"""Price sources of a house: how they are configured, and what its daemon knows by them."""

from typing import Any

from waiaas_evm.adapter import EvmAdapter
from waiaas_solana.adapter import SolanaAdapter

from tests.harness.house import House


def native_of(house: House) -> str:
    """The id of the native asset of the case's network."""
    adapter = {"solana": SolanaAdapter, "evm": EvmAdapter}[house.case.chain]
    networks = adapter.networks(adapter.settings_model())
    return next(one.native.id for one in networks if one.name == house.case.network)


def configure(house: House, text: str) -> None:
    """Tables that have free names can be in the file alone. The rest of the file is gone: every key has its default."""
    house.paths.config.write_text(text)


def source_of(house: House, name: str) -> dict[str, Any]:
    """What the operator is told of a source."""
    sources = house.operator.admin.status()["prices"]["sources"]
    return next(dict(one) for one in sources if one["name"] == name)


def prices_of(house: House, name: str) -> dict[str, str]:
    """The prices of a source that count, by asset."""
    return {one["assetId"]: one["usd"] for one in source_of(house, name)["prices"] if one["isFresh"]}
