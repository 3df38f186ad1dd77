"""Fixtures: other people's readers of transactions, and a house with its chain."""

from collections.abc import Iterator

import pytest

from tests.harness.fixtures import template
from tests.harness.oracles import Readers

__all__ = ["readers", "template"]


@pytest.fixture(scope="module")
def readers() -> Iterator[Readers]:
    """viem, ethers and @solana/kit."""
    with Readers() as running:
        yield running
