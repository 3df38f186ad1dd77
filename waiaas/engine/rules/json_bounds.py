"""How much a JSON text would build, counted in its bytes before a parser makes anything of it (RFC 8259).

A byte of ``[],[],`` becomes thirty of memory: what a stranger sends is bounded by what it builds, not by its length alone.
"""

import re

_STRING = re.compile(rb'"[^"]*"')
_NO_BRACKETS = bytes(code for code in range(256) if code not in b"[]{}")


class TooMuch(ValueError):
    """The text would build more than was allowed; its words say what."""


def require_modest(text: bytes, *, most_values: int, most_depth: int) -> None:
    """Pure; a few passes over the bytes, without a copy for each value. What is no JSON may pass: that is the parser's to say.

    :param most_values: values, keys included: objects, arrays and what is in them
    :raises TooMuch: for more of them, or for deeper nesting
    """
    if _openings(text) <= most_depth and _separators(text) < most_values:  # as it is for almost every text
        return
    bare = _without_strings(text)
    if _openings(bare) + _separators(bare) > most_values:
        raise TooMuch(f"holds more than {most_values} values")
    if _openings(bare) > most_depth:
        _require_shallow(bare.translate(None, delete=_NO_BRACKETS), most_depth)


def _openings(text: bytes) -> int:
    return text.count(b"{") + text.count(b"[")


def _separators(text: bytes) -> int:
    return text.count(b",") + text.count(b":")


def _without_strings(text: bytes) -> bytes:
    """What stands outside of strings. Escapes go first, so that every quote that is left begins or ends a string."""
    if b"\\" in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    return _STRING.sub(b"", text)


def _require_shallow(brackets: bytes, most: int) -> None:
    depth = 0
    for one in brackets:
        depth += 1 if one in b"{[" else -1
        if depth > most:
            raise TooMuch(f"nests deeper than {most}")
