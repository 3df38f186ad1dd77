"""One door: a Waitress server on a bound socket, its loop on a thread of its own, and the parts of a drain.

Uses internals of Waitress 3.0 (``active_channels``, ``requests``, ``total_outbufs_len``, ``trigger``, ``del_channel``), which
is why its version is pinned below 3.1; the drain's tests hold them.
"""

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Literal
from uuid import uuid4
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, TcpWSGIServer, UnixWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher

from waiaas.api.bodies import MAX_BODY_BYTES
from waiaas.api.frontdoor import DOOR_KEY
from waiaas.api.refusals import error_body, error_headers
from waiaas.daemon.sockets import connection_limit
from waiaas.errors import BadRequest, NotReady, TooLarge, WaiaasError

_log = logging.getLogger("waiaas.daemon")
_CHANNEL_TIMEOUT = 30
_OPTIONS: dict[str, Any] = {
    "max_request_body_size": MAX_BODY_BYTES + 1,  # Waitress refuses what reaches its limit, we what passes ours
    "max_request_header_size": 32_768,
    "inbuf_overflow": 2 * MAX_BODY_BYTES,  # so that no body is ever written to a temporary file
    "outbuf_overflow": 16 * MAX_BODY_BYTES,
    "channel_timeout": _CHANNEL_TIMEOUT,
    "cleanup_interval": 5,
    "backlog": 1024,
    "ident": "",
    "log_socket_errors": False,
    "clear_untrusted_proxy_headers": False,  # nothing here believes them
    "expose_tracebacks": False,
}


class _JsonErrorTask(ErrorTask):
    """What Waitress itself refuses (bytes that are no HTTP, bodies too large), in the API's one shape."""

    def execute(self) -> None:
        task: Any = self
        problem = task.request.error
        error, status = _in_our_words(problem.code)
        request_id = str(uuid4())
        body = error_body(error, request_id)
        self.status = f"{status} {problem.reason}"
        headers = {"Content-Type": "application/json", "X-Request-Id": request_id, "Cache-Control": "no-store"}
        task.response_headers.extend((headers | error_headers(error)).items())
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


def _in_our_words(code: int) -> tuple[WaiaasError, int]:
    if code == 413:
        return TooLarge("the body is larger than 1 MiB", details={"maxBytes": MAX_BODY_BYTES}), code
    if code >= 500 and code != 501:
        return WaiaasError("something went wrong inside"), 500
    return BadRequest("the request is not HTTP that this server reads"), code


class _Channel(HTTPChannel):
    """A connection that knows since when its present request has been coming in."""

    error_task_class = _JsonErrorTask
    began_at = 0.0

    def received(self, data: bytes) -> bool:
        is_new = self.request is None
        result = super().received(data)
        if is_new:
            self.began_at = time.time()
        return result


class _Maintains:
    """Closes idle connections, as Waitress does, and those whose request trickles in for too long."""

    active_channels: Any

    def maintenance(self, now: float) -> None:
        for channel in list(self.active_channels.values()):
            since = channel.began_at if channel.request is not None else channel.last_activity
            if not channel.requests and since < now - _CHANNEL_TIMEOUT:
                channel.will_close = True


class _TcpServer(_Maintains, TcpWSGIServer):
    channel_class = _Channel


class _UnixServer(_Maintains, UnixWSGIServer):
    channel_class = _Channel


class Listener:
    """One door of the API.

    :param app: WSGI
    :param sock: bound, not yet listening; the listener owns it
    :param door: written into every request's environment
    :param threads: of this door alone
    :param on_death: told the loop's name when it ends without being closed
    """

    def __init__(
        self,
        app: WSGIApplication,
        sock: socket.socket,
        *,
        door: Literal["tcp", "socket"],
        threads: int,
        on_death: Callable[[str], None],
    ) -> None:
        self._map: dict[int, Any] = {}
        self._threads = ThreadedTaskDispatcher()
        self._threads.set_thread_count(threads)
        self._is_draining = self._is_closing = False
        self._on_death = on_death
        self._server: Any = self._make(self._guarded(app, door), sock, threads)
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
        busy = [channel for channel in list(self._server.active_channels.values()) if _is_busy(channel)]
        return not busy and not self._threads.queue

    def close(self) -> None:
        """End the threads and every connection. What is still in work is left to itself."""
        self._is_draining = self._is_closing = True
        self._threads.shutdown(timeout=1)
        self._in_loop(lambda: wasyncore.close_all(self._map, ignore_all=True))
        if self._loop.is_alive():
            self._loop.join(timeout=5)

    def _make(self, app: WSGIApplication, sock: socket.socket, threads: int) -> BaseWSGIServer:
        made: Any = _UnixServer if sock.family == socket.AF_UNIX else _TcpServer
        server: BaseWSGIServer = made(
            app,
            self._map,
            _sock=sock,
            dispatcher=self._threads,
            adj=Adjustments(threads=threads, connection_limit=connection_limit(), **_OPTIONS),
            sockinfo=(sock.family, sock.type, sock.proto, sock.getsockname()),
            bind_socket=False,
        )
        return server

    def _run(self) -> None:
        try:
            wasyncore.loop(timeout=1, use_poll=True, map=self._map)  # select() ends at the thousandth descriptor
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
            return app(environ, start_response)

        return guarded


def _is_busy(channel: Any) -> bool:
    return bool(channel.requests or channel.total_outbufs_len)


def _stopping(start_response: StartResponse) -> Iterable[bytes]:
    error = NotReady("the daemon is stopping", code="STOPPING", hint="try again when it is back", retry_after=5)
    request_id = str(uuid4())
    body = error_body(error, request_id)
    headers = {"Content-Type": "application/json", "X-Request-Id": request_id, "Cache-Control": "no-store"}
    headers["Content-Length"] = str(len(body))
    start_response("503 Service Unavailable", list((headers | error_headers(error)).items()))
    return [body]
