"""Whether the configured endpoints serve the right chain, and how far each has come. Network.

Asked of every endpoint each time: nothing is remembered, so an endpoint that is moved to another chain is found.
"""

from collections.abc import Mapping
from typing import Any

from waiaas.errors import Refused, Unavailable
from waiaas.interfaces.chain import Network
from waiaas_solana.networks import is_genesis_of
from waiaas_solana.rpc import Rpc, as_object, as_text, as_whole


def read_health(rpc: Rpc, network: Network) -> Mapping[str, Any]:
    """Heights of the best endpoint, and how many slots the others are behind it.

    :returns: height and slot (finalized), lag (slots between the best and the slowest endpoint), endpoints, unreachable
    :raises Refused: with code WRONG_CHAIN when any endpoint that answers serves another chain
    :raises Unavailable: when none answers
    """
    endpoints = rpc.each()
    found, problem = [], Unavailable(f"no endpoint is configured for {network.name}")
    for endpoint in endpoints:
        try:
            found.append(_position(endpoint, network))
        except Unavailable as away:
            problem = away
    if not found:
        raise problem
    slots = [slot for _, slot in found]
    return {
        "chainId": network.chain_id,
        "height": max(height for height, _ in found),
        "slot": max(slots),
        "lag": max(slots) - min(slots),
        "endpoints": len(endpoints),
        "unreachable": len(endpoints) - len(found),
    }


def read_time(rpc: Rpc) -> int:
    """When the newest finalized block was made. :raises Unavailable: when no endpoint answers"""
    slot = as_whole(rpc.call("getSlot", {"commitment": "finalized"}))
    return as_whole(rpc.call("getBlockTime", slot))


def _position(rpc: Rpc, network: Network) -> tuple[int, int]:
    genesis, epoch = rpc.batch([("getGenesisHash", []), ("getEpochInfo", [{"commitment": "finalized"}])])
    if not is_genesis_of(as_text(genesis), network):
        raise Refused(
            "WRONG_CHAIN",
            f"an endpoint of {network.name} serves another chain: its genesis hash is another",
            hint=f"correct rpc.solana.{network.name}",
            details=rpc.place,
        )
    position = as_object(epoch)
    return as_whole(position.get("blockHeight")), as_whole(position.get("absoluteSlot"))
