"""Request bodies: strict JSON (RFC 8259, and narrower), bounded in size and in depth."""

import json
from collections.abc import Iterable
from typing import Any, BinaryIO, NoReturn

from waiaas.errors import BadRequest, TooLarge

MAX_BODY_BYTES = 1_048_576
MAX_DEPTH = 32


def read_body(stream: BinaryIO, length: int) -> bytes:
    """Read a body whose declared length is ``length``. Blocks on the client.

    :raises TooLarge: over MAX_BODY_BYTES, before anything is read
    :raises BadRequest: when the client hung up before the end
    """
    if length > MAX_BODY_BYTES:
        raise TooLarge("the body is larger than 1 MiB", details={"maxBytes": MAX_BODY_BYTES})
    body = stream.read(length) if length else b""
    if len(body) != length:
        raise _malformed("the body ended before its Content-Length")
    return body


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object in ``body``; an empty body is an empty object.

    :raises BadRequest: with MALFORMED for duplicate keys, NaN and infinities, invalid UTF-8, lone surrogates, nesting deeper
        than MAX_DEPTH, numbers of thousands of digits, and anything that is not one object
    """
    if not body:
        return {}
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH:
        _require_shallow(body)
    try:
        value = json.loads(
            body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite
        )
    except UnicodeDecodeError:
        raise _malformed("the body is not UTF-8") from None
    except ValueError:
        raise _malformed("the body is not JSON") from None
    if not isinstance(value, dict):
        raise _malformed("the body is not a JSON object")
    if b"\\u" in body:
        _require_encodable(value)
    return value


def _require_shallow(body: bytes) -> None:
    """Count brackets outside of strings, so that the parser's recursion never meets a tower of them."""
    depth = 0
    in_string = escaped = False
    for byte in body:
        if in_string:
            in_string = escaped or byte != 0x22
            escaped = byte == 0x5C and not escaped
        elif byte == 0x22:
            in_string = True
        elif byte in (0x7B, 0x5B):
            depth += 1
            if depth > MAX_DEPTH:
                raise _malformed(f"the body nests deeper than {MAX_DEPTH}")
        elif byte in (0x7D, 0x5D):
            depth -= 1


def _require_encodable(value: dict[str, Any]) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise _malformed("the body holds half of a surrogate pair") from None


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise _malformed("a key occurs twice in one object")
        result[key] = value
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise _malformed(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise _malformed("a number is too large")
    return number


def _malformed(message: str) -> BadRequest:
    return BadRequest(message, code="MALFORMED", hint="send one JSON object in UTF-8, without duplicate keys")
