"""The conformance kit of notification channels: inherit :class:`ChannelKit`, give it a ``bench`` fixture, and run pytest.

Each test states one promise of :mod:`waiaas.interfaces.notify`. The kit knows no service: what differs is in the bench::

    class TestMyChannel(ChannelKit):
        @pytest.fixture
        def bench(self) -> Iterator[ChannelBench]:
            with MyService() as service:
                yield ChannelBench(channel=MyChannel(...), seen=..., arrived=..., asked=..., secrets=(...,), troubles={...})
"""

import json
import logging
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from waiaas.errors import Misconfigured, PluginError, RetryLater, Undeliverable
from waiaas.interfaces.notify import Button, Notification
from waiaas.testing.channel_bench import ADDRESS, AMOUNT, HOSTILE, PLACES, ChannelBench, Trouble, notice, with_words

MOST_REQUESTS = 2
"""For one message: it may be tried once more under another address, never in a loop."""
_LONGEST_SECONDS = 60.0


class ChannelKit:
    """Every promise. The subclass provides the fixture ``bench``, new for each test."""

    # --- what a person reads

    def test_rendering_is_pure(self, bench: ChannelBench) -> None:
        """The same notice renders to the same value, which survives JSON."""
        for words in HOSTILE:
            told = with_words("quote", words)
            first = bench.channel.render(told)
            assert bench.channel.render(told) == first
            assert json.loads(json.dumps(first)) == first

    def test_foreign_words_make_nothing(self, bench: ChannelBench) -> None:
        """In no place do foreign words add a style, a link, a mention, a command or a line (invariant 13)."""
        for place in PLACES:
            usual = bench.shown(with_words(place, "words"))
            for words in HOSTILE:
                seen = bench.shown(with_words(place, words))
                allowed = usual.active | bench.shown(notice()).active
                assert seen.active <= allowed, f"{words!r} as a {place} makes {set(seen.active - allowed)}"
                assert len(seen.text.splitlines()) == len(usual.text.splitlines()), (
                    f"{words!r} as a {place} makes a line"
                )

    def test_facts_stand_whole(self, bench: ChannelBench) -> None:
        """However much others say, each amount, recipient and button is there in full; what is cut is what they say."""
        lines = tuple(
            (label, f"{number}{value}"[: len(value)])
            for number in range(8)
            for label, value in (("Amount", AMOUNT), ("Recipient", ADDRESS))
        )
        quoted = tuple((f"Quote {number}", "w" * 20_000) for number in range(3))
        buttons = (Button(label="Refuse", token="a"), Button(label="Stop everything", token="b"))
        seen = bench.shown(notice(lines=lines, quoted=quoted, buttons=buttons))
        for _, value in lines:
            assert seen.text.count(value) == 1, f"{value[:12]}... is not whole"
        assert seen.buttons == ("Refuse", "Stop everything")
        assert "www" in seen.text, "the others are not heard at all"

    def test_anything_can_be_told(self, bench: ChannelBench) -> None:
        """Notices that are empty, long, or full of strange characters are rendered, and the service takes them."""
        for told in _odd():
            assert bench.shown(told) is not None

    # --- delivery

    def test_a_notice_arrives_once(self, bench: ChannelBench) -> None:
        """One send is one delivery, and its reference and the channel's health are words."""
        before = bench.arrived()
        assert isinstance(_timed(lambda: _send(bench, notice())), str)
        assert bench.arrived() == before + 1
        assert isinstance(_timed(bench.channel.health), str)
        assert bench.arrived() == before + 1

    def test_a_passing_trouble_is_left_to_the_host(self, bench: ChannelBench) -> None:
        """A service that is away is not asked in a loop: RetryLater says so at once, with the seconds that it wants."""
        for name, trouble in _troubles(bench, is_final=False):
            with trouble_of(trouble):
                asked = bench.asked()
                problem = _problem(bench)
                assert isinstance(problem, RetryLater), f"{name}: {problem!r}"
                assert bench.asked() - asked <= MOST_REQUESTS, f"{name}: asked {bench.asked() - asked} times"
                if trouble.seconds is not None:
                    assert (problem.retry_after or 0) >= trouble.seconds, f"{name}: {problem.retry_after} seconds"

    def test_a_final_trouble_is_final(self, bench: ChannelBench) -> None:
        """What another attempt cannot mend is Undeliverable or Misconfigured, said at once."""
        for name, trouble in _troubles(bench, is_final=True):
            with trouble_of(trouble):
                asked = bench.asked()
                problem = _problem(bench)
                assert isinstance(problem, Undeliverable | Misconfigured), f"{name}: {problem!r}"
                assert bench.asked() - asked <= MOST_REQUESTS, f"{name}: asked {bench.asked() - asked} times"

    def test_secrets_stay_inside(self, bench: ChannelBench, caplog: pytest.LogCaptureFixture) -> None:
        """No representation, rendering, answer, error, trace or log line of any library has a secret (invariant 16)."""
        channel = bench.channel
        said = [repr(channel), str(channel.config), repr(channel.config), repr(channel.render(notice()))]
        with caplog.at_level(logging.DEBUG):
            said += [str(_timed(call)) for call in (lambda: _send(bench, notice()), channel.health)]
            for _, trouble in bench.troubles.items():
                with trouble_of(trouble):
                    said += [
                        text for call in (lambda: _send(bench, notice()), channel.health) for text in _outcome(call)
                    ]
        said += [f"{record.getMessage()} {record.args} {record.exc_text}" for record in caplog.records]
        for secret in bench.secrets:
            assert [text for text in said if secret in text] == []


