"""A relay in front of a node that has no faults of its own: it hands everything on, and can keep answers back."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import urlsplit

_SECONDS = 30


class Relay:
    """Serves on a free port of loopback until closed.

    :param url: the node
    :param methods: JSON-RPC methods whose answers it can keep back; the node does what they ask for all the same
    """

    def __init__(self, url: str, methods: frozenset[str]) -> None:
        self.methods = methods
        self.target = urlsplit(url)
        self._spoken = threading.Event()
        self._spoken.set()
        self._silent_seconds = 0.0
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.relay = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def fall_silent(self, seconds: float) -> None:
        """Keep the answers back for so long, or until :meth:`speak`."""
        self._silent_seconds = seconds
        self._spoken.clear()

    def speak(self) -> None:
        """Give the answers that were kept back, and further ones at once."""
        self._spoken.set()

    def keep_back(self, body: bytes) -> None:
        """Wait as long as the answer to this request is kept back."""
        if not self._spoken.is_set() and self.methods & set(_methods(body)):
            self._spoken.wait(self._silent_seconds)

    def close(self) -> None:
        """Stop serving; may be called twice."""
        self.speak()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    relay: Relay


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        relay = cast(_Server, self.server).relay
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        with _connection(relay) as node:
            node.request("POST", relay.target.path or "/", body, {"content-type": "application/json"})
            answer = node.getresponse()
            said = answer.read()
        relay.keep_back(body)
        try:
            self._say(answer.status, said)
        except (
            ConnectionError
        ):  # the daemon that asked was killed meanwhile, as the story wants: nobody is left to answer
            self.close_connection = True

    def _say(self, status: int, said: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: Any) -> None:
        """Tell nothing: the story has the terminal."""


@contextmanager
def _connection(relay: Relay) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(relay.target.hostname or "", relay.target.port, timeout=_SECONDS)
    try:
        yield connection
    finally:
        connection.close()


def _methods(body: bytes) -> list[str]:
    asked = json.loads(body)
    return [str(call.get("method")) for call in (asked if isinstance(asked, list) else [asked])]
