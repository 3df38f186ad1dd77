"""One HTTP connection pool to one daemon, a bounded retry, and errors as exceptions.

What may be repeated: every request when the connection could not be made at all or the daemon said 429 or 503; requests
marked repeatable (reads, and sends, which carry an idempotency key) also when the connection was lost half-way or any 5xx
came back. ``Retry-After`` is honoured when it fits in the budget; otherwise the error is raised at once.
"""

import os
import random
import stat
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx

from waiaas_sdk.codes import (
    ConnectionLost,
    DaemonUnreachable,
    InvalidIdempotencyKey,
    Malformed,
    PaymentFailed,
    SocketUnsafe,
    type_of,
)
from waiaas_sdk.errors import BadAnswer, BadRequest, Unreachable, WaiaasApiError

_LONGEST_SOCKET_PATH = 100  # sun_path holds 108 bytes on Linux and 104 elsewhere
_NEVER_SENT = frozenset({"DAEMON_UNREACHABLE", "SOCKET_UNSAFE"})
_OF_ERRORS = frozenset({"code", "message", "retryable", "hint", "requestId"})
_NOT_CURED_BY_WAITING = frozenset({"SIGNER_LOCKED", "LOCKED_OUT"})


def path_of(*parts: str) -> str:
    """A path whose parts may hold anything: a name with a slash stays one part."""
    return "/" + "/".join(quote(part, safe="") for part in parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How patient a client is.

    :param attempts: calls in all, at least 1
    :param first_seconds: pause before the second call; it doubles, with jitter
    :param longest_seconds: no single pause is longer; a longer ``Retry-After`` ends the attempts
    :param sleep: how to pause
    :param around: makes a context that is entered for as long as a call takes, repeats and pauses included: for a sign of life
    """

    attempts: int = 5
    first_seconds: float = 0.2
    longest_seconds: float = 10.0
    sleep: Callable[[float], None] = time.sleep
    around: Callable[[], AbstractContextManager[None]] = nullcontext

    def pause(self, attempt: int, retry_after: int | None) -> float | None:
        """Seconds to wait after call number ``attempt`` (from 1); None to give up."""
        if attempt >= self.attempts:
            return None
        if retry_after is not None:
            return float(retry_after) if retry_after <= self.longest_seconds else None
        full = min(self.longest_seconds, self.first_seconds * 2.0 ** (attempt - 1))
        return full * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. :param repeatable: a second arrival of it does no harm"""

    method: str
    path: str
    credential: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    repeatable: bool = False
    timeout: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A successful answer. :param body: parsed JSON; None when there was none"""

    status: int
    body: Any
    headers: Mapping[str, str]


class Transport:
    """The way to one daemon; may be used by several threads.

    :param base_url: ``http://127.0.0.1:3100``; plain http only to this machine
    :param socket: path of the admin socket; then ``base_url`` only fills the Host header
    :param timeout: seconds for one answer
    """

    def __init__(
        self, base_url: str, *, socket: Path | None = None, timeout: float = 30.0, retry: Retry | None = None
    ) -> None:
        if socket is None:
            _check_url(base_url)
        self.base_url = base_url.rstrip("/")
        self.socket = socket
        self._timeout = timeout
        self._retry = retry or Retry()
        self._folder_fd: int | None = None
        self._http = httpx.Client(
            base_url=self.base_url,
            transport=self._make_transport(socket),
            timeout=timeout,
            headers={"User-Agent": "waiaas-sdk", "Accept": "application/json"},
            trust_env=False,
        )

    def _make_transport(self, socket: Path | None) -> httpx.HTTPTransport:
        # verify=False where no TLS is spoken: loading the certificate store would cost 50 ms for nothing
        if socket is None:
            return httpx.HTTPTransport(verify=self.base_url.startswith("https:"), trust_env=False)
        return httpx.HTTPTransport(uds=self._short(socket), verify=False, trust_env=False)

    def _short(self, socket: Path) -> str:
        """A name of the socket that fits into an address: through an open folder where the path is too long."""
        path = str(socket.absolute())
        if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
            return path
        try:
            self._folder_fd = os.open(socket.absolute().parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return path
        return f"/proc/self/fd/{self._folder_fd}/{socket.name}"

    def call(self, call: Call) -> Answer:
        """Make a request, with retries as the module says.

        :raises WaiaasApiError: one of its subclasses; Unreachable when nothing answered
        """
        with self._retry.around():
            return self._repeat(call)

    def _repeat(self, call: Call) -> Answer:
        attempt, may_have_arrived = 0, False
        while True:
            attempt += 1
            try:
                return self._once(call)
            except WaiaasApiError as error:
                may_have_arrived |= error.code not in _NEVER_SENT
                error.may_have_arrived = may_have_arrived
                pause = self._retry.pause(attempt, error.retry_after) if _may_repeat(call, error) else None
                if pause is None:
                    raise
            self._retry.sleep(pause)

    def _once(self, call: Call) -> Answer:
        if self.socket is not None:
            _check_socket(self.socket)
        try:
            response = self._http.request(
                call.method,
                call.path,
                params={name: value for name, value in call.query.items() if value is not None},
                json=call.body,
                headers=_latin1({**call.headers, **call.credential}),
                timeout=call.timeout or self._timeout,
            )
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise _unreachable(self, sent=False) from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise _unreachable(self, sent=True) from error
        return _read(response)

    def close(self) -> None:
        """Close the connections. May be called twice."""
        self._http.close()
        if self._folder_fd is not None:
            os.close(self._folder_fd)
            self._folder_fd = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _latin1(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """As bytes: httpx would refuse a value outside ASCII, and a password may have any letter."""
    return [(name.encode("ascii"), _carried(name, value)) for name, value in headers.items()]


def _carried(name: str, value: str) -> bytes:
    """A header's value. :raises Malformed: for what HTTP cannot carry, before anything is sent"""
    if any(character in value for character in "\r\n\0"):
        raise _not_carried(name)
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        raise _not_carried(name) from None


def _not_carried(name: str) -> BadRequest:
    kind, code = (
        (InvalidIdempotencyKey, "INVALID_IDEMPOTENCY_KEY") if name == "Idempotency-Key" else (Malformed, "MALFORMED")
    )
    return kind(f"{name} has characters that no header can carry", code=code, hint="use printable ASCII characters")


def _check_url(base_url: str) -> None:
    """Tokens travel in clear over http: only this machine may be spoken to that way."""
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{base_url!r} is not an http or https address")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError(f"{base_url!r} would carry the token in clear; use https, or 127.0.0.1")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _check_socket(path: Path) -> None:
    """Nothing is said, least of all a password, to a socket that somebody else made."""
    try:
        found = path.lstat()
    except OSError as error:
        raise DaemonUnreachable(
            f"there is no daemon at {path}", code="DAEMON_UNREACHABLE", hint="start it with: waiaas start"
        ) from error
    if not stat.S_ISSOCK(found.st_mode) or found.st_uid not in (os.geteuid(), 0):
        raise SocketUnsafe(
            f"{path} is not a socket of this user", code="SOCKET_UNSAFE", hint="check the data directory"
        )


def _unreachable(transport: Transport, *, sent: bool) -> Unreachable:
    where = transport.socket or transport.base_url
    if not sent:
        return DaemonUnreachable(
            f"no daemon answers at {where}",
            code="DAEMON_UNREACHABLE",
            retryable=True,
            hint="start it with: waiaas start",
        )
    return ConnectionLost(
        f"the connection to {where} was lost before an answer came",
        code="CONNECTION_LOST",
        retryable=True,
        hint="repeat a send only with the same idempotency key",
    )


def _may_repeat(call: Call, error: WaiaasApiError) -> bool:
    if error.code in _NOT_CURED_BY_WAITING or error.code == "SOCKET_UNSAFE":
        return False
    if error.status in (429, 503):
        return True
    if isinstance(error, Unreachable):
        return call.repeatable or error.code == "DAEMON_UNREACHABLE"
    return call.repeatable and error.status >= 500


def _read(response: httpx.Response) -> Answer:
    body = _json(response)
    if response.is_success:
        return Answer(status=response.status_code, body=body, headers=response.headers)
    fields: dict[str, Any] = body if isinstance(body, dict) else {}
    code = str(fields.get("code") or f"HTTP_{response.status_code}")
    details = _details(fields)
    kind = PaymentFailed if "transaction" in details else type_of(response.status_code, code)
    error = kind(
        str(fields.get("message") or f"the daemon answered {response.status_code}"),
        status=response.status_code,
        code=code,
        hint=str(fields.get("hint") or ""),
        details=details,
        retryable=bool(fields.get("retryable", response.status_code in (429, 502, 503))),
        request_id=fields.get("requestId") or response.headers.get("X-Request-Id"),
        retry_after=_seconds(response.headers.get("Retry-After")),
    )
    raise error


def _details(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """The error's details; of a payment that failed the transaction, which stands around the error's own fields."""
    details = fields.get("details")
    if isinstance(details, dict):
        return details
    row = {name: value for name, value in fields.items() if name not in _OF_ERRORS}
    return {"transaction": row} if "walletId" in fields else {}


def _json(response: httpx.Response) -> Any:
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError as error:
        if response.is_success:
            raise BadAnswer(
                f"{response.url} did not answer with JSON",
                status=response.status_code,
                code="BAD_ANSWER",
                hint="is this a WAIaaS daemon?",
            ) from error
        return None


def _seconds(text: str | None) -> int | None:
    """A Retry-After in seconds (RFC 9110); the date form is not used by daemons and counts as none."""
    return int(text) if text is not None and text.isascii() and text.isdigit() else None
