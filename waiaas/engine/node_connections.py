"""HTTP/1.1 to one node over connections that are kept (RFC 9112): as much of it as asking for JSON takes.

A payment makes several calls, and each costs the daemon a third of what it costs through the usual client libraries. Whatever a
node answers that is not a plain, complete and bounded response is refused, and its connection closed: nothing is guessed.
"""

import base64
import re
import select
import socket
import ssl
import threading
import time
from collections import deque
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote_to_bytes, urlsplit

import httpcore

from waiaas.engine.node_names import Addresses, Names
from waiaas.engine.node_room import Lease, NoRoom, Room

_CONNECT_SECONDS = 2.0
"""To find the name and to reach one of its addresses; so much again for TLS."""
_KEEP_SECONDS = 30.0
_MOST_KEPT = 16
_MOST_HEAD = 64 * 1024
_AT_ONCE_OF_ONE, _AT_ONCE_OF_ALL = 8 * 1024 * 1024, 32 * 1024 * 1024
_ALL = Room(_AT_ONCE_OF_ALL)
_PIECE = 64 * 1024
_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [^\r\n]*)?")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*")
_LENGTH = re.compile(rb"[0-9]{1,9}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?")
_SAFE = "/%:=&?~+!$,;'@()*[]"


class BrokenAnswer(OSError):
    """The node's answer is no response that can be read to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One response. :param headers: names in lower case; of several with one name the last"""

    status: int
    headers: dict[bytes, bytes]
    body: bytes
    can_go_on: bool


