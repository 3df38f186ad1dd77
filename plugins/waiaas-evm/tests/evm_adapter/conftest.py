"""Fixtures: a client of the local node, a bench."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from waiaas_evm.localnet import Anvil

from waiaas.testing.bench import Bench
from waiaas.testing.http import DirectHttp

from .accounts import DEEP, bench_on, configured_adapter, token_bench_on


@pytest.fixture
def http(anvil: Anvil) -> Iterator[DirectHttp]:
    """A client of the node, whose blocks the test makes."""
    client = DirectHttp(anvil.url)
    yield client
    client.close()


@pytest.fixture
def bench(anvil: Anvil, http: DirectHttp) -> Bench:
    """The adapter, an account with 100 coins, and its signer."""
    return bench_on(anvil, http)


@pytest.fixture
def deep(anvil: Anvil, http: DirectHttp) -> Bench:
    """The same on a chain that only settings know, where a block is final two blocks later."""
    bench = bench_on(anvil, http, configured_adapter(http, DEEP))
    anvil.call("anvil_setChainId", DEEP["chain_id"])  # from now on the faucet, which keeps the old one, is of no use
    anvil.advance(5)
    return replace(bench, blocks_to_final=2)


@pytest.fixture
def token_bench(anvil: Anvil, http: DirectHttp) -> Bench:
    """Pays with a token as the standard says."""
    return token_bench_on(anvil, http)
