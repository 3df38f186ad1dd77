"""How large a body may be: its bytes by its path, what it would build, and its texts."""

import io
import json
from typing import Any
from unittest import mock

import pytest
from falcon import testing

from waiaas.api.app import create_app
from waiaas.api.bodies import read_body
from waiaas.config import Settings
from waiaas.errors import TooLarge

from .conftest import AS_OPERATOR, AS_SESSION, House
from .engine import PlayedEngine
from .records import POLICY_ID
from .test_bad_input import SEND, send
from .wire import error_of, exchange, request


@pytest.mark.parametrize(
    ("path", "size", "most"),
    [
        (SEND, 65_537, 65_536),
        ("/v1/nothing/here", 65_537, 65_536),
        ("/v1/operator/unlock", 10**18, 65_536),
        ("/v1/policies", 1_048_577, 1_048_576),
        (f"/v1/policies/{POLICY_ID}", 5_000_000, 1_048_576),
    ],
)
def test_a_body_over_its_paths_limit_is_refused_from_its_header(house: House, path: str, size: int, most: int) -> None:
    """413 comes at once and names the limit, before the body and before authentication."""
    status, _, body = exchange(house, request("POST", path, Content_Type="application/json", Content_Length=str(size)))
    error = error_of(body)
    assert (status, error["code"], error["details"]) == (413, "BODY_TOO_LARGE", {"maxBytes": most})


def test_the_limit_of_bodies_does_not_need_the_server(settings: Settings) -> None:
    """Under any WSGI server the application itself answers 413 before authentication and before it reads."""
    client = testing.TestClient(create_app(PlayedEngine().as_services(), settings))
    headers = {"Host": "localhost", "Content-Type": "application/json", "Content-Length": "65537"}
    assert client.simulate_post(SEND, headers=headers, body=b"{}").status_code == 413
    with pytest.raises(TooLarge):
        read_body(io.BytesIO(b"{}"), 1_048_577)


def test_a_body_of_the_limit_is_read(house: House) -> None:
    """The limit itself is allowed, for an agent and for policies."""
    body = b'{"to": "x", "amount": "1", "note": "' + b"n" * (65_536 - 38) + b'"}'
    assert len(body) == 65_536
    assert send(house, body)["details"] == {"field": "note"}
    rules = b'{"type": "SPENDING_LIMIT", "rules": {"a": "' + b"n" * (1_048_576 - 46) + b'"}}'
    assert len(rules) == 1_048_576
    answer = house.http.post("/v1/policies", content=rules, headers={**AS_OPERATOR, "Content-Type": "application/json"})
    assert answer.status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":[' + b"[]," * 4_100 + b"[]]}",
        b"{" + b",".join(b'"%x":0' % number for number in range(4_100)) + b"}",
        b'{"a":"' + b"\\\\" * 9 + b'","b":[' + b"0," * 8_200 + b"0]}",
    ],
    ids=["arrays", "keys", "numbers"],
)
def test_what_a_body_would_build_is_counted_before_it_is_built(house: House, body: bytes) -> None:
    """Far fewer bytes than the limit are refused when they hold thousands of values; the parser never sees them."""
    assert len(body) < 65_536
    with mock.patch("waiaas.api.bodies._unique") as made:
        error = send(house, body)
        assert not made.called
    assert (error["code"], "values" in error["message"]) == ("MALFORMED", True)


def send_again(house: House, body: dict[str, Any]) -> dict[str, Any]:
    house.engine.reset()
    return send(house, json.dumps(body).encode())


@pytest.mark.parametrize(("field", "most"), [("note", 1000), ("memo", 512)])
def test_texts_are_limited_in_bytes(house: House, field: str, most: int) -> None:
    """What is stored for good is counted as it is stored: four bytes a letter are not let through as one."""
    letter = "\U0001f600"
    whole, over = letter * (most // 4), letter * (most // 4 + 1)
    answer = house.http.post(SEND, json={"to": "x", "amount": "1", field: whole}, headers=AS_SESSION)
    assert answer.status_code == 201
    error = send_again(house, {"to": "x", "amount": "1", field: over})
    assert (error["code"], error["details"]) == ("MALFORMED", {"field": field})
    assert f"{most} bytes" in error["message"]
