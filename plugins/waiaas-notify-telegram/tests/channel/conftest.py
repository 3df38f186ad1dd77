"""Fixtures: a stand-in for the Bot API, and channels that write to it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from waiaas_notify_telegram.channel import TelegramChannel
from waiaas_notify_telegram.settings import TelegramConfig
from waiaas_notify_telegram.stand_in import BotApiServer

Channels = Callable[..., TelegramChannel]


@pytest.fixture
def service() -> Iterator[BotApiServer]:
    """One bot and one chat, which takes messages as fast as they come."""
    with BotApiServer(seconds_between=0) as running:
        yield running


@pytest.fixture
def make_channel(service: BotApiServer) -> Iterator[Channels]:
    """Makes channels; keyword arguments change the configuration."""
    made: list[TelegramChannel] = []

    def make(**changes: Any) -> TelegramChannel:
        made.append(TelegramChannel(TelegramConfig.model_validate(service.config(**changes))))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def channel(make_channel: Channels) -> TelegramChannel:
    """A usual one."""
    return make_channel()
