"""The channel on the kit's bench."""

from typing import Any

from waiaas_notify_telegram.channel import TelegramChannel
from waiaas_notify_telegram.settings import TelegramConfig
from waiaas_notify_telegram.stand_in import BotApiServer
from waiaas_notify_telegram.stand_in.chats import Refusal, read

from waiaas.testing.channel_bench import ChannelBench, Seen, Trouble

TOKEN = "77777:CANARY-canary-CANARY-canary-CANARYx"


class Swift(TelegramChannel):
    """Without a pause, for a stand-in that asks for none."""

    seconds_between = 0.0


def bench_of(service: BotApiServer, kind: type[TelegramChannel] = Swift) -> ChannelBench:
    """A channel of this class at the stand-in."""
    channel = kind(TelegramConfig.model_validate(service.config()))
    return ChannelBench(
        channel=channel,
        seen=seen,
        arrived=lambda: len(service.messages),
        asked=lambda: len(service.requests),
        secrets=(service.token, service.token.partition(":")[2]),
        troubles=troubles(service),
    )


def seen(rendered: Any) -> Seen:
    """What the chat shows. :raises AssertionError: the service would refuse it"""
    try:
        messages = [read(body) for body in rendered["messages"]]
    except Refusal as refusal:
        raise AssertionError(refusal.description) from None
    return Seen(
        text="\n".join(message.text for message in messages),
        active=frozenset(entity.type for message in messages for entity in message.entities)
        | ({"preview"} if any(message.previews for message in messages) else set()),
        buttons=tuple(label for message in messages for label, _ in message.buttons),
    )


def troubles(service: BotApiServer) -> dict[str, Trouble]:
    """Every way in which the Bot API is documented, or known, to fail."""

    def says(status: int, words: str) -> Trouble:
        answer = {"ok": False, "error_code": status, "description": f"{words} {{token}}"}
        return Trouble(begin=lambda: service.say(status, answer), end=service.heal, is_final=True)

    return {
        "away": Trouble(begin=service.away, end=service.heal, is_final=False),
        "bad gateway": Trouble(begin=lambda: service.fail(502), end=service.heal, is_final=False),
        "busy": Trouble(begin=lambda: service.busy(35), end=service.heal, is_final=False, seconds=35),
        "wrong token": says(401, "Unauthorized"),
        "no such chat": says(400, "Bad Request: chat not found"),
        "blocked": says(403, "Forbidden: bot was blocked by the user"),
        "refused": says(400, "Bad Request: can't parse entities"),
    }
