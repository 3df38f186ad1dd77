"""Wei on Anvil, which makes a block of every transaction at once."""

import os
from collections.abc import Mapping
from typing import Any

from waiaas_evm.localnet import Anvil

from bench.coins import Coin

CHAIN_ID = 31337


class Wei(Coin):
    """Each payment goes to somebody new."""

    label = "EVM "
    chain, network = "evm", "local"
    amount, limit, plenty = 10**15, 10**17, 10**23
    least_rate = 40.0

    def __init__(self) -> None:
        self._anvil = Anvil()
        self.url = self._anvil.url

    def fund(self, address: str) -> None:
        """Through the faucet."""
        self._anvil.fund(address, self.plenty)

    def recipient(self) -> str:
        """Twenty random bytes."""
        return "0x" + os.urandom(20).hex()

    def calls(self) -> Mapping[str, int]:
        """Anvil does not count."""
        return {}

    def floor(self) -> Mapping[str, Any]:
        """And the chain id, which is signed."""
        return {**super().floor(), "chainId": CHAIN_ID}

    def close(self) -> None:
        """May be called again."""
        self._anvil.close()
