"""The HTTP server: TCP for agents, a Unix socket for the command line, and a drain that loses nothing."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from waiaas.api.bodies import MAX_BODY_BYTES
from waiaas.api.frontdoor import URL_KEY
from waiaas.daemon.listener import Listener
from waiaas.daemon.sockets import bind_tcp, bind_unix, remove_unix

_POLL_SECONDS = 0.01


class Server:
    """Binds at once, so that a port in use is known before anything else starts; serves from ``start`` on.

    :param app: one WSGI application for both doors; each request's environment says through which it came
    :param host: an address, not a name
    :param port: 0 picks one, see :attr:`port`
    :param threads: of each door
    :param socket_path: absolute; None opens no second door
    :param most_body: by a path, the bytes that a body for it may have
    :param is_urgent: by a path, whether its requests stand in a line of their own
    :param on_death: told the name of a door's loop when it ends although nobody drained
    :raises StartRefused: when an address cannot be had
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        host: str,
        port: int,
        threads: int,
        socket_path: Path | None = None,
        most_body: Callable[[str], int] = lambda path: MAX_BODY_BYTES,
        is_urgent: Callable[[str], bool] = lambda path: False,
        on_death: Callable[[str], None] = lambda part: None,
    ) -> None:
        sock = bind_tcp(host, port)
        same: dict[str, Any] = {
            "threads": threads,
            "most_body": most_body,
            "is_urgent": is_urgent,
            "on_death": on_death,
        }
        self._tcp = Listener(app, sock, door="tcp", **same)
        self._doors = [self._tcp]
        self._socket_path = socket_path
        self._inode = 0
        if socket_path is not None:
            try:
                admin = bind_unix(socket_path)
                url = f"http://{host}:{self._tcp.port}"
                self._doors.append(Listener(_knowing(app, url), admin, door="socket", **same))
            except BaseException:
                self._tcp.close()
                raise
            self._inode = socket_path.lstat().st_ino

    @property
    def port(self) -> int:
        """The TCP port that is served."""
        return self._tcp.port

    @property
    def is_alive(self) -> bool:
        """Whether every door's loop runs; False before ``start`` and after ``drain``."""
        return all(door.is_alive for door in self._doors)

    def start(self) -> None:
        """Begin to serve, on threads. Called once."""
        for door in self._doors:
            door.start()

    def drain(self, timeout: float) -> bool:
        """Stop: no new connections, 503 to what comes over old ones, wait for what is in work, close.

        :param timeout: seconds to wait for requests in work
        :returns: whether every request in work was answered. May be called again
        """
        for door in self._doors:
            door.stop_accepting()
        end = time.monotonic() + timeout
        while not (is_done := all(door.is_idle() for door in self._doors)) and time.monotonic() < end:
            time.sleep(_POLL_SECONDS)
        for door in self._doors:
            door.close()
        if self._socket_path is not None:
            remove_unix(self._socket_path, self._inode)
        return is_done


def _knowing(app: WSGIApplication, url: str) -> WSGIApplication:
    """The application, told at which address the daemon serves TCP: over the socket nobody writes one."""

    def knowing(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[URL_KEY] = url
        return app(environ, start_response)

    return knowing
