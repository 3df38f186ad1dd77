"""A small real HTTP server that answers as the contract says, for tests of the client alone.

It listens on TCP or on a Unix socket, keeps what it was asked, and answers each request from a script: a function, or a list
of answers of which the last one stays.
"""

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

TRANSACTION = {
    "id": "0198-tx",
    "walletId": "0198-agent",
    "type": "TRANSFER",
    "status": "CONFIRMED",
    "tier": "INSTANT",
    "chain": "solana",
    "network": "localnet",
    "toAddress": "Fv1",
    "amount": "18446744073709551617",
    "asset": "native",
    "txHash": "5ig",
    "error": None,
    "errorCode": None,
    "createdAt": 1790000000,
    "decision": {"tier": "INSTANT", "verdicts": []},
}


@dataclass
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Reply:
    """One answer. :param drop: close the connection without a word, after the request was read"""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False


Script = Callable[[Asked], Reply] | list[Reply]


class FakeDaemon:
    """What the handler talks to."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.scripts: dict[tuple[str, str], Script] = {}
        self.url = ""
        self.socket: Path | None = None

    def on(self, method: str, path: str, *script: Reply | Callable[[Asked], Reply]) -> None:
        """Answer ``method path`` from now on."""
        first = script[0]
        self.scripts[(method, path)] = (
            [s for s in script if isinstance(s, Reply)] if isinstance(first, Reply) else first
        )

    def answer(self, asked: Asked) -> Reply:
        """The answer to one request."""
        self.asked.append(asked)
        script = self.scripts.get((asked.method, asked.path.split("?")[0]))
        if script is None:
            return Reply(
                404, {"code": "NOT_FOUND", "message": "no such thing", "retryable": False, "requestId": "r-404"}
            )
        if callable(script):
            return script(asked)
        return script.pop(0) if len(script) > 1 else script[0]

    def paths(self) -> list[str]:
        """What was asked, in order."""
        return [f"{asked.method} {asked.path}" for asked in self.asked]


def _handler(daemon: FakeDaemon) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = daemon.answer(Asked(self.command, self.path, headers, json.loads(raw) if raw else None))
            if reply.drop:
                self.close_connection = True
                return
            self._write(reply)

        def _write(self, reply: Reply) -> None:
            data = (
                b""
                if reply.body is None
                else reply.body
                if isinstance(reply.body, bytes)
                else json.dumps(reply.body).encode()
            )
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def address_string(self) -> str:
            return "peer"

        def log_message(self, *_: object) -> None:
            """Quiet."""

    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler._serve)
    return Handler


class _Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class _Unix(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


@contextmanager
def fake_daemon(socket: Path | None = None) -> Iterator[FakeDaemon]:
    """Serve until the block ends."""
    daemon = FakeDaemon()
    server: socketserver.BaseServer
    if socket is None:
        tcp = _Tcp(("127.0.0.1", 0), _handler(daemon))
        daemon.url = f"http://127.0.0.1:{tcp.server_address[1]}"
        server = tcp
    else:
        server = _Unix(str(socket), _handler(daemon))
        daemon.socket = socket
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield daemon
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
