"""HTTP/1.1 on loopback: a thread a connection, kept alive, one write an answer (no wait for Nagle or delayed ACK).

The standard library's handler parses headers with the mail package, which costs more than a transaction; this one
reads what JSON-RPC clients send and refuses the rest.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import BinaryIO, cast

_log = logging.getLogger(__name__)

MAX_BODY = 50 * 1024
"""Bytes of a request's body (Agave's MAX_REQUEST_BODY_SIZE)."""

_MAX_LINE = 8 * 1024
_MAX_HEADERS = 100
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_ACCEPT_PAUSE = 0.01  # seconds


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request.

    :param headers: names in lower case; of a name sent twice the last value.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    keeps_alive: bool


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer.

    :param hangs_up: send nothing and close.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    hangs_up: bool = False


Application = Callable[[HttpRequest], HttpAnswer]


class RefusedError(Exception):
    """A request that can't be read.

    :param status: HTTP status of the answer.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class HttpServer:
    """Serves an application on 127.0.0.1 until closed.

    :param port: 0 picks a free one.
    :param application: called on the connection's thread, several at once.
    :raises OSError: the port is taken.
    """

    def __init__(self, port: int, application: Application) -> None:
        self._server = _Server(("127.0.0.1", port), _Connection)
        self._server.application = application
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.accept_all, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and close every connection; may be called twice."""
        self._server.closing.set()
        with contextlib.suppress(OSError):  # closed before
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()  # wakes the thread that accepts
        self._thread.join()
        self._server.server_close()
        self._server.hang_up()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    application: Application

    def __init__(self, address: tuple[str, int], handler: type[_Connection]) -> None:
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.closing = threading.Event()
        super().__init__(address, handler)

    def accept_all(self) -> None:
        """Accept until closing: `serve_forever` without its polling, which makes a stop wait."""
        while not self.closing.is_set():
            try:
                connection, client = self.get_request()
            except OSError:  # out of descriptors: connections that end give some back
                self.closing.wait(_ACCEPT_PAUSE)
                continue
            if self.closing.is_set():
                connection.close()
            else:
                self.process_request(connection, client)

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        with self._lock:
            self._open.add(cast(socket.socket, request))
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        with self._lock:
            self._open.discard(cast(socket.socket, request))
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Log a bug of ours; clients that go away are no error and end in the connection itself."""
        _log.error("a connection failed", exc_info=sys.exc_info())

    def hang_up(self) -> None:
        """Close every connection."""
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):  # its client was faster
                    connection.shutdown(socket.SHUT_RDWR)


class _Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    server: _Server

    def handle(self) -> None:
        """Answer one request after the other."""
        with contextlib.suppress(ConnectionError):  # the client is free to leave
            while self._answer_one():
                pass

    def _answer_one(self) -> bool:
        reader = cast(BinaryIO, self.rfile)
        try:
            request = read_http(reader, self.connection.sendall)
        except RefusedError as refused:
            self.connection.sendall(_rendered(HttpAnswer(refused.status), keeps_alive=False))
            return False
        if request is None:
            return False
        answer = self.server.application(request)
        if answer.hangs_up:
            return False
        self.connection.sendall(_rendered(answer, request.keeps_alive))
        return request.keeps_alive


def read_http(reader: BinaryIO, send: Callable[[bytes], None]) -> HttpRequest | None:
    """The next request of a connection (RFC 9112), None at its end.

    :param send: for `100 Continue`.
    :raises RefusedError: it is malformed, too big, or chunked.
    """
    line = _line(reader)
    if not line:
        return None
    words = line.split(" ")
    if len(words) != 3 or words[2] not in ("HTTP/1.0", "HTTP/1.1"):
        raise RefusedError(400)
    headers = _headers(reader)
    size = _body_size(headers)
    if headers.get("expect", "").lower() == "100-continue":
        send(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = reader.read(size)
    if len(body) < size:
        return None
    asked = headers.get("connection", "").lower()
    keeps_alive = asked != "close" if words[2] == "HTTP/1.1" else asked == "keep-alive"
    return HttpRequest(words[0], words[1], headers, body, keeps_alive)


def _line(reader: BinaryIO) -> str:
    line = reader.readline(_MAX_LINE + 1)
    if len(line) > _MAX_LINE:
        raise RefusedError(431)
    return line.decode("latin-1").strip("\r\n")


def _headers(reader: BinaryIO) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(_MAX_HEADERS):
        line = _line(reader)
        if not line:
            return headers
        name, colon, value = line.partition(":")
        if not colon:
            raise RefusedError(400)
        headers[name.lower()] = value.strip()
    raise RefusedError(431)


def _body_size(headers: Mapping[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise RefusedError(411)
    text = headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit()):
        raise RefusedError(400)
    if int(text) > MAX_BODY:
        raise RefusedError(413)
    return int(text)


def _rendered(answer: HttpAnswer, keeps_alive: bool) -> bytes:
    head = [
        f"HTTP/1.1 {answer.status} {_PHRASES.get(answer.status, 'Unassigned')}",
        f"content-type: {answer.content_type}",
        f"content-length: {len(answer.body)}",
        *(f"{name}: {value}" for name, value in answer.headers.items()),
    ]
    if not keeps_alive:
        head.append("connection: close")
    return ("\r\n".join(head) + "\r\n\r\n").encode("latin-1") + answer.body
