"""The one shape of every error: {code, message, retryable, hint, details, requestId}."""

import json
import logging
import re
from collections.abc import Mapping, Sequence

import falcon
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from waiaas.errors import (
    BadMediaType,
    BadRequest,
    ChainUnreachable,
    MethodNotAllowed,
    NotFound,
    PluginError,
    RefusedByChain,
    TooLarge,
    Unauthenticated,
    WaiaasError,
)
from waiaas.interfaces.misfits import misfit

_log = logging.getLogger("waiaas.api")
_MAX_NAMED = 200
# What helps in general, where whoever refused had nothing better to say.
_HINTS: Mapping[int, str] = {
    400: "see /openapi.json for what this route takes",
    401: "send a valid token; it may have expired or been revoked",
    403: "ask the operator; `details` says what is allowed",
    404: "check the id and the path",
    405: "see /openapi.json for the methods of this path",
    409: "read it again and decide by what it is now",
    413: "send less",
    415: "send Content-Type: application/json",
    422: "check recipient, amount and balance; the same request will not do better",
    423: "ask the operator",
    429: "try again after Retry-After",
    502: "try again when the chain's node is back",
    503: "try again after Retry-After",
}

_ROUTES_OF: Mapping[str, str] = {
    "`waiaas tx cancel-onchain`": "POST /v1/transactions/{id}/cancel-onchain",
    "`waiaas tx list`": "GET /v1/transactions",
}
_OPERATORS_KEYS = re.compile(r"password|operator token|X-Master", re.IGNORECASE)
_COMMAND = re.compile(r"\bwaiaas [a-z]")
_NAMES_A_PERSON = re.compile(r"\b(operator|person)\b")


def error_body(error: WaiaasError, request_id: str, *, is_for_session: bool = False) -> bytes:
    """The JSON of an error."""
    hint = error.hint or _HINTS.get(error.status, "see the daemon's log for this requestId")
    fields = {
        "code": error.code,
        "message": error.message,
        "retryable": error.retryable,
        "hint": hint_for_session(hint) if is_for_session else hint,
        "details": error.details,
        "requestId": request_id,
    }
    return json.dumps(fields).encode()


def error_headers(error: WaiaasError) -> dict[str, str]:
    """Headers that belong to an error: how long to wait, how to authenticate."""
    headers: dict[str, str] = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, error.retry_after))
    elif error.status in (429, 503):
        headers["Retry-After"] = "1"
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="waiaas"'
    return headers


def hint_for_session(hint: str) -> str:
    """The same hint for an agent's program: it is never told to fetch what is the operator's, nor to run the operator's
    commands. What it can do by itself is said as a route."""
    for command, route in _ROUTES_OF.items():
        hint = hint.replace(command, route)
    if _OPERATORS_KEYS.search(hint):
        return "this is for the operator to do: ask the operator"
    is_unsaid = _COMMAND.search(hint) and not _NAMES_A_PERSON.search(hint)
    return f"ask the operator: {hint}" if is_unsaid else hint


def opaque_401() -> Unauthenticated:
    """The one answer to every bad credential, so that nobody learns which part was wrong."""
    return Unauthenticated("no valid credential", hint="send a valid token; it may have expired or been revoked")


def from_validation(problem: ValidationError) -> BadRequest:
    """Say which field is wrong and what it should be, without repeating what was sent."""
    found = problem.errors(include_url=False, include_input=False)
    unknown = [item for item in found if item["type"] == "extra_forbidden"]
    if unknown:
        names = [_path(item["loc"]) for item in unknown]
        return BadRequest(
            f"unknown field: {', '.join(names)}"[:_MAX_NAMED],
            code="UNKNOWN_FIELD",
            hint="see /openapi.json for the fields of this route",
            details={"fields": names[:20]},
        )
    return _from_detail(found[0])


def _from_detail(item: ErrorDetails) -> BadRequest:
    field = _path(item["loc"])
    if item["type"] == "invalid_amount":
        return BadRequest(
            f"{field} is not an amount: {misfit(item)}",
            code="INVALID_AMOUNT",
            hint='a decimal string in base units, such as "1000000"',
            details={"field": field},
        )
    what = misfit(item) if item["type"] == "missing" else f"is not valid: {misfit(item)}"
    return BadRequest(
        f"{field or 'the request'} {what}",
        code="MALFORMED",
        hint="see /openapi.json for this route",
        details={"field": field},
    )


def _path(location: Sequence[str | int]) -> str:
    """A field's path on the wire; the names that discriminate unions (upper case, with a colon) are no part of it."""
    return ".".join(_shown(part) for part in location if not str(part).startswith("as:"))


def _shown(part: str | int) -> str:
    text = str(part)[:64]
    return text if text.isascii() and text.isprintable() else ascii(text)


_BY_STATUS: Mapping[int, tuple[type[WaiaasError], str]] = {
    400: (BadRequest, "the request cannot be read"),
    401: (Unauthenticated, "no valid credential"),
    404: (NotFound, "there is nothing at this path"),
    405: (MethodNotAllowed, "this path does not take this method"),
    413: (TooLarge, "the body is larger than this route takes"),
    415: (BadMediaType, "the body is not application/json"),
}


def from_falcon(problem: falcon.HTTPError) -> WaiaasError:
    """Falcon's own errors in our tree; their words stay inside."""
    kind, message = _BY_STATUS.get(problem.status_code, _BY_STATUS[400])
    return kind(message)


def from_plugin(problem: PluginError) -> WaiaasError:
    """What a plugin raised while it read something for a caller, in our tree and in our codes."""
    if problem.status == 400:
        code = problem.code if problem.code in BadRequest.codes else "MALFORMED"
        return BadRequest(problem.message, code=code, hint=problem.hint, details=problem.details)
    if problem.status == 422:
        return RefusedByChain(problem.message, hint=problem.hint, details={**problem.details, "reason": problem.code})
    return ChainUnreachable(problem.message, hint=problem.hint)


def internal(problem: BaseException, request_id: str) -> WaiaasError:
    """What a caller learns of an exception that nobody foresaw: nothing. The log learns everything."""
    _log.error("request %s failed", request_id, exc_info=problem, extra={"request_id": request_id})
    return WaiaasError("something went wrong inside", hint="the daemon's log has the details under this requestId")