class Endpoint:
    """One address and the connections to it that are kept. Thread-safe; a connection serves one call at a time.

    :param url: http or https, taken as it is written: path, last slash and query are kept, ``user:password@`` is sent as Basic
        authentication (RFC 7617)
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._is_secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._names = Names(self._host, parts.port or (443 if self._is_secure else 80))
        self._target = quote(parts.path, safe=_SAFE)
        self._query = f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
        self._fields = _fields(parts)
        self._context: ssl.SSLContext | None = None
        self._idle: deque[tuple[float, Connection]] = deque()
        self._lock = threading.Lock()
        #: What its answers hold.
        self.room = Room(_AT_ONCE_OF_ONE, within=_ALL)

    def ask(self, method: str, path: str, content: bytes | None, seconds: float, lease: Lease) -> Answer:
        """One request and its response. Network; the whole of it ends within ``seconds``.

        :param path: appended to the address's own; with none, the address is asked as it is written
        :param lease: of this endpoint's room; what the response takes, until the caller has read it
        :raises NoRoom: when it is larger than that
        :raises OSError: when there is no response that can be read to its end
        """
        end = time.monotonic() + seconds
        target = self._target_of(path)
        length = b"" if content is None else b"content-length: %d\r\n" % len(content)
        request = f"{method} {target} HTTP/1.1\r\n".encode("ascii") + self._fields + length + b"\r\n" + (content or b"")
        connection = self._take(end)
        try:
            answer = connection.ask(request, end, lease)
        except BaseException:
            connection.close()
            raise
        if answer.can_go_on:
            self._keep(connection)
        else:
            connection.close()
        return answer

    def close(self) -> None:
        """Close what is idle."""
        with self._lock:
            idle, self._idle = self._idle, deque()
        for _, connection in idle:
            connection.close()

    def _target_of(self, path: str) -> str:
        own = self._target.removesuffix("/") if path.startswith("/") else self._target
        return (own + quote(path, safe=_SAFE) or "/") + self._query

    def _take(self, end: float) -> "Connection":
        while True:
            with self._lock:
                if not self._idle:
                    break
                since, connection = self._idle.pop()
            if time.monotonic() - since < _KEEP_SECONDS and not connection.was_closed():
                return connection
            connection.close()
        return self._connect(end)

    def _keep(self, connection: "Connection") -> None:
        with self._lock:
            self._idle.append((time.monotonic(), connection))
            old = self._idle.popleft()[1] if len(self._idle) > _MOST_KEPT else None
        if old is not None:
            old.close()

    def _connect(self, end: float) -> "Connection":
        soon = min(end, time.monotonic() + _CONNECT_SECONDS)
        sock = _reached(self._names.addresses(soon), soon)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._is_secure:
                sock.settimeout(min(_CONNECT_SECONDS, _left(end)))
                # the certificates are read once; two threads that both read them do no harm
                self._context = self._context or httpcore.default_ssl_context()
                sock = self._context.wrap_socket(sock, server_hostname=self._host)
        except BaseException:
            sock.close()
            raise
        return Connection(sock)


class Connection:
    """One connection, used by one thread at a time."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._read = b""
        self._lease: Lease | None = None

    def ask(self, request: bytes, end: float, lease: Lease) -> Answer:
        """Send, and read one response. :param end: on the monotonic clock :raises OSError: when there is none"""
        self._lease = lease
        self._sock.settimeout(_left(end))
        self._sock.sendall(request)
        for _ in range(8):
            status, is_current, headers = self._head(end)
            if status >= 200:
                break
        else:
            raise BrokenAnswer("only interim responses")
        body, has_end = self._body(status, headers, end)
        is_kept = is_current and headers.get(b"connection", b"").lower() != b"close"
        return Answer(status=status, headers=headers, body=body, can_go_on=is_kept and has_end and not self._read)

    def was_closed(self) -> bool:
        """Whether the node has said anything since the last response: on an idle connection that can only be its end."""
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return bool(poll.poll(0))

    def close(self) -> None:
        """May be called again."""
        self._sock.close()

    def _head(self, end: float) -> tuple[int, bool, dict[bytes, bytes]]:
        lines = self._until(b"\r\n\r\n", _MOST_HEAD, end).split(b"\r\n")
        first = _STATUS.fullmatch(lines[0])
        if first is None:
            raise BrokenAnswer("no status line")
        headers: dict[bytes, bytes] = {}
        for line in lines[1:]:
            field = _HEADER.fullmatch(line)
            if field is None:
                raise BrokenAnswer("a header that cannot be read")
            name, value = field[1].lower(), field[2]
            if name in (b"content-length", b"transfer-encoding") and headers.get(name, value) != value:
                raise BrokenAnswer("two lengths")
            headers[name] = value
        return int(first[2]), first[1] == b"1", headers

    def _body(self, status: int, headers: dict[bytes, bytes], end: float) -> tuple[bytes, bool]:
        """The body, and whether its own length ended it rather than the connection."""
        if status in (204, 304):
            return b"", True
        coding, length = headers.get(b"transfer-encoding"), headers.get(b"content-length")
        if coding is not None:
            if coding.lower() != b"chunked" or length is not None:
                raise BrokenAnswer("a transfer coding that is not understood")
            return self._chunks(end), True
        if length is None:
            return self._rest(end), False
        if _LENGTH.fullmatch(length) is None:
            raise BrokenAnswer("a length that is none")
        self._require_room(int(length))
        return self._exactly(int(length), end), True

    def _chunks(self, end: float) -> bytes:
        parts = []
        while True:
            line = _CHUNK.fullmatch(self._until(b"\r\n", 4096, end))
            if line is None:
                raise BrokenAnswer("a chunk without size")
            count = int(line[1], 16)
            if count == 0:
                break
            self._require_room(count)
            part = self._exactly(count + 2, end)
            if not part.endswith(b"\r\n"):
                raise BrokenAnswer("a chunk without end")
            parts.append(part[:-2])
        while self._until(b"\r\n", 4096, end):
            pass  # trailers say nothing here
        return b"".join(parts)

    def _require_room(self, count: int) -> None:
        if self._lease is not None and count > self._lease.most:
            raise NoRoom("it says that it is larger than it may be")

    def _until(self, mark: bytes, most: int, end: float) -> bytes:
        while True:
            found, _, rest = self._read.partition(mark)
            if len(found) < len(self._read):
                self._read = rest
                return found
            if len(self._read) > most:
                raise BrokenAnswer("too long")
            self._read += self._some(end)

    def _exactly(self, count: int, end: float) -> bytes:
        parts, size = [self._read], len(self._read)
        while size < count:
            parts.append(self._some(end))
            size += len(parts[-1])
        whole = b"".join(parts)
        self._read = whole[count:]
        return whole[:count]

    def _rest(self, end: float) -> bytes:
        parts = [self._read]
        self._read = b""
        while part := self._receive(end):
            parts.append(part)
        return b"".join(parts)

    def _some(self, end: float) -> bytes:
        part = self._receive(end)
        if not part:
            raise BrokenAnswer("the node closed the connection")
        return part

    def _receive(self, end: float) -> bytes:
        # the time that is left, at every piece: an answer that drips in does not take longer than one that hangs
        self._sock.settimeout(_left(end))
        part = self._sock.recv(_PIECE)
        if self._lease is not None:
            self._lease.grow(len(part))
        return part


def _left(end: float) -> float:
    seconds = end - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("the time for this call is used up")
    return seconds


def _reached(addresses: Addresses, end: float) -> socket.socket:
    """A connection to the first that takes one; each has its share of the time. :raises OSError: when none does"""
    problem: OSError = ConnectionError("the name has no address")
    for index, (family, kind, protocol, where) in enumerate(addresses):
        try:
            seconds = _left(end) / (len(addresses) - index)
            sock = socket.socket(family, kind, protocol)
        except OSError as away:
            problem = away
            continue
        try:
            sock.settimeout(seconds)
            sock.connect(where)
        except OSError as away:
            problem = away
            sock.close()
        else:
            return sock
    raise problem


def _fields(parts: SplitResult) -> bytes:
    host = parts.hostname or ""
    name = f"[{host}]" if ":" in host else host.encode("idna").decode("ascii")
    shown = name if parts.port is None else f"{name}:{parts.port}"
    return (
        f"host: {shown}\r\n{_authorization(parts)}"
        "content-type: application/json\r\naccept: application/json\r\nuser-agent: waiaas\r\n"
    ).encode("ascii")


def _authorization(parts: SplitResult) -> str:
    if parts.username is None and parts.password is None:
        return ""
    pair = unquote_to_bytes(parts.username or "") + b":" + unquote_to_bytes(parts.password or "")
    return f"authorization: Basic {base64.b64encode(pair).decode('ascii')}\r\n"