def _odd() -> Iterator[Notification]:
    yield notice(title="", event="", lines=(), quoted=(), severity="", buttons=(), id="")
    yield notice(title="t" * 5000, lines=(("l" * 500, "v" * 500),))
    yield notice(lines=tuple((f"Recipient {number}", ADDRESS) for number in range(80)))
    yield notice(lines=tuple((f"n{number}", "evil.example @you") for number in range(200)))
    for strange in (
        "\ud800",
        "\udfff x",
        "\U0001f98a" * 300,
        "\U0010ffff",
        "&" * 300,
        "<" * 300,
        "\x00",
        "e\u0301" * 100,
    ):
        yield notice(title=strange, lines=((strange, strange),), quoted=((strange, strange),))


def _troubles(bench: ChannelBench, *, is_final: bool) -> list[tuple[str, Trouble]]:
    return [(name, trouble) for name, trouble in bench.troubles.items() if trouble.is_final is is_final]


@contextmanager
def trouble_of(trouble: Trouble) -> Iterator[None]:
    """The service in trouble, as long as the block runs."""
    trouble.begin()
    try:
        yield
    finally:
        trouble.end()


def _send(bench: ChannelBench, told: Notification) -> str:
    return bench.channel.send(bench.channel.render(told), told.id)


def _problem(bench: ChannelBench) -> BaseException | None:
    """What a send raised."""
    try:
        _timed(lambda: _send(bench, notice()))
    except Exception as problem:  # noqa: BLE001 - whatever it is, the caller judges it
        return problem
    return None


def _outcome(call: Callable[[], Any]) -> list[str]:
    """Everything that an outcome says, in every way in which it could be written down."""
    try:
        return [str(_timed(call))]
    except PluginError as problem:
        own = [str(problem), repr(problem), problem.message, problem.hint, str(problem.details)]
        return [*own, "".join(traceback.format_exception(problem))]


def _timed(call: Callable[[], Any]) -> Any:
    """The call's outcome. :raises AssertionError: it does not come to an end"""
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append((call(), None))
        except Exception as problem:  # noqa: BLE001 - it is raised in the caller's thread
            outcome.append((None, problem))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(_LONGEST_SECONDS)
    assert outcome, f"no end after {_LONGEST_SECONDS:.0f} seconds"
    value, problem = outcome[0]
    if problem is not None:
        raise problem
    return value
