"""Whether the configured endpoints serve the right chain, and how far each has come. Network.

Asked of every endpoint each time: nothing is remembered, so an endpoint that is moved to another chain is found.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from waiaas.errors import Refused, Unavailable
from waiaas.interfaces.chain import Network
from waiaas_evm.questions import CHAIN, HEIGHT, NEWEST_BLOCK, NEXT_BLOCK, final_call, read_final_height
from waiaas_evm.rpc import Rpc, as_object, as_quantity, required
from waiaas_evm.traits import Traits


def read_health(rpc: Rpc, network: Network, traits: Traits) -> Mapping[str, Any]:
    """Heights of the best endpoint, and how many blocks the others are behind it.

    :returns: height and final (the newest block and the newest final one), lag (blocks between the best and the slowest
        endpoint), endpoints, unreachable
    :raises Refused: with code WRONG_CHAIN when any endpoint that answers serves another chain
    :raises Unavailable: when none answers
    """
    endpoints = rpc.each()
    found, problem = [], Unavailable(f"no endpoint is configured for {network.name}")
    for endpoint in endpoints:
        try:
            found.append(_position(endpoint, network, traits))
        except Unavailable as away:
            problem = away
    if not found:
        raise problem
    heights = [height for height, _ in found]
    return {
        "chainId": network.chain_id,
        "height": max(heights),
        "final": max(final for _, final in found),
        "lag": max(heights) - min(heights),
        "endpoints": len(endpoints),
        "unreachable": len(endpoints) - len(found),
    }


def read_time(rpc: Rpc) -> int:
    """When the newest block was made, or the one that the node is about to make: a chain that makes them on demand has no other
    time while nobody pays. :raises Unavailable: when no endpoint answers"""
    newest, next_ = rpc.try_batch([NEWEST_BLOCK, NEXT_BLOCK])
    times = [as_quantity(as_object(required(newest, NEWEST_BLOCK[0])).get("timestamp"))]
    with suppress(Unavailable):
        times.append(as_quantity(as_object(required(next_, NEXT_BLOCK[0])).get("timestamp")))
    return max(times)


def _position(rpc: Rpc, network: Network, traits: Traits) -> tuple[int, int]:
    chain, height, final = rpc.try_batch([CHAIN, HEIGHT, final_call(traits.finality)])
    if as_quantity(required(chain, "eth_chainId")) != traits.number:
        raise Refused(
            "WRONG_CHAIN",
            f"an endpoint of {network.name} serves another chain: its chain id is not {traits.number}",
            hint=f"correct rpc.evm.{network.name}",
            details=rpc.place,
        )
    return as_quantity(required(height, "eth_blockNumber")), read_final_height(final, traits.finality)
