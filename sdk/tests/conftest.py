"""Fixtures: a fake daemon, and a retry that does not wait."""

from collections.abc import Iterator

import pytest
from waiaas_sdk import Client, Retry

from sdk.tests.fake_daemon import FakeDaemon, fake_daemon


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    """A fake daemon on TCP."""
    with fake_daemon() as serving:
        yield serving


@pytest.fixture
def pauses() -> list[float]:
    """The pauses that a client made."""
    return []


@pytest.fixture
def retry(pauses: list[float]) -> Retry:
    """Three attempts, and pauses that are only written down."""
    return Retry(attempts=3, sleep=pauses.append)


@pytest.fixture
def client(daemon: FakeDaemon, retry: Retry) -> Iterator[Client]:
    """An agent's client of the fake daemon."""
    with Client(daemon.url, token="wai_sess_abc", retry=retry) as made:
        yield made
