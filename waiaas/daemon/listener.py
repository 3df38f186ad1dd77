"""One door: a Waitress server on a bound socket, its loop on a thread of its own, and the parts of a drain.

Uses internals of Waitress 3.0 (``active_channels``, ``trigger``, ``del_channel``), which is why its version is pinned below
3.1; the drain's tests hold them.
"""

import contextlib
import io
import logging
import socket
import threading
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Literal, cast
from uuid import uuid4
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.buffers import ReadOnlyFileBasedBuffer

from waiaas.api.bodies import MAX_BODY_BYTES
from waiaas.api.frontdoor import DOOR_KEY
from waiaas.api.refusals import error_body, error_headers
from waiaas.daemon.crowd import Crowd, TcpCrowd, UnixCrowd
from waiaas.daemon.sockets import connection_limit
from waiaas.daemon.turns import dispatcher
from waiaas.errors import NotReady

_log = logging.getLogger("waiaas.daemon")
_POLL_SECONDS = 0.5
_COPIED = 16 * 1024
_OPTIONS: dict[str, Any] = {
    "max_request_header_size": 16_384,
    "inbuf_overflow": 2 * MAX_BODY_BYTES,  # so that no body is ever written to a temporary file
    "outbuf_overflow": 16 * MAX_BODY_BYTES,
    "backlog": 1024,
    "ident": "",
    "log_socket_errors": False,
    "clear_untrusted_proxy_headers": False,  # nothing here believes them
    "expose_tracebacks": False,
}


class Listener:
    """One door of the API.

    :param app: WSGI
    :param sock: bound, not yet listening; the listener owns it
    :param door: written into every request's environment
    :param threads: of this door alone
    :param most_body: by a path, the bytes that a body for it may have
    :param is_urgent: by a path, whether its requests stand in a line of their own
    :param on_death: told the loop's name when it ends without being closed
    """

    def __init__(
        self,
        app: WSGIApplication,
        sock: socket.socket,
        *,
        door: Literal["tcp", "socket"],
        threads: int,
        most_body: Callable[[str], int],
        is_urgent: Callable[[str], bool],
        on_death: Callable[[str], None],
    ) -> None:
        self._map: dict[int, Any] = {}
        self._threads: Any = dispatcher(threads, is_urgent)
        self._is_draining = self._is_closing = False
        self._on_death = on_death
        self._server: Any = self._make(self._guarded(app, door), sock, threads, most_body)
        self._loop = threading.Thread(target=self._run, name=f"http-{door}", daemon=True)

    @property
    def port(self) -> int:
        """The TCP port; 0 for a Unix socket."""
        return int(self._server.effective_port) if self._server.family != socket.AF_UNIX else 0

    @property
    def is_alive(self) -> bool:
        """Whether the loop runs."""
        return self._loop.is_alive()

    def start(self) -> None:
        """Serve, on threads of its own. Called once."""
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a queue for a moment is no news
        self._loop.start()

    def stop_accepting(self) -> None:
        """Refuse new connections; from now on every request that comes over an old one is answered with 503."""
        self._is_draining = True
        self._in_loop(self._close_listening)

    def is_idle(self) -> bool:
        """Whether no request is queued or in work and every answer has left."""
        is_busy = any(channel.is_busy for channel in list(self._server.active_channels.values()))
        return not is_busy and not self._threads.queue

    def close(self) -> None:
        """End the threads and every connection. What is still in work is left to itself."""
        self._is_draining = self._is_closing = True
        self._threads.shutdown(timeout=1)
        self._in_loop(lambda: wasyncore.close_all(self._map, ignore_all=True))
        if self._loop.is_alive():
            self._loop.join(timeout=5)

    def _make(self, app: WSGIApplication, sock: socket.socket, threads: int, most_body: Callable[[str], int]) -> Crowd:
        made: Any = UnixCrowd if sock.family == socket.AF_UNIX else TcpCrowd
        # Waitress refuses what reaches its limit, the API what passes its own.
        by_size = cache(lambda size: Adjustments(max_request_body_size=size + 1, **_OPTIONS))
        server: Crowd = made(
            app,
            self._map,
            _sock=sock,
            dispatcher=self._threads,
            adj=Adjustments(threads=threads, connection_limit=connection_limit(), **_OPTIONS),
            sockinfo=(sock.family, sock.type, sock.proto, sock.getsockname()),
            bind_socket=False,
        )
        server.size_of = lambda path: by_size(most_body(path))
        return server

    def _run(self) -> None:
        try:
            while self._map:
                # one poll, never select(), which ends at the thousandth descriptor
                wasyncore.loop(timeout=_POLL_SECONDS, use_poll=True, map=self._map, count=1)
                self._server.sweep()
        except Exception:  # noqa: BLE001 - whatever it was, the door is shut and the daemon must hear of it
            _log.exception("the loop of %s failed", self._loop.name)
        if not self._is_closing:
            self._on_death(self._loop.name)

    def _in_loop(self, action: Callable[[], object]) -> None:
        """Have the loop's own thread do it: nobody else may touch its map."""
        if self._loop.is_alive():
            with contextlib.suppress(OSError):  # the loop ended in this moment
                self._server.trigger.pull_trigger(action)
        else:
            action()

    def _close_listening(self) -> None:
        self._server.accepting = False
        self._server.del_channel()
        with contextlib.suppress(OSError):
            self._server.socket.shutdown(socket.SHUT_RDWR)
        self._server.socket.close()

    def _guarded(self, app: WSGIApplication, door: str) -> WSGIApplication:
        def guarded(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            environ[DOOR_KEY] = door
            if self._is_draining:
                return _stopping(start_response)
            return _shared(app(environ, start_response))

        return guarded


def _shared(answer: Iterable[bytes]) -> Iterable[bytes]:
    """A large answer without a copy of it for each connection: Waitress sends it from the bytes that were made."""
    if isinstance(answer, list) and len(answer) == 1 and len(answer[0]) > _COPIED:
        return cast(Iterable[bytes], ReadOnlyFileBasedBuffer(io.BytesIO(answer[0])))
    return answer


def _stopping(start_response: StartResponse) -> Iterable[bytes]:
    error = NotReady("the daemon is stopping", code="STOPPING", hint="try again when it is back", retry_after=5)
    request_id = str(uuid4())
    body = error_body(error, request_id)
    headers = {"Content-Type": "application/json", "X-Request-Id": request_id, "Cache-Control": "no-store"}
    headers["Content-Length"] = str(len(body))
    start_response("503 Service Unavailable", list((headers | error_headers(error)).items()))
    return [body]
