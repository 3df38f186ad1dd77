"""The host's HTTP client for nodes: one for each network, with deadlines, several endpoints, and no word of theirs leaking.

What goes over the wire is the business of :mod:`waiaas.engine.node_connections`.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from waiaas.engine.node_connections import Answer, Endpoint
from waiaas.errors import Unavailable

_CALL_SECONDS = 5.0
_RETRY_STATUSES = frozenset({429, 500, 502, 503, 504})

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
    :param read: what makes a value of an answer's JSON; raises ValueError for what is none
    """

    def __init__(self, urls: Sequence[str], read: Callable[[bytes], Any] = json.loads) -> None:
        self.tally = Tally()
        self._read = read
        self._endpoints = tuple(Endpoint(url) for url in urls)
        self._preferred = 0

    def json(self, method: str, path: str = "", body: Any = None) -> Any:
        """Ask until one endpoint answers with JSON. Network; may be called again.

        :raises Unavailable: when none did in time
        """
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        retry_after: int | None = None
        for offset in range(len(self._endpoints)):
            index = (self._preferred + offset) % len(self._endpoints)
            try:
                answer = self._ask(self._endpoints[index], method, path, content)
            except Unavailable as problem:
                retry_after = problem.retry_after or retry_after
                continue
            self._preferred = index
            return answer
        raise Unavailable("no configured node answered", retry_after=retry_after)

    def each(self) -> "Sequence[NodeHttp]":
        """One client an endpoint, sharing this one's connections."""
        if len(self._endpoints) == 1:
            return (self,)
        return [self._over(endpoint) for endpoint in self._endpoints]

    def close(self) -> None:
        """Close every idle connection."""
        for endpoint in self._endpoints:
            endpoint.close()

    def _over(self, endpoint: Endpoint) -> "NodeHttp":
        one = NodeHttp((), self._read)
        one.tally, one._endpoints = self.tally, (endpoint,)
        return one

    def _ask(self, endpoint: Endpoint, method: str, path: str, content: bytes | None) -> Any:
        seconds = _seconds_left()
        if seconds <= 0:
            raise Unavailable("the time for this call is used up")
        self.tally.add()
        try:
            answer = endpoint.ask(method, path, content, seconds)
        except OSError as problem:
            raise Unavailable(f"the node could not be asked ({type(problem).__name__})") from None
        return self._parsed(answer)

    def _parsed(self, answer: Answer) -> Any:
        if answer.status in _RETRY_STATUSES:
            raise Unavailable(f"the node answered {answer.status}", retry_after=_retry_after(answer))
        try:
            return self._read(answer.body)
        except (ValueError, RecursionError):
            raise Unavailable(f"the node answered {answer.status} without JSON") from None


def _retry_after(answer: Answer) -> int | None:
    text = answer.headers.get(b"retry-after", b"")
    return min(int(text), 60) if text.isdigit() and len(text) < 10 else None
