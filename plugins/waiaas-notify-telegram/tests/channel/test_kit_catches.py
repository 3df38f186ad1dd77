"""The kit is worth something: each wrong channel here fails exactly the promise that it breaks."""

import inspect
import logging
from collections.abc import Callable
from typing import Any

import pytest
from waiaas_notify_telegram import message
from waiaas_notify_telegram.bot_api import BotApi
from waiaas_notify_telegram.channel import TelegramChannel
from waiaas_notify_telegram.stand_in import BotApiServer

from waiaas.errors import Misconfigured, PluginError, RetryLater, Undeliverable
from waiaas.interfaces.notify import Notification
from waiaas.testing.channel_bench import ChannelBench
from waiaas.testing.channel_kit import ChannelKit

from .benches import TOKEN, Swift, bench_of


def changed(rendered: Any, change: Callable[[str], str]) -> Any:
    """The last message's text, changed."""
    *before, last = rendered["messages"]
    return {"messages": [*before, {**last, "text": change(last["text"])}]}


class Links(Swift):
    """Shows quotes escaped, but where Telegram looks for links and mentions."""

    def render(self, notification: Notification) -> Any:
        def bare(text: str) -> str:
            head, heading, quotes = text.partition("Said by others")
            return head + heading + quotes.replace("<code>", "").replace("</code>", "")

        return changed(super().render(notification), bare)


class Lines(Swift):
    """Keeps the line breaks of others."""

    def render(self, notification: Notification) -> Any:
        if any("\n" in words for _, words in notification.quoted):
            return changed(super().render(notification), lambda text: text.replace("one Amount", "one\nAmount"))
        return super().render(notification)


class Previews(Swift):
    """Lets links show previews, once there is a quote that has one."""

    def render(self, notification: Notification) -> Any:
        rendered = super().render(notification)
        if any("evil" in words for _, words in notification.quoted):
            del rendered["messages"][-1]["link_preview_options"]
        return rendered


class Cuts(Swift):
    """Shortens every long value alike."""

    def render(self, notification: Notification) -> Any:
        lines = tuple((label, value[:60]) for label, value in notification.lines)
        return {"messages": message.messages(_with(notification, lines=lines))}


class LosesButtons(Swift):
    """Offers the first button alone."""

    def render(self, notification: Notification) -> Any:
        return {"messages": message.messages(_with(notification, buttons=notification.buttons[:1]))}


class Endless(Swift):
    """Puts everything into one message, however long."""

    def render(self, notification: Notification) -> Any:
        rendered = super().render(notification)
        text = "\n".join(body["text"] for body in rendered["messages"])
        return {"messages": [{**rendered["messages"][-1], "text": text}]}


class Counts(Swift):
    """Renders a running number."""

    rendered = 0

    def render(self, notification: Notification) -> Any:
        type(self).rendered += 1
        return {**super().render(notification), "number": self.rendered}


class Twice(Swift):
    """Sends again, to be sure."""

    def send(self, rendered: Any, notification_id: str) -> str:
        super().send(rendered, notification_id)
        return super().send(rendered, notification_id)


class Stubborn(Swift):
    """Asks a service that refuses for good until it gives in."""

    def send(self, rendered: Any, notification_id: str) -> str:
        for _ in range(5):
            try:
                return super().send(rendered, notification_id)
            except (Misconfigured, Undeliverable):
                continue
        return super().send(rendered, notification_id)


class Hopeful(Swift):
    """Has the host try for ever what cannot work."""

    def send(self, rendered: Any, notification_id: str) -> str:
        try:
            return super().send(rendered, notification_id)
        except (Misconfigured, Undeliverable) as problem:
            raise RetryLater(problem.message) from None


class Restless(Swift):
    """Asks a service that is away again and again."""

    def send(self, rendered: Any, notification_id: str) -> str:
        for _ in range(5):
            try:
                return super().send(rendered, notification_id)
            except RetryLater:
                continue
        return super().send(rendered, notification_id)


