"""What all models share: camelCase on the wire, strict types, nothing unknown; amounts, ids, pages and errors."""

import re
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

AMOUNT_PATTERN = "^[1-9][0-9]{0,77}$"
AMOUNT_OR_ZERO_PATTERN = "^(0|[1-9][0-9]{0,77})$"
MAX_PAGE = 200
_AMOUNT = re.compile(r"[1-9][0-9]{0,77}", re.ASCII)
_AMOUNT_OR_ZERO = re.compile(r"0|[1-9][0-9]{0,77}", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,10}", re.ASCII)


class Asked(BaseModel):
    """A request: exactly the wire's names, strict types, nothing unknown."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=False,
        validate_by_alias=True,
        extra="forbid",
        strict=True,
        frozen=True,
    )


class Answered(BaseModel):
    """An answer: built by field name in the code, camelCase on the wire. Fields not declared are a mistake of ours."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="forbid",
        frozen=True,
        serialize_by_alias=True,
    )


class Nothing(Asked):
    """A request without fields: no body, ``{}``, no query."""


def _check_amount(value: object) -> str:
    return _check(value, _AMOUNT)


def _check_amount_or_zero(value: object) -> str:
    return _check(value, _AMOUNT_OR_ZERO)


def _check(value: object, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise PydanticCustomError("invalid_amount", "a decimal string of base units is wanted, ASCII digits alone")
    return value


def read_whole(value: object) -> int:
    """A number of a query, which holds texts alone."""
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    raise ValueError("a whole number is wanted")


Amount = Annotated[
    str,
    PlainValidator(_check_amount),
    WithJsonSchema({"type": "string", "pattern": AMOUNT_PATTERN, "examples": ["1000000"]}),
]
"""Base units, above zero."""

AmountOrZero = Annotated[
    str, PlainValidator(_check_amount_or_zero), WithJsonSchema({"type": "string", "pattern": AMOUNT_OR_ZERO_PATTERN})
]
"""Base units, where zero makes sense."""

WrittenAmount = Annotated[
    str,
    Field(
        min_length=1,
        max_length=280,
        pattern=r"^[\x20-\x7e]+$",
        description="above zero: base units, or display units with the symbol of the asset",
        examples=["10000000", "0.01SOL", "0.01 SOL"],
    ),
]
"""An amount as a person may write it where rules are made; the engine makes base units of it."""

Reference = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[\x20-\x7e]+$")]
"""An id as somebody sends it back to us."""

MAX_SAFE = 2**53 - 1
"""The largest whole number that every JSON reader keeps exactly (RFC 8259, 6)."""
PageSize = Annotated[int, Field(ge=1, le=MAX_PAGE), BeforeValidator(read_whole)]
Since = Annotated[int, Field(ge=0, le=MAX_SAFE), BeforeValidator(read_whole)]
Cursor = Annotated[str, Field(min_length=1, max_length=512, pattern=r"^[\x21-\x7e]+$")]
UnixSeconds = Annotated[int, WithJsonSchema({"type": "integer", "minimum": 0, "maximum": MAX_SAFE})]
Count = Annotated[int, WithJsonSchema({"type": "integer", "minimum": 0, "maximum": MAX_SAFE})]
"""A whole number in an answer, never below zero."""
Decimals = Annotated[int, WithJsonSchema({"type": "integer", "minimum": 0, "maximum": 255})]
Priority = Annotated[int, Field(ge=-1_000_000, le=1_000_000)]
Word = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]*$")]
"""A name of a chain, network, type or event: open text, but never free text."""


class PageAsked(Asked):
    """:param cursor: from the page before"""

    limit: PageSize = 50
    cursor: Cursor | None = None


T = TypeVar("T")


class PageOf(Answered, Generic[T]):
    """One page of a list, newest first. :param cursor: asks for the next page; null at the end"""

    items: list[T]
    cursor: str | None = None
    has_more: bool = False


class ErrorAnswer(Answered):
    """Every error. :param request_id: also the X-Request-Id header; :param retryable: the same call may succeed later"""

    code: str
    message: str
    retryable: bool
    hint: str
    details: dict[str, Any]
    request_id: str
