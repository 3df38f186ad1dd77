"""TELEGRAM: each notification as one message of a bot, or as several where its facts do not fit into one."""

import logging
import threading
import time
from typing import Any, ClassVar

from pydantic import BaseModel

from waiaas.errors import Misconfigured
from waiaas.interfaces.notify import Notification, NotificationChannel
from waiaas_notify_telegram.bot_api import BotApi, Migrated
from waiaas_notify_telegram.message import messages
from waiaas_notify_telegram.settings import TelegramConfig
from waiaas_notify_telegram.words import shortened, tidy

_log = logging.getLogger("waiaas_notify_telegram")
_LONGEST_NAME = 64


class TelegramChannel(NotificationChannel):
    """One bot writing to one chat. Thread-safe.

    A message whose answer was lost is sent again: Telegram knows no idempotency key, so a person may then read it twice.
    Parts that were acknowledged are not repeated while this instance lives.
    """

    type = "TELEGRAM"
    seconds_between: ClassVar[float] = 1.05
    """One chat takes one message a second (Bot API, frequently asked questions); and two clocks never agree."""
    config_model = TelegramConfig

    def __init__(self, config: BaseModel) -> None:
        super().__init__(config)
        if not isinstance(config, TelegramConfig):
            raise TypeError("a TELEGRAM channel needs a TelegramConfig")
        self._api = BotApi(config)
        self._chat = config.chat_id
        self._extra: dict[str, Any] = {"disable_notification": config.silent}
        if config.message_thread_id is not None:
            self._extra["message_thread_id"] = config.message_thread_id
        self._lock = threading.Lock()
        self._free_at = 0.0
        self._sent: tuple[str, list[str]] = ("", [])

    def render(self, notification: Notification) -> Any:
        """``messages``: bodies of sendMessage without the chat, in order."""
        return {"messages": messages(notification)}

    def send(self, rendered: Any, notification_id: str) -> str:
        """The numbers of the messages, joined by commas. At most one message a second leaves this instance."""
        with self._lock:
            if self._sent[0] != notification_id:
                self._sent = (notification_id, [])
            done = self._sent[1]
            for body in rendered["messages"][len(done) :]:
                done.append(self._one(body))
            self._sent = ("", [])
        return ",".join(done)

    def health(self) -> str:
        """Whether the token is good and the chat is seen; who the bot is."""
        bot = self._api.call("getMe", {})
        self._asked("getChat", {})
        name = bot.get("username") if isinstance(bot, dict) else None
        return f"ready, as {shortened(tidy(str(name)), _LONGEST_NAME)}" if name else "ready"

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def _one(self, body: dict[str, Any]) -> str:
        pause = self._free_at - time.monotonic()
        if pause > 0:
            time.sleep(min(pause, self.seconds_between))
        try:
            message = self._asked("sendMessage", {**body, **self._extra})
        finally:
            self._free_at = time.monotonic() + self.seconds_between
        return str(message.get("message_id", "")) if isinstance(message, dict) else ""

    def _asked(self, method: str, body: dict[str, Any]) -> Any:
        """A call about the chat, under its new number if it has one."""
        try:
            return self._api.call(method, {**body, "chat_id": self._chat})
        except Migrated as moved:
            _log.warning("the group %s became the supergroup %s: change chat_id to it", self._chat, moved.chat)
            self._chat = moved.chat
            self._free_at = 0.0
        try:
            return self._api.call(method, {**body, "chat_id": self._chat})
        except Migrated:
            raise Misconfigured(
                "this group was moved twice", hint="set chat_id to the group's number of today"
            ) from None
