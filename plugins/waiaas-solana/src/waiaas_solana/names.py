"""Addresses and assets in their one spelling each. Pure."""

from solders.pubkey import Pubkey

from waiaas.errors import Malformed
from waiaas.interfaces.chain import Network
from waiaas.interfaces.ids import asset_id


def parse_pubkey(text: str) -> Pubkey:
    """Read a base58 address of 32 bytes; every public key has exactly one such text.

    :raises Malformed: with code INVALID_ADDRESS
    """
    try:
        return Pubkey.from_string(text)
    except ValueError:
        raise Malformed(
            f"{text[:64]!r} is not a Solana address",
            code="INVALID_ADDRESS",
            hint="a Solana address is 32 bytes in base58: 32 to 44 letters and digits without 0, O, I and l",
        ) from None


def parse_asset(text: str, network: Network) -> str:
    """The CAIP-19 id of ``native``, of a mint's address, or of a CAIP-19 id of this network, under a former id of it too.

    :raises Malformed: for everything else, other networks' assets included
    """
    former = next((id_ for id_ in network.former_ids if text.startswith(f"{id_}/")), None)
    if former is not None:
        text = network.chain_id + text.removeprefix(former)
    if text in ("native", network.native.id):
        return network.native.id
    namespace = f"{network.chain_id}/token:"
    mint = text.removeprefix(namespace)
    if "/" in mint:
        raise Malformed(
            f"{text[:128]!r} is not an asset of {network.name}", hint=f"its native asset is {network.native.id}"
        )
    return asset_id(network.chain_id, "token", str(parse_pubkey(mint)))
