"""The Bot API over HTTP: one client a channel, kept; what it answers, as errors of the host's contract."""

import json
import math
from typing import Any

import httpx

from waiaas.errors import Misconfigured, PluginError, RetryLater, Undeliverable
from waiaas_notify_telegram.settings import TelegramConfig
from waiaas_notify_telegram.words import shortened, tidy

_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
_LARGEST_ANSWER = 1 << 20
_LONGEST_WORDS = 160
_STAND_IN = b"/bot-token/"
_OK, _UNAUTHORIZED, _FORBIDDEN, _MISSING, _TOO_MANY, _SERVER = 200, 401, 403, 404, 429, 500
_MENDABLE = (
    "chat not found",
    "message thread not found",
    "topic",
    "not enough rights",
    "have no rights",
    "kicked",
    "upgraded",
)
"""What a 400 says where it is the chat that is wrong, and not the message."""


class Migrated(Exception):
    """The group became a supergroup, which has another number. :param chat: the new one"""

    def __init__(self, chat: str) -> None:
        super().__init__(chat)
        self.chat = chat


class BotApi:
    """Makes calls. Thread-safe. Asks the configured address alone: no proxy, netrc or certificate file of the environment.

    The token is written into a request below the client, by its transport: the client, its log lines and its exceptions know an
    address without it.
    """

    def __init__(self, config: TelegramConfig) -> None:
        self._config = config
        inner = httpx.HTTPTransport(verify=not config.base_url.startswith("http:"), trust_env=False)
        transport = _WithToken(inner, config.bot_token.get_secret_value())
        headers = {"Accept-Encoding": "identity"}
        self._client = httpx.Client(transport=transport, timeout=_TIMEOUT, headers=headers, trust_env=False)

    def call(self, method: str, body: dict[str, Any]) -> Any:
        """Network. The ``result`` of a method.

        :raises Migrated: the chat has another number now
        :raises RetryLater: the service is away, or asks for patience
        :raises Misconfigured: token, chat or address are wrong
        :raises Undeliverable: this very message is refused
        """
        url = self._config.base_url + _STAND_IN.decode() + method
        try:
            with self._client.stream("POST", url, json=body) as response:
                status, answer = response.status_code, _read(response)
        except httpx.HTTPError as problem:
            raise RetryLater(f"Telegram could not be asked ({type(problem).__name__})") from None
        if status == _OK and answer.get("ok") is True:
            return answer.get("result")
        raise self._refusal(status, answer)

    def close(self) -> None:
        """Close the connections. May be called twice."""
        self._client.close()

    def _refusal(self, status: int, answer: dict[str, Any]) -> PluginError | Migrated:
        parameters = answer.get("parameters")
        parameters = parameters if isinstance(parameters, dict) else {}
        words = self._harmless(answer.get("description"))
        if status == _TOO_MANY:
            return RetryLater("Telegram asks for patience", retry_after=_seconds(parameters.get("retry_after")))
        if status >= _SERVER or status == _OK:
            return RetryLater(f"Telegram is in trouble (status {status})")
        chat = parameters.get("migrate_to_chat_id")
        if isinstance(chat, int) and not isinstance(chat, bool):
            return Migrated(str(chat))
        return _final(status, words)

    def _harmless(self, words: object) -> str:
        """What the service says, without the token, should it repeat it."""
        if not isinstance(words, str):
            return ""
        token = self._config.bot_token.get_secret_value()
        for part in (token, token.partition(":")[2]):
            words = words.replace(part, "***")
        return shortened(tidy(words), _LONGEST_WORDS)


class _WithToken(httpx.BaseTransport):
    """Writes the token into the address of each request, last of all."""

    def __init__(self, inner: httpx.BaseTransport, token: str) -> None:
        self._inner = inner
        self._part = f"/bot{token}/".encode()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The same request to the true path."""
        path = request.url.raw_path.replace(_STAND_IN, self._part, 1)
        return self._inner.handle_request(
            httpx.Request(
                request.method,
                request.url.copy_with(raw_path=path),
                headers=request.headers,
                stream=request.stream,
                extensions=request.extensions,
            )
        )

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


def _final(status: int, words: str) -> PluginError:
    if status in (_UNAUTHORIZED, _MISSING):
        return Misconfigured("Telegram does not know this bot", hint="the bot_token is wrong or was revoked")
    if status == _FORBIDDEN:
        return Misconfigured(
            f"the bot may not write to this chat ({words})", hint="let the person press Start, or invite the bot again"
        )
    if any(known in words.lower() for known in _MENDABLE):
        return Misconfigured(
            f"the chat cannot be written to ({words})", hint="check chat_id, message_thread_id and the bot's rights"
        )
    if status in (400, 413):
        return Undeliverable(f"Telegram refuses this message ({words})")
    return Misconfigured(f"no Bot API answers there (status {status})", hint="check base_url")


def _seconds(given: object) -> int | None:
    """Whole seconds, at least one; None where nothing sensible was said."""
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        return None
    return max(1, math.ceil(given))


def _read(response: httpx.Response) -> dict[str, Any]:
    """The answer's JSON object; an empty one for anything else, however long."""
    content = bytearray()
    for chunk in response.iter_raw():
        content += chunk
        if len(content) > _LARGEST_ANSWER:
            return {}
    try:
        answer = json.loads(bytes(content))
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}
