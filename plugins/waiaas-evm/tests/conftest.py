"""Fixtures: a local node whose blocks the test makes."""

import shutil
from collections.abc import Iterator

import pytest
from waiaas_evm.localnet import Anvil, find_anvil

from waiaas.errors import StartRefused


@pytest.fixture(scope="session")
def needs_anvil() -> None:
    """Skip, loudly, where there is no npm to have fetched the node with; fail where it was only not fetched."""
    try:
        find_anvil()
    except StartRefused as missing:
        if shutil.which("npm") is None:
            pytest.skip(f"NOT TESTED on a real EVM node: {missing.message} ({missing.hint})")
        pytest.fail(f"{missing.message}; {missing.hint}")


@pytest.fixture
def anvil(needs_anvil: None) -> Iterator[Anvil]:
    """A node of its own that makes blocks when told."""
    with Anvil() as running:
        yield running
