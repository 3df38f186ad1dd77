"""A small HTTP/1.1 client over one socket, so that the client is not what is measured."""

import json
import socket
from collections.abc import Mapping
from typing import Any

Answer = tuple[int, bytes]
"""Status and body."""


def raw_request(
    method: str, path: str, *, token: str, body: Any = None, headers: Mapping[str, str] | None = None
) -> bytes:
    """The bytes of one request on a connection that is kept."""
    content = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
    head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {token}"]
    head += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if content:
        head += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return ("\r\n".join(head) + "\r\n\r\n").encode("ascii") + content


class Connection:
    """One kept connection. :param timeout: seconds for each answer"""

    def __init__(self, host: str, port: int, timeout: float = 60.0) -> None:
        self._socket = socket.create_connection((host, port), timeout=timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def ask(self, request: bytes) -> Answer:
        """Send, and wait for the answer. :raises OSError: when the connection breaks"""
        self.send(request)
        return self.answer()

    def send(self, request: bytes) -> None:
        """Send, and wait for nothing."""
        self._socket.sendall(request)

    def answer(self) -> Answer:
        """The next answer."""
        head = self._until_blank_line()
        status, size = int(head[9:12]), _content_length(head)
        while len(self._rest) < size:
            self._more()
        body, self._rest = self._rest[:size], self._rest[size:]
        return status, body

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _until_blank_line(self) -> bytes:
        while (end := self._rest.find(b"\r\n\r\n")) < 0:
            self._more()
        head, self._rest = self._rest[:end], self._rest[end + 4 :]
        return head

    def _more(self) -> None:
        part = self._socket.recv(65536)
        if not part:
            raise ConnectionError("the server hung up")
        self._rest += part


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ConnectionError("an answer without Content-Length")
