"""What the kit of notification channels needs of a channel: how its notices look to a person, and how its service fails."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from waiaas.interfaces.notify import Button, Notification, NotificationChannel

AMOUNT = "9" * 78
ADDRESS = "a" * 128
HOSTILE = (
    "<b>bold</b>",
    '<a href="https://evil.example/">click</a>',
    "</code></b></a> &lt;i&gt; &#60;u&#62;",
    "*bold* _it_ ~s~ ||spoiler|| `code` [click](https://evil.example/)",
    "see evil.example/login or https://evil.example or 10.0.0.1",
    "@everyone @durov <@U123> <!channel> #tag $USD /start me@evil.example",
    "one\nAmount: 1\r\nRecipient: friend\u2028Tier: INSTANT\x85x",
    "\u202eterces\u202c \u200b\u2066x\u2069 \ufeff\x00\x1b[31mred\x07",
    "%s %(x)s {0} ${PATH} \\n \\u0000",
)
"""Words of others that try to be more than words."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A notice as a person has it before them, in all its messages.

    :param text: everything that is read, line by line
    :param active: the kinds of what is more than plain text: styles, links, mentions, commands, previews
    :param buttons: labels, in order
    """

    text: str
    active: frozenset[str] = frozenset()
    buttons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """A way in which the service fails.

    :param is_final: another attempt with the same configuration and notice cannot help
    :param seconds: what the service asks for, where it says so
    """

    begin: Callable[[], None]
    end: Callable[[], None]
    is_final: bool
    seconds: int | None = None


@dataclass(frozen=True, kw_only=True)
class ChannelBench:
    """A channel and its service.

    :param seen: what a person would get of a rendered notice; fails the test for one that the service would refuse
    :param arrived: messages that the service has taken so far; :param asked: requests that it got
    :param secrets: of the configuration
    :param troubles: by name; none for a channel without a service
    """

    channel: NotificationChannel
    seen: Callable[[Any], Seen]
    arrived: Callable[[], int]
    asked: Callable[[], int]
    secrets: tuple[str, ...] = ()
    troubles: Mapping[str, Trouble] = field(default_factory=dict)

    def shown(self, notification: Notification) -> Seen:
        """Rendered, and looked at."""
        return self.seen(self.channel.render(notification))


def notice(**changes: Any) -> Notification:
    """A usual notice, with changes."""
    told: dict[str, Any] = {
        "id": "kit-1",
        "event": "transaction.approval_requested",
        "title": "Payment waits for approval",
        "lines": (("Amount", "1 SOL"), ("Recipient", ADDRESS)),
        "quoted": (("Note", "words"),),
        "severity": "warning",
        "buttons": (Button(label="Refuse", token="t" * 64),),
    }
    return Notification(**{**told, **changes})


def with_words(place: str, words: str) -> Notification:
    """A usual notice with ``words`` in one place: title, label, value, quote, quote-label or button."""
    changes: dict[str, Any] = {
        "title": {"title": words},
        "label": {"lines": ((words, "1 SOL"), ("Recipient", ADDRESS))},
        "value": {"lines": (("Amount", "1 SOL"), ("Reason", words))},
        "quote": {"quoted": (("Note", words),)},
        "quote-label": {"quoted": ((words, "words"),)},
        "button": {"buttons": (Button(label=words, token="t"),)},
    }
    return notice(**changes[place])


PLACES = ("title", "label", "value", "quote", "quote-label", "button")
