"""One connection of a door: a Waitress channel that begins a request only when the last answer has left, and that knows since
when it has kept the door waiting.

Waitress reads every pipelined request at once and lets a thread wait for a client that does not read. Here what comes behind a
whole request stays as it is until the answer is gone, so that no client can hold a thread. Uses internals of Waitress 3.0
(``received``, ``writable``, ``handle_write``, ``requests``, ``total_outbufs_len``); the version is pinned below 3.1.
"""

import re
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.task import ErrorTask
from waitress.utilities import BadRequest as Malformed
from waitress.utilities import RequestEntityTooLarge

from waiaas.api.bodies import too_large
from waiaas.api.refusals import error_body, error_headers
from waiaas.errors import BadRequest, WaiaasError

_MOST_FIELDS = 100
_KEY_FIELD = re.compile(rb"(?im)^idempotency-key[ \t]*:")
_PIECE = 512
"""Bytes of a body in chunks that are read before anybody looks how much of it was framing."""
SizeOf = Callable[[str], Adjustments]
"""By the path of a request, the settings with the largest body that it takes."""


class JsonErrorTask(ErrorTask):
    """What Waitress itself refuses (bytes that are no HTTP, bodies too large), in the API's one shape."""

    def execute(self) -> None:
        task: Any = self
        problem = task.request.error
        error, status = _in_our_words(problem.code, task.request.adj.max_request_body_size - 1)
        request_id = str(uuid4())
        body = error_body(error, request_id)
        self.status = f"{status} {problem.reason}"
        headers = {"Content-Type": "application/json", "X-Request-Id": request_id, "Cache-Control": "no-store"}
        task.response_headers.extend((headers | error_headers(error)).items())
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


def _in_our_words(code: int, most: int) -> tuple[WaiaasError, int]:
    if code == 413:
        return too_large(most), code
    if code >= 500 and code != 501:
        return WaiaasError("something went wrong inside"), 500
    return BadRequest("the request is not HTTP that this server reads"), code


class _Parser(HTTPRequestParser):
    """A request that is coming in: its header has few fields, its body the size that its path takes."""

    def __init__(self, adj: Adjustments, size_of: SizeOf) -> None:
        super().__init__(adj)
        self._size_of = size_of
        self.began_at = time.time()
        self._in_chunks = 0

    def parse_header(self, header_plus: bytes) -> None:
        """:raises ParsingError: also for many fields: each costs many times its bytes"""
        if header_plus.count(b"\n") > _MOST_FIELDS:
            raise ParsingError("too many header fields")
        if len(_KEY_FIELD.findall(header_plus)) > 1:
            raise ParsingError("two Idempotency-Key fields")
        super().parse_header(header_plus)
        request: Any = self
        is_coded = request.chunked or "TRANSFER_ENCODING" in request.headers
        if is_coded and "CONTENT_LENGTH" in request.headers:
            raise ParsingError("the body's length is said in two ways")  # RFC 9112 6.3: perhaps smuggled
        request.adj = self._size_of(request.path)

    def received(self, data: bytes) -> int:
        """Take bytes; of a body in chunks a little at a time, so that tiny chunks are noticed before they cost much. A chunk
        that says that it is larger than a body may be is refused before it comes."""
        request: Any = self
        if not request.chunked or request.body_rcv is None:
            return self._measured(int(super().received(data)))
        count = self._measured(int(super().received(data[:_PIECE])))
        self._in_chunks += count
        if self._in_chunks > _PIECE + 2 * len(request.body_rcv) and not request.completed:
            request.error, request.completed = Malformed("chunks are too small"), True
        return count

    def _measured(self, count: int) -> int:
        request: Any = self
        most = request.adj.max_request_body_size
        if request.chunked and not request.completed and request.body_rcv.chunk_remainder >= most:
            request.error, request.completed = RequestEntityTooLarge(f"exceeds max_body of {most}"), True
        return count


class Channel(HTTPChannel):
    """A connection. The loop's thread alone reads, resumes and closes it; a task's thread answers.

    :ivar whole_at: when its last whole request came, or it was opened
    """

    error_task_class = JsonErrorTask
    server: Any
    requests: Any
    requests_lock: Any
    request: Any
    total_outbufs_len: int
    will_close: bool
    close_when_flushed: bool

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.whole_at = time.time()
        self._held = b""

    @property
    def is_in_work(self) -> bool:
        """Whether a whole request is queued or being answered: nobody may close it then."""
        return bool(self.requests)

    @property
    def is_busy(self) -> bool:
        """Whether something that came in whole has not been answered to its last byte."""
        return bool(self.requests or self.total_outbufs_len or self._held)

    @property
    def body_size(self) -> int:
        """Bytes of bodies in memory, of a request that is coming in and of one in work."""
        request = self.request
        coming = 0 if request is None else request.body_bytes_received
        return int(coming + sum(one.body_bytes_received for one in list(self.requests)))

    def late_since(self, header_seconds: float, idle_seconds: float) -> float:
        """The moment at which its time is up, were nothing to happen from now on. Not for one in work."""
        request = self.request
        if request is None:
            return float(self.last_activity) + idle_seconds
        return float(request.began_at) + (idle_seconds if request.headers_finished else header_seconds)

    def received(self, data: bytes) -> bool:
        """Take bytes up to the end of one request; what is behind it waits."""
        with self.requests_lock:
            if self.will_close or self.close_when_flushed:
                return False
            self._held += data
            while self._held and not self.requests:
                self._take_some()
        return True

    def readable(self) -> bool:
        return not self._held and bool(super().readable())

    def writable(self) -> bool:
        return bool(super().writable()) or self._may_go_on()

    def handle_write(self) -> None:
        super().handle_write()
        if self._may_go_on():
            self.received(b"")

    def _may_go_on(self) -> bool:
        """Whether the next of several pipelined requests can begin: the last answer has left."""
        ends = self.will_close or self.close_when_flushed
        return bool(self._held) and not (self.requests or self.total_outbufs_len or ends)

    def _take_some(self) -> None:
        request = self.request = self.request or _Parser(self.adj, self.server.size_of)
        count = request.received(self._held)
        self._held = self._held[count:]
        waits = request.expect_continue and request.headers_finished and not request.completed
        if waits and not self.sent_continue:
            self.send_continue()
        if request.completed:
            self.request, self.sent_continue = None, False
            if not request.empty:
                self.whole_at = time.time()
                self.requests.append(request)
                self.server.add_task(self)
