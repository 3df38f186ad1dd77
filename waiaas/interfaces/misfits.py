"""What a model of pydantic refuses, in words for a person: what the field must be, not how the library calls that.

Errors of validators of our own and of plugins (``ValueError``, ``PydanticCustomError``) are words already and pass through.
"""

from collections.abc import Mapping
from typing import Any, get_args

from pydantic_core import core_schema

_TEXT, _NUMBER, _LIST, _OBJECT = "must be a text", "must be a number", "must be a list", "must be an object"
_WORDS: Mapping[str, str] = {
    "missing": "is required",
    "extra_forbidden": "is unknown",
    "none_required": "must be null",
    "string_type": _TEXT,
    "string_unicode": "must be a text in UTF-8",
    "string_too_short": "must have {min_length} characters at least",
    "string_too_long": "must have {max_length} characters at most",
    "string_pattern_mismatch": "must have the form {pattern}",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "is too large a number",
    "int_from_float": "must be a whole number",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": "must be a finite number",
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "multiple_of": "must be a multiple of {multiple_of}",
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "iterable_type": _LIST,
    "too_short": "must have {min_length} entries at least",
    "too_long": "must have {max_length} entries at most",
    "dict_type": _OBJECT,
    "mapping_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dataclass_type": _OBJECT,
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "union_tag_invalid": "must be of a type that there is: {expected_tags}",
    "union_tag_not_found": "must name its type",
    "url_type": "must be a URL",
    "url_parsing": "must be a URL",
    "url_syntax_violation": "must be a URL",
    "url_too_long": "must be a URL of {max_length} characters at most",
    "url_scheme": "must be a URL that begins with {expected_schemes}",
    "json_invalid": "must be JSON",
    "json_type": "must be JSON",
}
"""pydantic's error types (docs.pydantic.dev, "Validation Errors"), as far as models here can raise them."""

_OWN = frozenset({"value_error", "assertion_error"})
_PREFIXES = ("Value error, ", "Assertion failed, ")


def misfit(item: Mapping[str, Any]) -> str:
    """What one entry of ``ValidationError.errors()`` says, to follow the field's name: ``must be a whole number``. Pure.

    :param item: with its ``ctx``, which holds the bounds
    """
    kind, text = str(item["type"]), str(item["msg"])
    if kind in _OWN:
        return _without_prefix(text)
    words = _WORDS.get(kind)
    if words is None:
        return text if _is_own_word(kind) else "is not what belongs here"
    try:
        return words.format_map(item.get("ctx") or {})
    except KeyError:
        return words.partition(" {")[0]


def _without_prefix(text: str) -> str:
    for prefix in _PREFIXES:
        text = text.removeprefix(prefix)
    return text


def _is_own_word(kind: str) -> bool:
    """Whether the type is none of pydantic's own, so that the text was written here or by a plugin."""
    return kind not in get_args(core_schema.ErrorType)
