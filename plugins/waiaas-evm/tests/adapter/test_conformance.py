"""The adapter keeps every promise of the kit, on a real EVM node."""

import pytest

from waiaas.testing.bench import Bench
from waiaas.testing.chain_kit import ChainKit


class TestEvmAdapter(ChainKit):
    """The fixture ``bench`` comes from conftest."""


class TestConfiguredNetwork(ChainKit):
    """The same on a network that only settings know, where a block is not final at once."""

    @pytest.fixture
    def bench(self, deep: Bench) -> Bench:
        """Final two blocks later."""
        return deep
