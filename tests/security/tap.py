"""A wire with an ear: forwards a TCP port and keeps what the client sent."""

import contextlib
import socket
import threading
from types import TracebackType
from urllib.parse import urlsplit


class Tap:
    """Listens on loopback until closed. :param url: whom to forward to"""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._there = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._heard: list[bytes] = []
        self._open: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}{parts.path}"
        threading.Thread(target=self._accept, daemon=True).start()

    def heard(self) -> bytes:
        """Everything that was sent to the other side so far, over all connections."""
        return b"".join(self._heard)

    def __enter__(self) -> "Tap":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            _close(connection)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._there)
                self._open += [near, far]
                threading.Thread(target=self._pump, args=(near, far, self._heard), daemon=True).start()
                threading.Thread(target=self._pump, args=(far, near, []), daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket, kept: list[bytes]) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                kept.append(chunk)
                sink.sendall(chunk)
        _close(source)
        _close(sink)


def _close(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
