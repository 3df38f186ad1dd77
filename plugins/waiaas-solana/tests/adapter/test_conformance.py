"""The adapter keeps every promise of the kit, on a real Solana virtual machine, with SOL and with tokens of both programs."""

import pytest
from waiaas_solana.localnet import Localnet, MintKind

from waiaas.testing.bench import Bench
from waiaas.testing.chain_kit import ChainKit
from waiaas.testing.http import DirectHttp

from .accounts import TOKEN_2022, token_bench_on


class TestSolanaAdapter(ChainKit):
    """The fixture ``bench`` comes from conftest."""


class TestSplToken(ChainKit):
    """A token of the first program."""

    @pytest.fixture
    def bench(self, localnet: Localnet, http: DirectHttp) -> Bench:
        """Pays with the token."""
        return token_bench_on(localnet, http)


class TestPlainToken2022(ChainKit):
    """A token of the second program, which says its own name."""

    @pytest.fixture
    def bench(self, localnet: Localnet, http: DirectHttp) -> Bench:
        """Pays with the token."""
        return token_bench_on(localnet, http, MintKind(program=TOKEN_2022, metadata=("PLAIN", "A plain token")))
