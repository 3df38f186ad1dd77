"""One spelling of each address and asset: rules compare texts, so a second spelling would never match, and say nothing."""

import re
from collections.abc import Iterator
from typing import Any

from waiaas.errors import Malformed
from waiaas.interfaces.policy import AssetReader

_QUOTED = re.compile(r"""//[^\n]*|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'""", re.DOTALL)
_ESCAPED = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))")
_SHORTEST = 20
"""Shorter words are names and numbers of people's own, whatever a chain might read in them."""
_LONGEST = 256
_LAST_LETTER = 0x10FFFF


def require_one_spelling(rules: Any, reader: AssetReader) -> None:
    """Refuse the first word of ``rules`` that reads as an address or asset and is not written in its one spelling.

    Looked at are all texts of the document, at any depth, and what stands in quotes within them, as in an expression.
    Does what I/O the reader does; may be called again.

    :param rules: what JSON can hold
    :raises Malformed: naming the word, with the right spelling in the hint
    """
    for text in _texts(rules):
        _require_word(text, reader)
        for word in _quoted(text):
            _require_word(word, reader)
            if word == "native":
                raise Malformed(
                    "'native' in quotes is a word, and no asset is called so", hint="write native without quotes"
                )


def _quoted(text: str) -> Iterator[str]:
    """What stands in quotes, one after the other, empty or not, with letters written as numbers read; and what several make
    that are put together with a plus."""
    joined, end = "", -1
    for found in _QUOTED.finditer(text):
        word = _ESCAPED.sub(_letter, found.group(1) or found.group(2) or "")
        yield word
        joined = joined + word if end >= 0 and text[end : found.start()].strip() == "+" else word
        if joined != word:
            yield joined
        end = found.end()


def _letter(found: re.Match[str]) -> str:
    """CEL's escapes by number: hexadecimal, and octal of three digits (CEL specification, "String and Bytes Values")."""
    number = int(found.group(4), 8) if found.group(4) else int(found.group(1) or found.group(2) or found.group(3), 16)
    return chr(number) if number <= _LAST_LETTER else ""


def _require_word(word: str, reader: AssetReader) -> None:
    if not _SHORTEST <= len(word) <= _LONGEST or any(letter.isspace() for letter in word):
        return
    read = reader.asset if "/" in word else reader.address
    try:
        right = read(word)
    except Malformed:
        return  # it reads as neither, and may be anything
    if right != word:
        raise Malformed(f"{word!r} is written in another way than it is compared", hint=f"write {right}")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(key)
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
