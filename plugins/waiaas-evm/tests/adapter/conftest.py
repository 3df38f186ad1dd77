"""Fixtures: a client of the local node, a bench."""

from collections.abc import Iterator

import pytest
from waiaas_evm.localnet import Anvil

from waiaas.testing.bench import Bench
from waiaas.testing.http import DirectHttp

from .accounts import bench_on


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
