"""A door's crowd: who has to go so that everybody else gets in. Bounds connections, time, and bytes in both directions."""

import logging
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from waitress.server import BaseWSGIServer, TcpWSGIServer, UnixWSGIServer

from waiaas.daemon.connections import Channel, SizeOf

_log = logging.getLogger("waiaas.daemon")
HEADER_SECONDS = 5.0
IDLE_SECONDS = 30.0
MOST_BODY_BYTES = 32 * 1024 * 1024
MOST_ANSWER_BYTES = 32 * 1024 * 1024
_LOOK_EVERY_SECONDS = 0.5
_MOST_AT_ONCE = 32
_SEND_BUFFER = 64 * 1024
_TELL_EVERY_SECONDS = 60.0
By = Callable[[Channel], float]


class Crowd(BaseWSGIServer):
    """A Waitress server that closes connections itself, between two polls of its descriptors.

    Waitress marks a connection as to be closed and closes it when it can be written to, which one whose client does not read
    never can.

    :ivar size_of: see :class:`Channel`; set before the first connection
    """

    channel_class = Channel
    size_of: SizeOf
    active_channels: Any
    _map: dict[int, Any]
    _next_look = _next_word = 0.0
    _gone = 0

    def maintenance(self, now: float) -> None:
        """Nothing: it would be called in the middle of a poll. See :meth:`sweep`."""

    def handle_accept(self) -> None:
        """Let in whoever waits, many between two polls: with a thousand connections in use a poll takes long."""
        for _ in range(_MOST_AT_ONCE):
            before = len(self._map)
            super().handle_accept()
            if len(self._map) == before:
                break

    def set_socket_options(self, conn: socket.socket) -> None:
        """Also a small buffer in the kernel, so that who does not read is soon given no more."""
        super().set_socket_options(conn)
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)

    def sweep(self) -> None:
        """Close who is late, and who is most in the way of others. By the loop's thread alone, and outside of a poll."""
        now, everybody = time.time(), list[Channel](self.active_channels.values())
        if now >= self._next_look:
            self._next_look = now + _LOOK_EVERY_SECONDS
            self._close_late(everybody, now)
        others = len(self._map) - len(self.active_channels)
        room = max(1, self.adj.connection_limit - others - 1)  # one place stays free for who comes next
        self._shed(everybody, size=lambda one: 1, most=room, first=lambda one: one.whole_at)
        self._shed(everybody, size=lambda one: one.body_size, most=MOST_BODY_BYTES, first=lambda one: one.whole_at)
        self._shed(
            everybody,
            size=lambda one: one.total_outbufs_len,
            most=MOST_ANSWER_BYTES,
            first=lambda one: one.last_activity,
            spared=1,  # one answer alone may be larger than all of many may be together
        )
        self._tell(now)

    def _close_late(self, everybody: Sequence[Channel], now: float) -> None:
        for one in everybody:
            if not one.is_in_work and one.late_since(HEADER_SECONDS, IDLE_SECONDS) < now:
                one.handle_close()

    def _shed(
        self, everybody: Sequence[Channel], *, size: Callable[[Channel], int], most: int, first: By, spared: int = 0
    ) -> None:
        """Close connections, in order, until what all of them hold is no more than ``most``. Those in work stay."""
        held = [(one, size(one)) for one in everybody if one.connected]
        total = sum(count for _, count in held)
        if total <= most:
            return
        idle = sorted((pair for pair in held if pair[1] and not pair[0].is_in_work), key=lambda pair: first(pair[0]))
        for one, count in idle[: len(idle) - spared]:
            if total <= most:
                break
            one.handle_close()
            self._gone += 1
            total -= count

    def _tell(self, now: float) -> None:
        """One line a minute at most: strangers must not fill the log."""
        if self._gone and now >= self._next_word:
            self._next_word = now + _TELL_EVERY_SECONDS
            _log.warning("%d connections were closed to make room for others", self._gone)
            self._gone = 0


class TcpCrowd(Crowd, TcpWSGIServer):
    """On TCP."""


class UnixCrowd(Crowd, UnixWSGIServer):
    """On a Unix socket."""
