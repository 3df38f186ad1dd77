"""What can be configured, and how a mistake is told without the token."""

from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from waiaas_notify_telegram.bot_api import BotApi
from waiaas_notify_telegram.settings import DEFAULT_URL, TelegramConfig
from waiaas_notify_telegram.stand_in.server import TOKEN

GOOD = {"bot_token": TOKEN, "chat_id": "-100123"}


def test_defaults() -> None:
    """A token and a chat are enough; a chat's number may be given as a number."""
    config = TelegramConfig.model_validate({**GOOD, "chat_id": -100123})
    assert (config.base_url, config.chat_id, config.silent) == (DEFAULT_URL, "-100123", False)
    assert config.message_thread_id is None


@pytest.mark.parametrize(
    "changes",
    [
        {"bot_token": "canary"},
        {"bot_token": TOKEN + "\n"},
        {"bot_token": TOKEN.replace(":", "/../")},
        {"bot_token": None},
        {"chat_id": ""},
        {"chat_id": "x"},
        {"chat_id": True},
        {"chat_id": "0"},
        {"chat_id": "@a b"},
        {"base_url": "http://api.telegram.org"},
        {"base_url": "http://127.0.0.1.evil.example"},
        {"base_url": "https://user:pw@api.telegram.org"},
        {"base_url": "https://api.telegram.org?x=1"},
        {"base_url": "https://"},
        {"base_url": "ftp://127.0.0.1"},
        {"base_url": "https://api.telegram.org:99999"},
        {"base_url": "https://ex ample"},
        {"message_thread_id": 0},
        {"silent": "perhaps"},
        {"tokn": "x"},
    ],
)
def test_mistakes_are_refused_without_repeating_them(changes: dict[str, object]) -> None:
    """What is wrong is refused; the error repeats neither the token nor what was given for it."""
    with pytest.raises(ValidationError) as problem:
        TelegramConfig.model_validate({**GOOD, **changes})
    assert TOKEN.partition(":")[2] not in str(problem.value)
    assert "canary" not in str(problem.value)


@pytest.mark.parametrize(
    "url", ["https://bots.example/api/", "http://127.0.0.1:8081", "http://[::1]:8081", "http://localhost:1"]
)
def test_another_bot_api_server_can_be_used(url: str) -> None:
    """A self-hosted one by https, or plain on this machine."""
    assert TelegramConfig.model_validate({**GOOD, "base_url": url}).base_url == url.rstrip("/")


@pytest.mark.parametrize("chat", ["@a_channel", "-1001234567890", "42"])
def test_chats_have_numbers_or_names(chat: str) -> None:
    """Both are taken."""
    assert TelegramConfig.model_validate({**GOOD, "chat_id": chat}).chat_id == chat


@pytest.mark.parametrize("url", ["https://bots.example", "HTTPS://bots.example", "Https://bots.example/api"])
def test_certificates_are_checked_however_https_is_written(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address in other letters is the same address: nobody in between gets the token for it."""
    made: list[dict[str, Any]] = []
    true = httpx.HTTPTransport

    def noted(**options: Any) -> httpx.HTTPTransport:
        made.append(options)
        return true(**options)

    monkeypatch.setattr(httpx, "HTTPTransport", noted)
    BotApi(TelegramConfig.model_validate({**GOOD, "base_url": url})).close()
    assert [options["verify"] for options in made] == [True]


@pytest.mark.parametrize("url", ["https://bots.example?", "https://bots.example#"])
def test_an_address_ends_where_it_seems_to(url: str) -> None:
    """An empty query or fragment would swallow the path that follows."""
    assert TelegramConfig.model_validate({**GOOD, "base_url": url}).base_url == "https://bots.example"
