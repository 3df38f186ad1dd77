"""What time a chain says it is, on a real node that makes blocks on demand."""

import time

from waiaas_evm.adapter import EvmAdapter
from waiaas_evm.localnet import Anvil

from waiaas.testing.bench import Bench
from waiaas.testing.http import DirectHttp


def test_a_chain_without_new_blocks_tells_the_next_ones_time(bench: Bench, anvil: Anvil, http: DirectHttp) -> None:
    """The newest block is an hour old by the machine's clock, and the node would date the next one with now."""
    adapter = bench.adapter
    assert isinstance(adapter, EvmAdapter)
    newest = {"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByNumber", "params": ["latest", False]}
    made = int(http.json("POST", "", newest)["result"]["timestamp"], 16)
    anvil.call("evm_increaseTime", 3600)
    try:
        assert adapter.chain_time() >= made + 3600
        assert int(http.json("POST", "", newest)["result"]["timestamp"], 16) == made
    finally:
        anvil.call("evm_setTime", hex(int(time.time())))
