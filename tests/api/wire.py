"""Requests as bytes, for what an HTTP client would never send."""

import json
import socket
from typing import Any

from .conftest import House


def connect(house: House) -> socket.socket:
    return socket.create_connection(("127.0.0.1", house.server.port), timeout=10)


def exchange(house: House, sent: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes, read one answer."""
    with connect(house) as sock:
        sock.sendall(sent)
        return read_answer(sock)


def read_answer(sock: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Status, headers by lower-case name, body."""
    head, body = b"", b""
    while b"\r\n\r\n" not in head:
        more = sock.recv(65536)
        if not more:
            raise ConnectionError("closed before an answer")
        head += more
    head, _, body = head.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    fields = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines[1:])}
    while len(body) < int(fields.get("content-length", "0")):
        more = sock.recv(65536)
        if not more:
            raise ConnectionError("closed within an answer")
        body += more
    return int(lines[0].split()[1]), fields, body


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """One HTTP/1.1 request. :param headers: ``_`` stands for ``-``"""
    given = {"Host": "127.0.0.1", **{name.replace("_", "-"): value for name, value in headers.items()}}
    if body and "Content-Length" not in given and "Transfer-Encoding" not in given:
        given["Content-Length"] = str(len(body))
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def error_of(body: bytes) -> dict[str, Any]:
    """An error's fields; that it has exactly those of the contract is checked here."""
    fields: dict[str, Any] = json.loads(body)
    assert set(fields) == {"code", "message", "retryable", "hint", "details", "requestId"}
    return fields
