"""The kit, run on the channel."""

from collections.abc import Iterator

import pytest
from waiaas_notify_telegram.stand_in import BotApiServer

from waiaas.testing.channel_bench import ChannelBench
from waiaas.testing.channel_kit import ChannelKit

from .benches import TOKEN, bench_of


class TestTelegram(ChannelKit):
    """Every promise of a channel."""

    @pytest.fixture
    def bench(self) -> Iterator[ChannelBench]:
        """At a stand-in that repeats the token wherever it can."""
        with BotApiServer(token=TOKEN, seconds_between=0) as service:
            bench = bench_of(service)
            yield bench
            bench.channel.close()
