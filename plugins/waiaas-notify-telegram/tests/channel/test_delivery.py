"""Sending: what the service answers becomes what the host understands, once a message."""

import time
from typing import Any

import pytest
from waiaas_notify_telegram.channel import TelegramChannel
from waiaas_notify_telegram.stand_in import BotApiServer, Chat

from waiaas.errors import Misconfigured, RetryLater, Undeliverable

from .conftest import Channels
from .notices import notice

LONG = tuple((f"Line {number}", "x" * 900) for number in range(9))


def send(channel: TelegramChannel, id: str = "n-1", **changes: Any) -> str:
    return channel.send(channel.render(notice(**changes)), id)


def test_a_notice_reaches_the_chat(service: BotApiServer, channel: TelegramChannel) -> None:
    """The person reads title and facts; the answer is the message's number."""
    assert send(channel) == "1"
    (message,) = service.messages
    assert message.text.split("\n")[:2] == ["Payment waits for approval", "Amount: 1 SOL"]
    assert message.of_type("bold") == ["Payment waits for approval", "Amount", "Recipient"]
    assert not message.previews
    assert not message.is_silent


def test_a_topic_and_silence_can_be_chosen(service: BotApiServer, make_channel: Channels) -> None:
    """message_thread_id and silent go with each message."""
    service.chat.threads = frozenset({7})
    send(make_channel(message_thread_id=7, silent=True))
    assert (service.messages[0].thread, service.messages[0].is_silent) == (7, True)


def test_connections_are_kept(service: BotApiServer, channel: TelegramChannel, monkeypatch: pytest.MonkeyPatch) -> None:
    """One client serves every call of a channel."""
    import httpx

    def forbidden(*arguments: object, **more: object) -> None:
        raise AssertionError("a second client was made")

    monkeypatch.setattr(httpx.Client, "__init__", forbidden)
    send(channel, "a")
    channel.health()


def test_parts_follow_in_the_services_pace(make_channel: Channels) -> None:
    """A notice of several messages is delivered whole to a service that takes one a second."""
    with BotApiServer(seconds_between=1.0) as service:
        channel = make_channel(base_url=service.url)
        began = time.monotonic()
        reference = send(channel, lines=LONG)
        assert reference == ",".join(str(number + 1) for number in range(len(service.messages)))
        assert len(service.messages) > 1
        assert time.monotonic() - began > len(service.messages) - 1
        assert len(service.requests) == len(service.messages), "none was refused for haste"


def test_a_part_that_arrived_is_not_repeated(service: BotApiServer, channel: TelegramChannel) -> None:
    """After a failure between two messages of one notice, the next attempt goes on where it ended."""
    rendered = channel.render(notice(lines=LONG))
    service.busy(3, after=1)
    with pytest.raises(RetryLater):
        channel.send(rendered, "n-1")
    service.heal()
    channel.send(rendered, "n-1")
    assert len(service.messages) == len(rendered["messages"]) > 1
    assert len({message.text for message in service.messages}) == len(service.messages)


def test_patience_is_asked_in_seconds(service: BotApiServer, channel: TelegramChannel) -> None:
    """429 says how long to wait, and nothing is sent meanwhile."""
    service.busy(17)
    with pytest.raises(RetryLater) as problem:
        send(channel)
    assert problem.value.retry_after == 17
    assert len(service.requests) == 1


@pytest.mark.parametrize("seconds", [0, -5, "x", None, True, 1e400, 0.2])
def test_a_strange_wait_is_no_wait_at_all(service: BotApiServer, channel: TelegramChannel, seconds: object) -> None:
    """A retry_after that is no sensible number leaves the pause to the host, or is a second."""
    service.say(429, {"ok": False, "parameters": {"retry_after": seconds}})
    with pytest.raises(RetryLater) as problem:
        send(channel)
    assert problem.value.retry_after in (None, 1)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_service_in_trouble_is_asked_again(service: BotApiServer, channel: TelegramChannel, status: int) -> None:
    """5xx is temporary."""
    service.fail(status)
    with pytest.raises(RetryLater):
        send(channel)


