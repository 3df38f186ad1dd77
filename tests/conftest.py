"""What holds for every test of the house, whichever it is."""

from collections.abc import Iterator

import pytest

from tests.harness.leaks import leaks_below


@pytest.fixture(scope="session", autouse=True)
def _no_daemon_wrote_a_secret(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """After the last test: no log and no output of any daemon that a test has started holds a password or a token."""
    yield
    found = leaks_below(tmp_path_factory.getbasetemp())
    assert not found, "secrets were written to:\n" + "\n".join(found)
