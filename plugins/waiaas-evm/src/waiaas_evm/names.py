"""Assets in their one spelling: CAIP-19 with the namespaces ``slip44`` for native money and ``erc20`` for tokens. Pure."""

from waiaas.errors import Malformed
from waiaas.interfaces.chain import Network
from waiaas.interfaces.ids import asset_id, asset_reference
from waiaas_evm.addresses import parse_address

TOKENS = "erc20"


def token_id(chain_id: str, address: str) -> str:
    """The id of a token. :param address: checksummed"""
    return asset_id(chain_id, TOKENS, address)


def token_address(asset: str) -> str:
    """The contract of a token's id that was parsed."""
    return asset_reference(asset)


def parse_asset(text: str, network: Network) -> str:
    """The id of ``native``, of a token's address, or of a CAIP-19 id of this network.

    :raises Malformed: for everything else, other networks' assets included
    """
    if text in ("native", network.native.id):
        return network.native.id
    address = text.removeprefix(f"{network.chain_id}/{TOKENS}:")
    if "/" in address:
        raise Malformed(
            f"{text[:128]!r} is not an asset of {network.name}", hint=f"its native asset is {network.native.id}"
        )
    return token_id(network.chain_id, parse_address(address))
