"""The host's HTTP client for nodes: one for each network, with deadlines, several endpoints, and no word of theirs leaking.

What goes over the wire is the business of :mod:`waiaas.engine.node_connections`.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from waiaas.config.values import mask_url
from waiaas.engine.node_connections import Answer, Endpoint
from waiaas.engine.node_room import NoRoom
from waiaas.engine.rules.json_bounds import TooMuch, require_modest
from waiaas.errors import NodeFailure, NodeTrouble, Trouble

_CALL_SECONDS = 5.0
_MOST_BYTES = 2 * 1024 * 1024
_BYTES_A_VALUE = 40
"""So many bytes of the largest answer for each value that an answer may have: a value takes a hundred of memory or more."""
_MOST_DEPTH = 64
_STATUSES: dict[int, tuple[Trouble, str]] = {
    401: (Trouble.TURNED_AWAY, "it wants a key, or does not take the one in its address"),
    402: (Trouble.LIMITED, "the provider's plan is used up"),
    403: (Trouble.TURNED_AWAY, "it does not serve us: a key is missing or wrong, or a plan is used up"),
    404: (Trouble.TURNED_AWAY, "there is no such service at its address"),
    407: (Trouble.TURNED_AWAY, "a proxy before it wants a password"),
    408: (Trouble.UNHEALTHY, "it waited too long for the question"),
    413: (Trouble.TOO_LARGE, "the question is larger than it takes"),
    429: (Trouble.LIMITED, "it is asked more often than it allows"),
    502: (Trouble.UNHEALTHY, "what answers for it cannot reach it"),
    503: (Trouble.UNHEALTHY, "it is overloaded, or closed for a while"),
    504: (Trouble.UNHEALTHY, "what answers for it had no answer from it in time"),
}
"""What an HTTP status says of an endpoint (RFC 9110, RFC 6585; the providers agree on these)."""

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
        self._addresses = tuple(mask_url(url) for url in urls)
        self._first, self._preferred = 1, 0
        # one endpoint is its own client
        self._each: tuple[NodeHttp, ...] = (
            (self,) if len(urls) == 1 else tuple(self._over(index) for index in range(len(urls)))
        )

    @property
    def address(self) -> str:
        """Scheme and host of the first endpoint, masked; empty where there is none."""
        return self._addresses[0] if self._addresses else ""

    @property
    def position(self) -> int:
        """Which of the configured endpoints the first one is, from 1."""
        return self._first

    def json(self, method: str, path: str = "", body: Any = None) -> Any:
        """Ask until one endpoint answers with a 2xx and JSON. Network; may be called again.

        :raises NodeFailure: when none did in time
        """
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        failures: list[NodeFailure] = []
        for offset in range(len(self._endpoints)):
            index = (self._preferred + offset) % len(self._endpoints)
            try:
                answer = self._ask(index, method, path, content)
            except NodeFailure as failure:
                failures.append(failure)
                continue
            self._preferred = index
            return answer
        raise _joined(failures)

    def each(self) -> "Sequence[NodeHttp]":
        """One client an endpoint, sharing this one's connections; the same ones each time."""
        return self._each

    def close(self) -> None:
        """Close every idle connection."""
        for endpoint in self._endpoints:
            endpoint.close()

    def _over(self, index: int) -> "NodeHttp":
        one = NodeHttp((), self._read)
        one.tally, one._endpoints, one._addresses = self.tally, (self._endpoints[index],), (self._addresses[index],)
        one._first, one._each = index + 1, (one,)
        return one

    def _ask(self, index: int, method: str, path: str, content: bytes | None) -> Any:
        seconds = _seconds_left()
        if seconds <= 0:
            raise self._failure(index, Trouble.UNREACHABLE, "the time for this call was used up before it was asked")
        self.tally.add()
        endpoint, most = self._endpoints[index], _most_bytes(content)
        with endpoint.room.lease(most) as lease:
            try:
                return self._parsed(index, endpoint.ask(method, path, content, seconds, lease), most)
            except (NoRoom, TooMuch) as problem:
                raise self._failure(index, Trouble.TOO_LARGE, f"its answer is larger than is read: {problem}") from None
            except OSError as problem:
                words = f"it could not be asked ({type(problem).__name__})"
                raise self._failure(index, Trouble.UNREACHABLE, words) from None

    def _parsed(self, index: int, answer: Answer, most: int) -> Any:
        require_modest(answer.body, most_values=most // _BYTES_A_VALUE, most_depth=_MOST_DEPTH)
        read = self._json_of(answer)
        if not 200 <= answer.status < 300:
            kind, words = _said_by(answer.status)
            words = f"HTTP {answer.status}: {words}"
            raise self._failure(index, kind, words, answer=read, retry_after=_retry_after(answer))
        if read is None and answer.body.strip() != b"null":
            raise self._failure(index, Trouble.MALFORMED, f"HTTP {answer.status} without JSON")
        return read

    def _json_of(self, answer: Answer) -> Any:
        """None where there is no JSON."""
        try:
            return self._read(answer.body)
        except (ValueError, RecursionError):
            return None

    def _failure(
        self, index: int, kind: Trouble, words: str, *, answer: Any = None, retry_after: int | None = None
    ) -> NodeFailure:
        trouble = NodeTrouble(kind=kind, words=words, endpoint=self._addresses[index], position=self._first + index)
        return NodeFailure(
            f"the node did not answer: {words}", troubles=(trouble,), answer=answer, retry_after=retry_after
        )


def _most_bytes(content: bytes | None) -> int:
    """Of the answer: one to several questions at once, where histories are read, may be twice as large."""
    return _MOST_BYTES * (2 if content is not None and content.startswith(b"[") else 1)


def _said_by(status: int) -> tuple[Trouble, str]:
    if 300 <= status < 400:
        return Trouble.MOVED, "it redirects to another address, and redirects are not followed"
    return _STATUSES.get(
        status, (Trouble.FAILED, "it is in trouble" if status >= 500 else "it did not take the question")
    )


def _joined(failures: Sequence[NodeFailure]) -> NodeFailure:
    if len(failures) == 1:
        return failures[0]
    return NodeFailure(
        "no configured node answered",
        troubles=[trouble for failure in failures for trouble in failure.troubles],
        answer=next((failure.answer for failure in failures if failure.answer is not None), None),
        retry_after=next((failure.retry_after for failure in failures if failure.retry_after is not None), None),
    )


def _retry_after(answer: Answer) -> int | None:
    text = answer.headers.get(b"retry-after", b"")
    return min(int(text), 60) if text.isdigit() and len(text) < 10 else None
