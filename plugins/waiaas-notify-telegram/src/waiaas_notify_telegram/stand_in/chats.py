"""Chats, and what may be sent to them: everything of ``sendMessage`` that is no HTTP."""

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from waiaas_notify_telegram.stand_in.markup import Entity, ParseError, finished, parse, units

LONGEST = 4096
LONGEST_CALLBACK = 64
GROUP_MESSAGES, GROUP_SECONDS = 20, 60.0
"""Messages to one group in a minute."""
ALL_MESSAGES, ALL_SECONDS = 30, 1.0
"""Messages to all chats in a second."""
_KNOWN = {
    "chat_id",
    "text",
    "parse_mode",
    "link_preview_options",
    "disable_notification",
    "message_thread_id",
    "reply_markup",
    "protect_content",
}


class Refusal(Exception):
    """An answer that is no success. :param parameters: for programs, such as ``retry_after``"""

    def __init__(self, status: int, description: str, parameters: Mapping[str, Any] | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = dict(parameters or {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a person got.

    :param text: as it is read; :param entities: what in it is styled or clickable
    :param buttons: label and callback data, row by row
    :param previews: whether a link in it would show a preview
    """

    id: int
    chat: str
    text: str
    entities: tuple[Entity, ...]
    buttons: tuple[tuple[str, str], ...]
    is_silent: bool
    previews: bool
    thread: int | None

    def of_type(self, *types: str) -> list[str]:
        """Texts of the entities of these types."""
        return [one.text for one in self.entities if one.type in types]


@dataclass(slots=True)
class Chat:
    """One chat.

    :param trouble: the description of the refusal that everything gets, with its status
    :param moved_to: the number of the supergroup that it became
    :param threads: topics that there are
    """

    number: str
    trouble: tuple[int, str] | None = None
    moved_to: int | None = None
    threads: frozenset[int] = frozenset()
    messages: list[Message] = field(default_factory=list)
    last_at: float = float("-inf")
    taken: deque[float] = field(default_factory=lambda: deque(maxlen=GROUP_MESSAGES))

    @property
    def is_group(self) -> bool:
        """Groups have negative numbers."""
        return self.number.startswith("-")


class Chats:
    """All chats of a bot. Thread-safe.

    :param seconds_between: what one chat is given as pause between two messages; 0 takes any number of messages at once
    """

    def __init__(self, seconds_between: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.seconds_between = seconds_between
        self._monotonic = monotonic
        self._chats: dict[str, Chat] = {}
        self._lock = threading.RLock()
        self._taken: deque[float] = deque(maxlen=ALL_MESSAGES)
        self._count = 0

    def put(self, chat: Chat) -> Chat:
        """A chat that the bot may write to."""
        with self._lock:
            return self._chats.setdefault(chat.number, chat)

    def find(self, body: Mapping[str, Any]) -> Chat:
        """The chat that a call is about. :raises Refusal: it cannot be written to"""
        number = body.get("chat_id")
        if number in (None, "") or isinstance(number, bool) or not isinstance(number, str | int):
            raise Refusal(400, "Bad Request: chat_id is empty")
        chat = self._chats.get(str(number))
        if chat is None:
            raise Refusal(400, "Bad Request: chat not found")
        if chat.moved_to is not None:
            text = "Bad Request: group chat was upgraded to a supergroup chat"
            raise Refusal(400, text, {"migrate_to_chat_id": chat.moved_to})
        if chat.trouble is not None:
            raise Refusal(*chat.trouble)
        return chat

    def send(self, body: Mapping[str, Any]) -> Message:
        """Take a message. :raises Refusal: as the service would"""
        with self._lock:
            chat = self.find(body)
            self._keep_pace(chat)
            thread = body.get("message_thread_id")
            if thread is not None and thread not in chat.threads:
                raise Refusal(400, "Bad Request: message thread not found")
            self._count += 1
            message = read(body, self._count, chat.number)
            chat.messages.append(message)
            chat.last_at = self._monotonic()
            chat.taken.append(chat.last_at)
            self._taken.append(chat.last_at)
            return message

    def _keep_pace(self, chat: Chat) -> None:
        if not self.seconds_between:
            return
        free_at = [chat.last_at + self.seconds_between]
        if chat.is_group and len(chat.taken) == GROUP_MESSAGES:
            free_at.append(chat.taken[0] + GROUP_SECONDS)
        if len(self._taken) == ALL_MESSAGES:
            free_at.append(self._taken[0] + ALL_SECONDS)
        left = max(free_at) - self._monotonic()
        if left > 0:
            seconds = max(1, round(left + 0.5))
            raise Refusal(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})


def read(body: Mapping[str, Any], number: int = 1, chat: str = "1") -> Message:
    """Pure. A body of ``sendMessage`` as a message. :raises Refusal: it is none"""
    strange = sorted(set(body) - _KNOWN)
    if strange:
        raise Refusal(400, f"Bad Request: no parameter {strange[0]}")
    text, entities = _text(body)
    if not text:
        raise Refusal(400, "Bad Request: message text is empty")
    if units(text) > LONGEST:
        raise Refusal(400, "Bad Request: message is too long")
    options = body.get("link_preview_options") or {}
    return Message(
        id=number,
        chat=chat,
        text=text,
        entities=entities,
        buttons=_buttons(body.get("reply_markup")),
        is_silent=bool(body.get("disable_notification", False)),
        previews=not options.get("is_disabled", False),
        thread=body.get("message_thread_id"),
    )


def _text(body: Mapping[str, Any]) -> tuple[str, tuple[Entity, ...]]:
    given = body.get("text")
    if not isinstance(given, str):
        raise Refusal(400, "Bad Request: message text is empty")
    try:
        given.encode()
    except UnicodeEncodeError:
        raise Refusal(400, "Bad Request: strings must be encoded in UTF-8") from None
    mode = body.get("parse_mode", "")
    if mode == "":
        return finished(given, [])
    if mode != "HTML":
        raise Refusal(400, "Bad Request: unsupported parse_mode")
    try:
        return parse(given)
    except ParseError as problem:
        raise Refusal(400, f"Bad Request: can't parse entities: {problem}") from None


def _buttons(markup: Any) -> tuple[tuple[str, str], ...]:
    if markup is None:
        return ()
    rows = markup.get("inline_keyboard") if isinstance(markup, dict) else None
    if not isinstance(rows, list):
        raise Refusal(400, "Bad Request: object expected as reply markup")
    buttons = [button for row in rows for button in row]
    for button in buttons:
        if not re.search(r"\S", str(button.get("text", ""))):
            raise Refusal(400, "Bad Request: text buttons are empty")
        if not 1 <= len(str(button.get("callback_data", "")).encode()) <= LONGEST_CALLBACK:
            raise Refusal(400, "Bad Request: BUTTON_DATA_INVALID")
    return tuple((button["text"], button["callback_data"]) for button in buttons)
