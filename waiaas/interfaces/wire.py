"""Records as JSON and back: how values of the plugin boundary are stored, hashed and, one day, sent to another process.

Every scalar becomes a string (integers in decimal, bytes in hex), so that no reader can round an amount; ``None`` and booleans
stay what they are. Field names are the records' own.
"""

import dataclasses
import hashlib
import types
import typing
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache, lru_cache
from typing import Any, Literal, TypeVar, Union

import rfc8785

from waiaas.errors import Malformed
from waiaas.interfaces.chain import Intent

T = TypeVar("T")

_INTENT_DOMAIN = b"waiaas/intent/v1\0"


def to_wire(value: Any) -> Any:
    """Pure. A record, or a collection of them, as JSON-able data. Sets are sorted."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: to_wire(getattr(value, name)) for name in _field_types(type(value))}
    return _collection(value)


def from_wire(kind: type[T], data: Any) -> T:
    """Pure. The record that :func:`to_wire` wrote.

    :raises Malformed: when ``data`` does not have the record's shape
    """
    try:
        result: T = _read(kind, data)
    except (KeyError, TypeError, ValueError) as problem:
        raise Malformed(f"this is not a stored {kind.__name__}: {problem}") from problem
    return result


def canonical(value: Any) -> bytes:
    """Pure. RFC 8785 JSON of :func:`to_wire` of ``value``."""
    return rfc8785.dumps(to_wire(value))


@lru_cache(maxsize=1024)
def intent_digest(intent: Intent) -> str:
    """Pure. SHA-256 in hex over the domain and the canonical intent; what owners sign and rows are found by."""
    return hashlib.sha256(_INTENT_DOMAIN + canonical(intent)).hexdigest()


def _collection(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): to_wire(item) for key, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(to_wire(item) for item in value)
    if isinstance(value, Sequence):
        return [to_wire(item) for item in value]
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


@cache
def _field_types(kind: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _read(kind: Any, data: Any) -> Any:
    origin = typing.get_origin(kind)
    if origin is Literal:
        return _read_word(typing.get_args(kind), data)
    if origin in (Union, types.UnionType):
        inner = [part for part in typing.get_args(kind) if part is not type(None)]
        return None if data is None else _read(inner[0], data)
    if origin is not None:
        return _read_collection(origin, typing.get_args(kind), data)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        if not isinstance(data, Mapping):
            raise TypeError("expected an object")
        fields = _field_types(kind)
        # a field that a later version added is absent from older rows: its default stands in, or the constructor complains
        return kind(**{name: _read(part, data[name]) for name, part in fields.items() if name in data})
    return _read_scalar(kind, data)


def _read_collection(origin: Any, arguments: tuple[Any, ...], data: Any) -> Any:
    if issubclass(origin, Mapping):
        if not isinstance(data, Mapping):
            raise TypeError("expected an object")
        return {str(key): _read(arguments[1], item) for key, item in data.items()}
    if not isinstance(data, list):
        raise TypeError("expected a list")
    if origin is tuple and arguments[-1] is not Ellipsis:
        return tuple(_read(part, item) for part, item in zip(arguments, data, strict=True))
    items = [_read(arguments[0], item) for item in data]
    return frozenset(items) if issubclass(origin, frozenset) else tuple(items)


def _read_word(words: tuple[Any, ...], data: Any) -> Any:
    if data not in words:
        raise ValueError(f"{data!r} is none of {', '.join(words)}")
    return data


def _read_scalar(kind: Any, data: Any) -> Any:
    if kind is bool:
        if not isinstance(data, bool):
            raise TypeError("expected true or false")
        return data
    if not isinstance(data, str):
        raise TypeError(f"expected a string, not {type(data).__name__}")
    if kind is int:
        if not data.removeprefix("-").isdecimal() or not data.isascii():
            raise ValueError(f"{data!r} is not an integer")
        return int(data)
    return bytes.fromhex(data) if kind is bytes else kind(data)
