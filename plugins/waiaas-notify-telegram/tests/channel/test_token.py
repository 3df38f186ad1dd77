"""The token is in the address of a request, and nowhere else (invariant 16)."""

import logging
import traceback
from collections.abc import Callable

import httpx
import pytest
from waiaas_notify_telegram.channel import TelegramChannel
from waiaas_notify_telegram.stand_in import BotApiServer

from waiaas.errors import PluginError

from .notices import notice

CANARY = "55555:CANARY-canary-CANARY-canary-CANARYx"

Trouble = Callable[[BotApiServer], None]
ECHO = {"ok": False, "description": "no {token} here, /bot{token}/sendMessage", "parameters": {"x": "{token}"}}
TROUBLES: dict[str, Trouble] = {
    "none": lambda service: service.heal(),
    "away": lambda service: service.away(),
    "broken": lambda service: service.fail(),
    "busy": lambda service: service.busy(3),
    "echo-400": lambda service: service.say(400, ECHO),
    "echo-401": lambda service: service.say(401, ECHO),
    "echo-403": lambda service: service.say(403, ECHO),
    "echo-chat": lambda service: service.say(400, {**ECHO, "description": "chat not found {token}"}),
    "echo-500": lambda service: service.say(500, ECHO),
    "echo-200": lambda service: service.say(200, {"ok": True, "result": ECHO}),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_the_token_is_never_said(trouble: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever happens, no error, trace, log line of any library, repr, answer or rendered message has the token."""
    from waiaas_notify_telegram.settings import TelegramConfig

    said: list[str] = []
    for client in ("", "httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, logger=client)
    with BotApiServer(token=CANARY, seconds_between=0) as service:
        config = TelegramConfig.model_validate(service.config())
        channel = TelegramChannel(config)
        TROUBLES[trouble](service)
        rendered = channel.render(notice())
        said += [
            repr(config),
            str(config),
            config.model_dump_json(),
            repr(channel),
            repr(vars(channel)),
            repr(rendered),
        ]
        calls: tuple[Callable[[], str], ...] = (lambda: channel.send(rendered, "n"), channel.health)
        for call in calls:
            try:
                said.append(call())
            except PluginError as problem:
                said += [str(problem), repr(problem), repr(vars(problem)), _whole_trace(problem)]
        channel.close()
        assert any(CANARY in path for path in service.requests), "it was asked with the token"
    said += [record.getMessage() + str(record.args) + str(record.exc_text) for record in caplog.records]
    assert any("HTTP Request" in line or "send_request" in line for line in said), "the client's own log was read"
    secret = CANARY.partition(":")[2]
    assert [line for line in said if secret in line] == []


def _whole_trace(problem: BaseException) -> str:
    chain, found = [], problem
    while found is not None and found not in chain:
        chain.append(found)
        found = found.__cause__ or found.__context__  # type: ignore[assignment]
    requests = [repr(getattr(one, "request", "")) for one in chain if isinstance(one, httpx.HTTPError)]
    return "".join(traceback.format_exception(problem)) + "".join(requests) + "".join(map(repr, chain))
