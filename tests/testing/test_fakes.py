"""The small stand-ins that plugin authors are given."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import ClassVar

import pytest

from waiaas.errors import NodeFailure, Unavailable
from waiaas.testing.clock import FrozenClock
from waiaas.testing.http import DirectHttp, ScriptedHttp, no_network


class Node(BaseHTTPRequestHandler):
    """Answers a path with a status and a body."""

    answers: ClassVar[dict[str, tuple[int, bytes]]] = {
        "/good": (200, b'{"result": 1}'),
        "/refusal": (400, b'{"error": "no"}'),
        "/busy": (503, b"{}"),
        "/limited": (429, b"{}"),
        "/page": (200, b"<html>"),
    }

    def do_POST(self) -> None:
        """Answer."""
        self.rfile.read(int(self.headers["content-length"]))
        status, body = self.answers[self.path]
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def node() -> Iterator[str]:
    """A node's address."""
    server = HTTPServer(("127.0.0.1", 0), Node)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_frozen_clock_moves_only_when_told() -> None:
    """Advancing moves both scales; setting the machine's clock moves wall time alone; time never goes back."""
    clock = FrozenClock(1_000)
    assert (clock.now(), clock.now()) == (1_000, 1_000)
    clock.advance(5)
    clock.jump(-100)
    assert (clock.now(), clock.monotonic()) == (905, 5.0)
    with pytest.raises(ValueError, match="forward"):
        clock.advance(-1)


def test_direct_http_asks_endpoints_in_turn(node: str) -> None:
    """The first endpoint that answers in JSON is believed; each() reaches every one on its own."""
    http = DirectHttp(f"{node}/busy", f"{node}/limited", f"{node}/page", f"{node}/good")
    assert http.json("POST", "", {}) == {"result": 1}
    assert http.requests == 4
    *others, last = http.each()
    for other in others:
        with pytest.raises(Unavailable):
            other.json("POST", "", {})
    assert last.json("POST", "", {}) == {"result": 1}
    http.close()


def test_an_error_in_json_is_kept(node: str) -> None:
    """A 4xx is a failure that brings its JSON along, as the host's client has it; no endpoint at all is Unavailable."""
    http = DirectHttp(node)
    with pytest.raises(NodeFailure) as problem:
        http.json("POST", "/refusal", {})
    assert problem.value.answer == {"error": "no"}
    with pytest.raises(Unavailable):
        DirectHttp().json("POST", "", {})
    http.close()


def test_scripted_http_keeps_what_was_asked() -> None:
    """The function answers, and the bodies can be looked at."""
    other = ScriptedHttp(no_network)
    http = ScriptedHttp(lambda method, path, body: [method, path, body], other)
    assert http.json("POST", "/x", {"a": 1}) == ["POST", "/x", {"a": 1}]
    assert json.dumps(http.bodies) == '[{"a": 1}]'
    assert list(http.each()) == [http, other]
    with pytest.raises(AssertionError):
        other.json("GET")
