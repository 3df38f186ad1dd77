"""What one TELEGRAM channel is configured with."""

import ipaddress
import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator

DEFAULT_URL = "https://api.telegram.org"
_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{30,64}", re.ASCII)
_CHAT = r"^(-?[1-9][0-9]{0,18}|@[A-Za-z][A-Za-z0-9_]{3,31})$"
_LONGEST_URL = 256


def _as_text(given: object) -> object:
    return str(given) if isinstance(given, int) and not isinstance(given, bool) else given


class TelegramConfig(BaseModel):
    """A bot, and the chat that it writes to. What is wrong is named without repeating what was given."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    bot_token: SecretStr = Field(description="the token that @BotFather gave, such as 123456789:AA...")
    chat_id: Annotated[str, BeforeValidator(_as_text)] = Field(
        pattern=_CHAT, description="the number of a person's, group's or channel's chat, or @name of a public channel"
    )
    base_url: str = Field(default=DEFAULT_URL, description="where the Bot API is; https, or http on this machine")
    message_thread_id: int | None = Field(default=None, ge=1, description="the topic of a forum to write to")
    silent: bool = Field(default=False, description="deliver without a sound")

    @field_validator("bot_token")
    @classmethod
    def _is_a_token(cls, given: SecretStr) -> SecretStr:
        if not _TOKEN.fullmatch(given.get_secret_value()):
            raise ValueError("a bot's token is digits, a colon and 30 to 64 letters, digits, '-' or '_'")
        return given

    @field_validator("base_url")
    @classmethod
    def _is_private(cls, given: str) -> str:
        """The token is part of every address that is asked, so it must not travel in the clear."""
        if len(given) > _LONGEST_URL or not given.isascii() or not given.isprintable() or " " in given:
            raise ValueError("not an address")
        parts = urlsplit(given)
        if parts.username is not None or parts.query or parts.fragment or not parts.hostname:
            raise ValueError("scheme, host, port and path alone are wanted")
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
            raise ValueError("https is wanted, or http on this machine")
        _ = parts.port  # raises ValueError for what is no port
        return parts.geturl().rstrip("/")  # the scheme in small letters, no empty query or fragment


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine, by its name or number alone; nothing is looked up."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
