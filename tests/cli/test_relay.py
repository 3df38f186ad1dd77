"""What stands between the demo's daemon and a node that has no faults of its own."""

import json
import socket
import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest

from tests.harness.deadline import until
from waiaas.cli.demo.relay import Relay

_SENT = {"jsonrpc": "2.0", "id": 1, "method": "send", "params": []}


class _Node(HTTPServer):
    """Answers with what it was asked, and remembers it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Echo)
        self.heard: list[Any] = []
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


class _Echo(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        assert isinstance(self.server, _Node)
        self.server.heard.append(json.loads(body))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def node() -> Iterator[_Node]:
    """A node."""
    running = _Node()
    yield running
    running.shutdown()
    running.server_close()


@pytest.fixture
def relay(node: _Node) -> Iterator[Relay]:
    """A relay that can keep back answers to ``send``."""
    running = Relay(f"http://127.0.0.1:{node.server_port}", frozenset({"send"}))
    yield running
    running.close()


def test_everything_is_handed_on_and_answered(node: _Node, relay: Relay) -> None:
    """Requests reach the node as they are, and so do its answers, batches included."""
    for asked in (_SENT, [_SENT, {**_SENT, "id": 2, "method": "read"}]):
        assert httpx.post(relay.url, json=asked, trust_env=False).json() == asked
    assert len(node.heard) == 2


def test_a_silent_relay_keeps_back_what_was_done(node: _Node, relay: Relay) -> None:
    """While silent the node is asked, and only its answers to the named methods are kept back, until it speaks again."""
    relay.fall_silent(30)
    answers: list[Any] = []
    asking = threading.Thread(
        target=lambda: answers.append(httpx.post(relay.url, json=_SENT, trust_env=False, timeout=20).json())
    )
    asking.start()
    until(lambda: node.heard, "the node to be asked")
    other = {**_SENT, "method": "read"}
    assert httpx.post(relay.url, json=other, trust_env=False, timeout=20).json() == other
    assert answers == []
    relay.speak()
    asking.join(20)
    assert answers == [_SENT]


def test_who_asked_and_is_gone_leaves_no_trace(node: _Node, relay: Relay, capfd: pytest.CaptureFixture[str]) -> None:
    """A daemon that is killed while its answer is kept back costs the terminal, which the story has, not a line."""
    relay.fall_silent(30)
    body = json.dumps(_SENT).encode()
    host, port = relay.url.removeprefix("http://").split(":")
    before = threading.active_count()
    with socket.create_connection((host, int(port))) as asking:
        asking.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        until(lambda: node.heard, "the node to be asked")
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    relay.speak()
    until(lambda: threading.active_count() <= before, "the relay to be done with it")
    assert capfd.readouterr().err == ""
