"""One spelling of each address and asset: rules compare texts, so a second spelling would never match, and say nothing."""

import re
from collections.abc import Iterator
from typing import Any

from waiaas.errors import Malformed
from waiaas.interfaces.policy import AssetReader

_QUOTED = re.compile(r""""([^"'\s]{1,256})"|'([^"'\s]{1,256})'""")
_SHORTEST = 20
"""Shorter words are names and numbers of people's own, whatever a chain might read in them."""
_LONGEST = 256


def require_one_spelling(rules: Any, reader: AssetReader) -> None:
    """Refuse the first word of ``rules`` that reads as an address or asset and is not written in its one spelling.

    Looked at are all texts of the document, at any depth, and what stands in quotes within them, as in an expression.
    Does what I/O the reader does; may be called again.

    :param rules: what JSON can hold
    :raises Malformed: naming the word, with the right spelling in the hint
    """
    for text in _texts(rules):
        _require_word(text, reader)
        for one, other in _QUOTED.findall(text):
            _require_word(one or other, reader)
            if (one or other) == "native":
                raise Malformed(
                    "'native' in quotes is a word, and no asset is called so", hint="write native without quotes"
                )


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
