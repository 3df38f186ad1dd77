"""Wei on Anvil, which makes a block of every transaction at once."""

import os
from collections.abc import Mapping
from itertools import cycle
from typing import Any

from waiaas_evm.localnet import Anvil, find_anvil

from bench.coins import Coin
from tests.harness.contracts import deploy_token, mint
from waiaas.errors import StartRefused

CHAIN_ID = 31337


class Wei(Coin):
    """Each payment goes to somebody new."""

    label = "EVM "
    chain, network = "evm", "local"
    amount, limit, plenty = 10**15, 10**17, 10**23
    least_rate: float | None = 40.0

    def __init__(self) -> None:
        self._anvil = Anvil()
        self._anvil.call("evm_setAutomine", True)
        self.url = self._anvil.url

    @classmethod
    def missing(cls) -> str:
        """Its program may be."""
        try:
            find_anvil()
        except StartRefused as problem:
            return f"{problem.message} ({problem.hint})"
        return ""

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


class Erc20(Wei):
    """Units of a plain token, to holders in turn: the first unit of a new holder costs more gas, and is no part of it."""

    label = "ERC-20 "
    amount, limit, plenty = 5, 1_000, 10**15
    least_rate = None
    _RECIPIENTS = 8

    def __init__(self) -> None:
        super().__init__()
        self.token = deploy_token(self._anvil)
        addresses = [super(Erc20, self).recipient() for _ in range(self._RECIPIENTS)]
        for address in addresses:
            mint(self._anvil, self.token, address, 1)
        self._recipients = cycle(addresses)

    def fund(self, address: str) -> None:
        """Units, and wei for fees."""
        self._anvil.fund(address, Wei.plenty)
        mint(self._anvil, self.token, address, self.plenty)

    def recipient(self) -> str:
        """Holders in turn."""
        return next(self._recipients)
