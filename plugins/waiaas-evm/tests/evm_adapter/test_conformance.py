"""The adapter keeps every promise of the kit, on a real EVM node, with native money and with tokens."""

import pytest
from waiaas_evm.localnet import Anvil

from waiaas.testing.bench import Bench
from waiaas.testing.chain_kit import ChainKit
from waiaas.testing.http import DirectHttp

from .accounts import token_bench_on


class TestEvmAdapter(ChainKit):
    """The fixture ``bench`` comes from conftest."""


class TestConfiguredNetwork(ChainKit):
    """The same on a network that only settings know, where a block is not final at once."""

    @pytest.fixture
    def bench(self, deep: Bench) -> Bench:
        """Final two blocks later."""
        return deep


class TestToken(ChainKit):
    """A token as the standard says."""

    @pytest.fixture
    def bench(self, token_bench: Bench) -> Bench:
        """Pays with the token."""
        return token_bench


class TestSilentToken(ChainKit):
    """A token whose transfers return nothing."""

    @pytest.fixture
    def bench(self, anvil: Anvil, http: DirectHttp) -> Bench:
        """Pays with the token."""
        return token_bench_on(anvil, http, "Silent")
