"""From what a person wrote, in TOML or in an environment variable, to a checked value. Pure; a wrong value is a ValueError."""

import ipaddress
import json
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from waiaas.config.keys import MEBIBYTE, Key, Type, Value

_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_SIZE = re.compile(r"([0-9]{1,12}) ?(B|KB|MB|GB)", re.ASCII | re.IGNORECASE)
_UNITS = re.compile(r"[1-9][0-9]{0,77}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_SCALE = {"B": 1, "KB": 1024, "MB": MEBIBYTE, "GB": 1024 * MEBIBYTE}


def from_toml(key: Key, raw: object) -> Value:
    """Check a value as TOML gave it.

    :raises ValueError: wrong type or out of range
    """
    if key.type is Type.INTEGER:
        return _ranged(key, raw)
    if key.type is Type.SIZE:
        return _ranged(key, parse_size(raw) if isinstance(raw, str) else raw)
    if key.type is Type.BOOLEAN:
        return bool(_exactly(raw, bool))
    if key.type is Type.TEXTS:
        return _texts(raw)
    text = _exactly(raw, str)
    if key.choices and text not in key.choices:
        raise ValueError("not one of the choices")
    return _inside(text) if key.type is Type.PATH else _plain(text)


def from_variable(key: Key, text: str) -> Value:
    """Check a value as an environment variable holds it: lists are JSON, booleans ``true`` or ``false``.

    :raises ValueError: wrong type or out of range
    """
    if key.type is Type.INTEGER or (key.type is Type.SIZE and _INTEGER.fullmatch(text)):
        if not _INTEGER.fullmatch(text):
            raise ValueError("not an integer")
        return from_toml(key, int(text))
    if key.type is Type.BOOLEAN:
        return from_toml(key, {"true": True, "false": False}.get(text.lower()))
    if key.type is Type.TEXTS:
        return from_toml(key, json.loads(text))
    return from_toml(key, text)


def parse_size(text: str) -> int:
    """Bytes of ``512KB``, ``50MB``, ``1GB``, in steps of 1024.

    :raises ValueError: for anything else
    """
    found = _SIZE.fullmatch(text)
    if not found:
        raise ValueError("not a size")
    return int(found[1]) * _SCALE[found[2].upper()]


def show_size(size: int) -> str:
    """The shortest exact way to write so many bytes."""
    for unit in ("GB", "MB", "KB"):
        if size and size % _SCALE[unit] == 0:
            return f"{size // _SCALE[unit]}{unit}"
    return f"{size}B"


def parse_urls(raw: object) -> tuple[str, ...]:
    """One URL, or a list of at least one.

    :raises ValueError: not https, and not http to loopback
    """
    if isinstance(raw, str) and raw.startswith("["):
        raw = json.loads(raw)
    urls = (raw,) if isinstance(raw, str) else _texts(raw)
    if not urls:
        raise ValueError("an empty list")
    for url in urls:
        _check_url(url)
    return urls


def parse_units(raw: object) -> int:
    """A wire amount of at least 1. :raises ValueError: for numbers, signs, exponents and other digits too"""
    if not isinstance(raw, str) or not _UNITS.fullmatch(raw):
        raise ValueError("not an amount")
    return int(raw)


def parse_decimals(raw: object) -> int:
    """How many decimals a token has. :param raw: an integer from 0 to 36, or its digits as a variable holds them"""
    number = int(raw) if isinstance(raw, str) and _INTEGER.fullmatch(raw) else _exactly(raw, int)
    if not 0 <= number <= 36:
        raise ValueError("out of range")
    return int(number)


def is_loopback(host: str) -> bool:
    """Whether a host name or address reaches this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def mask_url(url: str) -> str:
    """Scheme and host; a path, a query or a user may hold a provider's key."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    hidden = "/***" if parts.path.strip("/") or parts.query or parts.fragment else parts.path
    return f"{parts.scheme}://{'***@' if '@' in parts.netloc else ''}{host}{hidden}"


def flatten(table: Mapping[str, Any], prefix: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Every value of nested tables by its path; lists are values, an empty table has none."""
    found: dict[tuple[str, ...], Any] = {}
    for name, value in table.items():
        path = (*prefix, name)
        found.update(flatten(value, path) if isinstance(value, Mapping) else {path: value})
    return found


def _check_url(url: str) -> None:
    if _CONTROL.search(url):
        raise ValueError("holds spaces or control characters")
    parts = urlsplit(url)
    host, _ = parts.hostname, parts.port  # a bad port raises here
    if not host or parts.scheme not in ("https", "http"):
        raise ValueError("not an http address")
    if ":" not in host:
        host.encode("idna")  # a name that cannot be asked for raises here
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("http beyond loopback")


def _ranged(key: Key, raw: object) -> int:
    number: int = _exactly(raw, int)
    if number == 0 and key.or_zero:
        return number
    if (key.low is not None and number < key.low) or (key.high is not None and number > key.high):
        raise ValueError("out of range")
    return number


def _exactly(raw: object, kind: type) -> Any:
    """``raw`` if its type is exactly ``kind``: a boolean is no integer here."""
    if type(raw) is not kind:
        raise ValueError(f"not of type {kind.__name__}")
    return raw


def _texts(raw: object) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(text, str) and text for text in raw):
        raise ValueError("not a list of texts")
    return tuple(_plain(text) for text in raw)


def _plain(text: str) -> str:
    if not text or _CONTROL.search(text):
        raise ValueError("empty, or holds spaces or control characters")
    return text


def _inside(text: str) -> str:
    if not text or "\0" in text or ".." in PurePosixPath(text).parts or PurePosixPath(text) == PurePosixPath("."):
        raise ValueError("leaves the data directory")
    return text
