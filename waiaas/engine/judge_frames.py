"""Frames between the daemon and a process that judges: four bytes of length, then a JSON object."""

import json
import struct
from collections.abc import Mapping
from typing import Any

LARGEST = 4 * 1024 * 1024
"""More than rules of the largest body with all their escapes."""
_HEAD = struct.Struct(">I")


def encode(document: Mapping[str, Any]) -> bytes:
    """One frame. :raises ValueError: when it is too large, or holds what JSON cannot say"""
    body = json.dumps(document, allow_nan=False, separators=(",", ":")).encode()
    if len(body) > LARGEST:
        raise ValueError("too much for one frame")
    return _HEAD.pack(len(body)) + body


class Frames:
    """Bytes as they come, frames as they are complete.

    :param largest: bytes of one frame
    """

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest = largest
        self._bytes = bytearray()

    @property
    def is_empty(self) -> bool:
        """Whether nothing lies here unread."""
        return not self._bytes

    def feed(self, chunk: bytes) -> None:
        """More bytes."""
        self._bytes += chunk

    def next(self) -> dict[str, Any] | None:
        """The next whole frame; None when there is none yet. :raises ValueError: for anything but an object in JSON"""
        if len(self._bytes) < _HEAD.size:
            return None
        (size,) = _HEAD.unpack_from(self._bytes)
        if size > self._largest:
            raise ValueError(f"a frame of {size} bytes")
        if len(self._bytes) < _HEAD.size + size:
            return None
        body = bytes(self._bytes[_HEAD.size : _HEAD.size + size])
        del self._bytes[: _HEAD.size + size]
        try:
            document = json.loads(body)
        except (ValueError, RecursionError) as problem:
            raise ValueError("a frame that is no JSON") from problem
        if not isinstance(document, dict):
            raise ValueError("a frame that is no object")
        return document
