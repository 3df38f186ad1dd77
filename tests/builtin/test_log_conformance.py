"""The kit of channels, run on LOG."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from waiaas.builtin.log_channel import LogChannel, LogConfig
from waiaas.testing.channel_bench import ChannelBench, Seen
from waiaas.testing.channel_kit import ChannelKit


def seen(rendered: Any) -> Seen:
    """A line of the log, read raw: whatever it holds, it is one line of printable ASCII."""
    line: str = rendered["line"]
    active = frozenset() if line.isascii() and line.isprintable() else frozenset({"control"})
    return Seen(text=line, active=active, buttons=tuple(json.loads(line)["buttons"]))


class Counting(logging.Handler):
    """How many lines were logged."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1


class TestLog(ChannelKit):
    """Every promise of a channel; it has no service that could fail, and no secret."""

    @pytest.fixture
    def bench(self) -> Iterator[ChannelBench]:
        """The channel, and a listener on its logger."""
        logger, lines = logging.getLogger("waiaas.notifications"), Counting()
        level = logger.level
        logger.setLevel(logging.INFO)
        logger.addHandler(lines)
        yield ChannelBench(
            channel=LogChannel(LogConfig()), seen=seen, arrived=lambda: lines.count, asked=lambda: lines.count
        )
        logger.removeHandler(lines)
        logger.setLevel(level)
