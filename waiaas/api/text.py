"""Text from outside, made harmless: what could forge a line, hide a word or turn the reading direction is taken out."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field

# Letters and marks that show nothing (or reorder what is shown) although Unicode does not file them under Cc or Cf.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def _is_visible(character: str) -> bool:
    if character in _INVISIBLE or "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef":
        return False
    return unicodedata.category(character) not in _HIDDEN_CATEGORIES


def clean_text(text: str) -> str:
    """The text without control, bidi, zero-width, surrogate, private and unassigned characters, and trimmed. Idempotent.

    :param text: any string; line breaks and tabs become single spaces, so that one value stays one line
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    spaced = "".join(" " if character in "\t\n\r\v\f\x85\u2028\u2029" else character for character in text)
    return "".join(filter(_is_visible, spaced)).strip()


def _not_blank(text: str) -> str:
    if not text:
        raise ValueError("says nothing that can be seen")
    return text


Name = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(clean_text), AfterValidator(_not_blank)]
Memo = Annotated[str, Field(max_length=512), AfterValidator(clean_text)]
Note = Annotated[str, Field(max_length=1000), AfterValidator(clean_text)]
