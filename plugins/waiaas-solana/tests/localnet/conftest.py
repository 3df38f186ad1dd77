"""Fixtures: a localnet whose slots the test drives, a client of it, a payer with funds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from solders.keypair import Keypair
from waiaas_solana.localnet import Localnet

from .client import SOL, Client


@pytest.fixture
def localnet() -> Iterator[Localnet]:
    """A localnet that stands still until the test advances it."""
    with Localnet(slot_seconds=None) as serving:
        yield serving


@pytest.fixture
def client(localnet: Localnet) -> Iterator[Client]:
    """A client of the localnet."""
    with Client(localnet.url) as connected:
        yield connected


@pytest.fixture
def payer(localnet: Localnet) -> Keypair:
    """A key with 10 SOL."""
    key = Keypair()
    localnet.fund(str(key.pubkey()), 10 * SOL)
    return key
