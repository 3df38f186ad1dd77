"""The host's HTTP client for nodes: one for each network, with deadlines, several endpoints, and no word of theirs leaking.

Built on httpcore, the transport below httpx: a payment makes several calls, and the layer above costs four times as much.
"""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpcore

from waiaas.errors import Unavailable

_CALL_SECONDS = 5.0
_RETRY_STATUSES = frozenset({429, 500, 502, 503, 504})
_MAX_BYTES = 16 * 1024 * 1024
_HEADERS = [(b"content-type", b"application/json"), (b"accept", b"application/json"), (b"user-agent", b"waiaas")]

_limits = threading.local()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Every call of this thread in the block ends within ``seconds`` in all."""
    before = getattr(_limits, "end", None)
    _limits.end = time.monotonic() + seconds
    try:
        yield
    finally:
        _limits.end = before


def _seconds_left() -> float:
    end = getattr(_limits, "end", None)
    return _CALL_SECONDS if end is None else min(_CALL_SECONDS, end - time.monotonic())


class Tally:
    """Counts requests to one network's nodes, answered or not. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.count = 0

    def add(self) -> None:
        """One more."""
        with self._lock:
            self.count += 1


class NodeHttp:
    """Implements :class:`waiaas.interfaces.chain.Http` over one or more endpoints. Thread-safe.

    :param urls: tried in order; the one that answered last is tried first next time
    """

    def __init__(
        self, urls: Sequence[str], *, pool: httpcore.ConnectionPool | None = None, tally: "Tally | None" = None
    ) -> None:
        self.tally = tally or Tally()
        self._urls = tuple(url.rstrip("/") for url in urls)
        self._pool = pool or httpcore.ConnectionPool(
            max_connections=32, max_keepalive_connections=16, keepalive_expiry=30
        )
        self._preferred = 0

    def json(self, method: str, path: str = "", body: Any = None) -> Any:
        """Ask until one endpoint answers with JSON. Network; may be called again.

        :raises Unavailable: when none did in time
        """
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        retry_after: int | None = None
        for offset in range(len(self._urls)):
            index = (self._preferred + offset) % len(self._urls)
            try:
                answer = self._ask(self._urls[index] + path, method, content)
            except Unavailable as problem:
                retry_after = problem.retry_after or retry_after
                continue
            self._preferred = index
            return answer
        raise Unavailable("no configured node answered", retry_after=retry_after)

    def each(self) -> "Sequence[NodeHttp]":
        """One client an endpoint, sharing this one's connections."""
        if len(self._urls) == 1:
            return (self,)
        return [NodeHttp([url], pool=self._pool, tally=self.tally) for url in self._urls]

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()

    def _ask(self, url: str, method: str, content: bytes | None) -> Any:
        seconds = _seconds_left()
        if seconds <= 0:
            raise Unavailable("the time for this call is used up")
        self.tally.add()
        timeout = {"connect": min(2.0, seconds), "read": seconds, "write": seconds, "pool": seconds}
        try:
            with self._pool.stream(
                method, url, headers=_HEADERS, content=content, extensions={"timeout": timeout}
            ) as response:
                return _parsed(response)
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError) as problem:
            raise Unavailable(f"the node could not be asked ({type(problem).__name__})") from None


def _parsed(response: httpcore.Response) -> Any:
    if response.status in _RETRY_STATUSES:
        raise Unavailable(f"the node answered {response.status}", retry_after=_retry_after(response))
    parts, size = [], 0
    for part in response.iter_stream():
        size += len(part)
        if size > _MAX_BYTES:
            raise Unavailable("the node's answer is too large")
        parts.append(part)
    try:
        return json.loads(b"".join(parts))
    except (ValueError, RecursionError):
        raise Unavailable(f"the node answered {response.status} without JSON") from None


def _retry_after(response: httpcore.Response) -> int | None:
    for name, value in response.headers:
        if name.lower() == b"retry-after" and value.isdigit():
            return min(int(value), 60)
    return None
