"""Fixtures: a localnet that stands still, a client of it, a bench."""

from collections.abc import Iterator

import pytest
from waiaas_solana.localnet import Localnet

from waiaas.testing.bench import Bench
from waiaas.testing.http import DirectHttp

from .accounts import bench_on


@pytest.fixture
def localnet() -> Iterator[Localnet]:
    """A localnet whose slots the test drives."""
    with Localnet(slot_seconds=None) as serving:
        yield serving


@pytest.fixture
def http(localnet: Localnet) -> Iterator[DirectHttp]:
    """A client of the localnet."""
    client = DirectHttp(localnet.url)
    yield client
    client.close()


@pytest.fixture
def bench(localnet: Localnet, http: DirectHttp) -> Bench:
    """The adapter, an account with 100 SOL, and its signer."""
    return bench_on(localnet, http)
