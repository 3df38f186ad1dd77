"""A node that answers over real sockets as a script says, for tests of the client."""

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress

from waiaas.engine.nodes import NodeHttp, within
from waiaas.errors import Unavailable

OK = b'HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n{"a": 1}'
Script = Callable[[socket.socket, int], None]


class Node:
    """A server that answers each request as a script says; it knows how often it was connected to, and what it was sent."""

    def __init__(self, script: Script, context: ssl.SSLContext | None = None) -> None:
        self._script = script
        self._context = context
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.connections = 0
        self.requests: list[bytes] = []
        scheme = "http" if context is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                self.connections += 1
                self._open.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError):
            if self._context is not None:
                client = self._context.wrap_socket(client, server_side=True)
                self._open.append(client)
            while request := self._request(client):
                self.requests.append(request)
                self._script(client, len(self.requests))

    def _request(self, client: socket.socket) -> bytes:
        read = b""
        while b"\r\n\r\n" not in read:
            part = client.recv(65536)
            if not part:
                return b""
            read += part
        head, _, body = read.partition(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:")), 0)
        while len(body) < length:
            body += client.recv(65536)
        return head + b"\r\n\r\n" + body

    def hang_up(self) -> None:
        """Close every connection from this side."""
        for client in self._open:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
            client.close()
        self._open = []

    def close(self) -> None:
        """No more."""
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()
        self.hang_up()


class Echo(Node):
    """Answers each request with its own body."""

    def __init__(self) -> None:
        super().__init__(saying(b""))

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError):
            while request := self._request(client):
                body = request.partition(b"\r\n\r\n")[2]
                client.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))


MakeNode = Callable[..., Node]


def saying(answer: bytes) -> Script:
    """Always this, and the connection stays open."""
    return lambda client, _: client.sendall(answer)


def ending(answer: bytes) -> Script:
    """Always this, and the connection is closed."""

    def script(client: socket.socket, _: int) -> None:
        client.sendall(answer)
        client.shutdown(socket.SHUT_RDWR)

    return script


def asked(url: str, *, seconds: float = 5.0) -> object:
    """One question by a client of its own."""
    http = NodeHttp([url])
    try:
        with within(seconds):
            return http.json("POST", "", {"x": 1})
    finally:
        http.close()


def is_answered(http: NodeHttp) -> bool:
    """Whether a question is answered now. The end of an old connection may still be on its way: then it is not."""
    with suppress(Unavailable):
        return bool(http.json("POST", "", {}) == {"a": 1})
    return False
