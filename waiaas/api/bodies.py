"""Request bodies: strict JSON (RFC 8259, and narrower), bounded in size and in depth."""

import json
from collections.abc import Iterable
from typing import Any, BinaryIO, NoReturn

from waiaas.engine.rules.json_bounds import TooMuch, require_modest
from waiaas.errors import BadRequest, TooLarge

MAX_BODY_BYTES = 1_048_576
USUAL_BODY_BYTES = 65_536
MAX_DEPTH = 32
MOST_VALUES = 65_536


def too_large(most: int) -> TooLarge:
    """The refusal of a body over ``most`` bytes."""
    size = f"{most // MAX_BODY_BYTES} MiB" if most >= MAX_BODY_BYTES else f"{most // 1024} KiB"
    return TooLarge(f"the body is larger than {size}", details={"maxBytes": most})


def read_body(stream: BinaryIO, length: int, most: int = MAX_BODY_BYTES) -> bytes:
    """Read a body whose declared length is ``length``. Blocks on the client.

    :param most: bytes that the route takes
    :raises TooLarge: over ``most``, before anything is read
    :raises BadRequest: when the client hung up before the end
    """
    if length > most:
        raise too_large(most)
    body = stream.read(length) if length else b""
    if len(body) != length:
        raise _malformed("the body ended before its Content-Length")
    return body


def parse_object(body: bytes, most_values: int = MOST_VALUES) -> dict[str, Any]:
    """The JSON object in ``body``; an empty body is an empty object.

    :param most_values: counted before anything is built, since a value costs up to a hundred times its bytes
    :raises BadRequest: with MALFORMED for duplicate keys, NaN and infinities, invalid UTF-8, lone surrogates, nesting deeper
        than MAX_DEPTH, numbers of thousands of digits, too many values, and anything that is not one object
    """
    if not body:
        return {}
    try:
        require_modest(body, most_values=most_values, most_depth=MAX_DEPTH)
    except TooMuch as problem:
        raise _malformed(f"the body {problem}") from None
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
