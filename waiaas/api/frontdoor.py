"""The front door: what every request passes before anything looks at what it wants, and what every answer carries."""

import random
import time
from collections.abc import Iterable
from typing import Any, Final

import falcon

from waiaas.api.bodies import too_large
from waiaas.api.body_sizes import BodySizes
from waiaas.api.call import Visit
from waiaas.api.credentials import Door, Shown
from waiaas.api.hosts import Hosts, is_loopback
from waiaas.api.limits import Rates
from waiaas.errors import BadMediaType, BadRequest, Denied

URL_KEY: Final = "waiaas.url"
"""Where in a request's environment the server says at which address it serves TCP."""
DOOR_KEY: Final = "waiaas.door"
"""Where a server writes into the WSGI environment which door a request came through; no client can."""

_HARDENING = (
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
_PREFLIGHT = (
    ("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, Prefer, X-Master-Password"),
    ("Access-Control-Max-Age", "600"),
)
_EXPOSED = "Idempotency-Replayed, Preference-Applied, Retry-After, X-Request-Id"
_random = random.Random()  # noqa: S311 - see _request_id
_FIXED_BITS = 0xF << 76 | 0x3 << 62
_VERSION_7 = 0x7 << 76 | 0x2 << 62
_FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP", "HTTP_VIA")


class FrontDoor:
    """Falcon middleware.

    :param door: what a request counts as when the server did not say
    :param origins: browser origins that may read answers; none is the default
    :param own_allowance: paths that are counted apart from the global limit
    :param sizes: how large a body may be
    """

    def __init__(
        self,
        *,
        door: Door,
        hosts: Hosts,
        rates: Rates,
        origins: Iterable[str],
        own_allowance: Iterable[str],
        sizes: BodySizes,
    ) -> None:
        self._door = door
        self._hosts = hosts
        self._rates = rates
        self._origins = frozenset(origin.lower().rstrip("/") for origin in origins)
        self._own_allowance = frozenset(own_allowance)
        self._sizes = sizes

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Name the request, take the credentials out of the environment, and refuse what is refused to everybody."""
        env = req.env
        password = env.pop("HTTP_X_MASTER_PASSWORD", None)
        visit = Visit(id=_request_id(), shown=self._shown(env), tcp_url=env.get(URL_KEY))
        req.context.visit = visit
        resp.set_headers(_HARDENING)
        resp.set_header("X-Request-Id", visit.id)
        self._hosts.require(env.get("HTTP_HOST"))
        self._share(env, resp)
        if resp.complete:
            return
        self._count(req.path, visit.shown)
        visit.length = _require_acceptable_body(env, self._sizes.of(req.path))
        if password is not None:
            _require_local(env, visit.shown)
            visit.shown.password = bytearray(password.encode("latin-1"))

    def process_response(self, req: falcon.Request, resp: falcon.Response, resource: object, succeeded: bool) -> None:
        """Wipe the password, however the request ended."""
        visit: Visit | None = getattr(req.context, "visit", None)
        if visit is not None:
            visit.shown.wipe()

    def _shown(self, env: dict[str, Any]) -> Shown:
        door: Door = env.get(DOOR_KEY, self._door)
        ip = "socket" if door == "socket" else str(env.get("REMOTE_ADDR") or "")
        return Shown(door=door, ip=ip, authorization=env.get("HTTP_AUTHORIZATION"))

    def _count(self, path: str, shown: Shown) -> None:
        if shown.door == "socket":
            return
        if path in self._own_allowance:
            self._rates.count_own(path, shown.ip)
        else:
            self._rates.count_peer(shown.ip)

    def _share(self, env: dict[str, Any], resp: falcon.Response) -> None:
        """Cross-origin sharing, for configured origins alone; a preflight of one is answered here."""
        origin = env.get("HTTP_ORIGIN")
        if origin is None or not self._origins:
            return
        resp.append_header("Vary", "Origin")
        if origin.lower() not in self._origins:
            return
        resp.set_header("Access-Control-Allow-Origin", origin)
        resp.set_header("Access-Control-Expose-Headers", _EXPOSED)
        resp.set_header("Cross-Origin-Resource-Policy", "cross-origin")
        if env["REQUEST_METHOD"] == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in env:
            resp.set_headers(_PREFLIGHT)
            resp.status = falcon.HTTP_204
            resp.complete = True


def _require_acceptable_body(env: dict[str, Any], most: int) -> int:
    """The body's length; 0 without one. :param most: bytes that the path takes

    :raises TooLarge, BadMediaType, BadRequest: before authentication, from the headers alone
    """
    text = env.get("CONTENT_LENGTH") or ""
    if not text and "HTTP_TRANSFER_ENCODING" not in env:
        return 0
    if not (text.isascii() and text.isdigit()):
        raise BadRequest("the body's length cannot be read", hint="send a Content-Length")
    length = int(text[:20])
    if length > most:
        raise too_large(most)
    if length and not _is_json(env.get("CONTENT_TYPE") or ""):
        raise BadMediaType("the body is not application/json", hint="send Content-Type: application/json")
    return length


def _is_json(content_type: str) -> bool:
    kind, _, parameters = content_type.partition(";")
    charset = parameters.strip().lower().replace('"', "")
    return kind.strip().lower() == "application/json" and charset in ("", "charset=utf-8")


def _require_local(env: dict[str, Any], shown: Shown) -> None:
    """:raises Denied: for a password that travelled over a network; it is not even tried"""
    if shown.door == "socket" or (is_loopback(shown.ip) and not any(name in env for name in _FORWARDED)):
        return
    raise Denied(
        "the master password is taken on this machine only",
        code="FORBIDDEN",
        hint="use the CLI on the daemon's machine, or an operator token",
    )


def _request_id() -> str:
    """A UUID v7 (RFC 9562). It names and guards nothing, so its randomness need not cost a system call."""
    value = (time.time_ns() // 1_000_000) << 80 | _random.getrandbits(80)
    text = f"{value & ~_FIXED_BITS | _VERSION_7:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