class Hasty(Swift):
    """Forgets how long the service asked it to wait."""

    def send(self, rendered: Any, notification_id: str) -> str:
        try:
            return super().send(rendered, notification_id)
        except RetryLater as problem:
            raise RetryLater(problem.message, retry_after=1) from None


class Resigned(Swift):
    """Gives a notice up when the service is away for a moment."""

    def send(self, rendered: Any, notification_id: str) -> str:
        try:
            return super().send(rendered, notification_id)
        except RetryLater as problem:
            raise Undeliverable(problem.message) from None


class Talkative(Swift):
    """Says in its error where it asked."""

    def send(self, rendered: Any, notification_id: str) -> str:
        try:
            return super().send(rendered, notification_id)
        except PluginError as problem:
            problem.hint = f"POST /bot{TOKEN}/sendMessage"
            raise


class Chronicler(Swift):
    """Logs where it asks."""

    def send(self, rendered: Any, notification_id: str) -> str:
        logging.getLogger(__name__).debug("POST /bot%s/sendMessage", TOKEN)
        return super().send(rendered, notification_id)


class Chained(Swift):
    """Raises with the cause, which knows the address."""

    def send(self, rendered: Any, notification_id: str) -> str:
        try:
            return super().send(rendered, notification_id)
        except RetryLater as problem:
            raise problem from OSError(f"/bot{TOKEN}/sendMessage")


class Echoes(BotApi):
    """Repeats what the service says, as it says it."""

    def _harmless(self, words: object) -> str:
        return str(words)


class Repeats(Swift):
    """Uses it."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self._api.close()
        self._api = Echoes(config)


def _with(notification: Notification, **changes: Any) -> Notification:
    from dataclasses import replace

    return replace(notification, **changes)


MARKUP, WHOLE, ANY, PURE, ONCE, FINAL, PASSING, SECRETS = (
    ChannelKit.test_foreign_words_make_nothing,
    ChannelKit.test_facts_stand_whole,
    ChannelKit.test_anything_can_be_told,
    ChannelKit.test_rendering_is_pure,
    ChannelKit.test_a_notice_arrives_once,
    ChannelKit.test_a_final_trouble_is_final,
    ChannelKit.test_a_passing_trouble_is_left_to_the_host,
    ChannelKit.test_secrets_stay_inside,
)
WRONG: dict[type[TelegramChannel], Callable[..., None]] = {
    Links: MARKUP,
    Lines: MARKUP,
    Previews: MARKUP,
    Cuts: WHOLE,
    LosesButtons: WHOLE,
    Endless: ANY,
    Counts: PURE,
    Twice: ONCE,
    Stubborn: FINAL,
    Hopeful: FINAL,
    Restless: PASSING,
    Hasty: PASSING,
    Resigned: PASSING,
    Talkative: SECRETS,
    Chronicler: SECRETS,
    Chained: SECRETS,
    Repeats: SECRETS,
}


def outcome(promise: Callable[..., None], bench: ChannelBench, caplog: pytest.LogCaptureFixture) -> bool:
    """Whether a channel keeps a promise."""
    more = {"caplog": caplog} if "caplog" in inspect.signature(promise).parameters else {}
    caplog.clear()
    try:
        promise(ChannelKit(), bench, **more)
    except (AssertionError, PluginError):
        return False
    return True


def promises() -> list[Callable[..., None]]:
    return [value for name, value in vars(ChannelKit).items() if name.startswith("test_")]


def test_every_promise_has_somebody_who_breaks_it() -> None:
    """No test of the kit is without a wrong channel."""
    assert set(WRONG.values()) == set(promises())


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.__name__)
def test_a_wrong_channel_fails_that_promise_alone(
    wrong: type[TelegramChannel], caplog: pytest.LogCaptureFixture
) -> None:
    """A channel with one fault fails the test of the promise that it breaks, and no other."""
    with BotApiServer(token=TOKEN, seconds_between=0) as service:
        bench = bench_of(service, wrong)
        broken = [promise.__name__ for promise in promises() if not outcome(promise, bench, caplog)]
        bench.channel.close()
    assert broken == [WRONG[wrong].__name__]