def test_a_service_that_is_away_is_asked_again(service: BotApiServer, channel: TelegramChannel) -> None:
    """No answer is temporary; once it is back, the notice arrives."""
    service.away()
    with pytest.raises(RetryLater):
        send(channel)
    service.heal()
    send(channel)
    assert len(service.messages) == 1


@pytest.mark.parametrize("answer", [None, [], "ok", {"ok": "yes"}, {"ok": False}, {}, 1])
def test_an_answer_that_is_none_is_no_delivery(service: BotApiServer, channel: TelegramChannel, answer: object) -> None:
    """Only ok: true counts as delivered, with status 200."""
    service.say(200, answer)
    with pytest.raises(RetryLater):
        send(channel)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "Bad Request: chat not found"),
        (400, "Bad Request: message thread not found"),
        (400, "Bad Request: TOPIC_CLOSED"),
        (400, "Bad Request: not enough rights to send text messages to the chat"),
        (403, "Forbidden: bot was blocked by the user"),
        (403, "Forbidden: bot was kicked from the group chat"),
        (403, "Forbidden: bot can't initiate conversation with a user"),
        (401, "Unauthorized"),
        (404, "Not Found"),
        (302, ""),
        (418, ""),
    ],
)
def test_what_a_person_must_mend_is_misconfigured(
    service: BotApiServer, channel: TelegramChannel, status: int, words: str
) -> None:
    """Wrong tokens, chats, topics, rights and addresses are not retried by this channel, and the hint says what to do."""
    service.say(status, {"ok": False, "error_code": status, "description": words})
    with pytest.raises(Misconfigured) as problem:
        send(channel)
    assert problem.value.hint
    assert len(service.requests) == 1


@pytest.mark.parametrize("words", ["Bad Request: can't parse entities: x", "Bad Request: message is too long", ""])
def test_a_message_that_is_refused_is_undeliverable(
    service: BotApiServer, channel: TelegramChannel, words: str
) -> None:
    """Another attempt with the same words cannot help."""
    service.say(400, {"ok": False, "error_code": 400, "description": words})
    with pytest.raises(Undeliverable):
        send(channel)


def test_a_group_that_became_a_supergroup_is_followed(
    service: BotApiServer, channel: TelegramChannel, caplog: pytest.LogCaptureFixture
) -> None:
    """The new number is used from then on, and the log says that the configuration should have it."""
    service.chat.moved_to = -1009
    there = service.chats.put(Chat("-1009"))
    send(channel, "a")
    send(channel, "b")
    assert len(there.messages) == 2
    assert len(service.requests) == 3
    assert "-1009" in caplog.text


def test_a_chat_that_moves_for_ever_is_given_up(service: BotApiServer, channel: TelegramChannel) -> None:
    """One move is followed, not two."""
    service.say(400, {"ok": False, "parameters": {"migrate_to_chat_id": -1}})
    with pytest.raises(Misconfigured):
        send(channel)
    assert len(service.requests) == 2


def test_health_knows_token_and_chat(service: BotApiServer, channel: TelegramChannel, make_channel: Channels) -> None:
    """A good channel names its bot; a wrong chat is found before anything has to be told."""
    assert channel.health() == "ready, as stand_in_bot"
    with pytest.raises(Misconfigured, match="chat not found"):
        make_channel(chat_id="99").health()
    assert service.messages == []


def test_redirects_are_not_followed(service: BotApiServer, make_channel: Channels) -> None:
    """The token goes to the configured address alone."""
    with BotApiServer(seconds_between=0) as other:
        service.say(307, {"location": other.url})
        with pytest.raises(Misconfigured):
            send(make_channel())
        assert other.requests == []


def test_an_endless_answer_is_not_read(service: BotApiServer, channel: TelegramChannel) -> None:
    """More than a mebibyte is no answer."""
    service.say(200, {"ok": True, "result": "x" * (2 << 20)})
    with pytest.raises(RetryLater):
        send(channel)
