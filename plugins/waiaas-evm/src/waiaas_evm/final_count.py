"""How many transactions of an account are final, as the most careful endpoint has it. Network; asked rarely."""

from waiaas.errors import Unavailable
from waiaas_evm.questions import CHAIN, HEIGHT, count_call, same_chain
from waiaas_evm.rpc import Rpc, as_quantity
from waiaas_evm.traits import Finality, Traits


def least_final_count(rpc: Rpc, traits: Traits, address: str) -> int:
    """The least count at finality of all configured endpoints: one that lies alone leads nobody to a nonce far ahead.

    :raises Unavailable: when any of them cannot be asked, or serves another chain
    """
    counts = [_final_count(endpoint, traits, address) for endpoint in rpc.each()]
    if not counts:
        raise Unavailable("no endpoint is configured")
    return min(counts)


def final_block(finality: Finality, newest: int) -> str | None:
    """The newest final block as JSON-RPC names it; None while there is none. :param newest: height of the newest block"""
    if finality.tag is not None:
        return finality.tag
    return None if newest < finality.depth else hex(newest - finality.depth)


def _final_count(rpc: Rpc, traits: Traits, address: str) -> int:
    chain, newest = rpc.batch([CHAIN, HEIGHT])
    same_chain(chain, traits.number)
    block = final_block(traits.finality, as_quantity(newest))
    return 0 if block is None else as_quantity(rpc.batch([count_call(address, block)])[0])
