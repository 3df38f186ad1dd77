"""Text from outside: stripped of what could forge a line, hide a letter or turn a sentence round (invariant 13)."""

import unicodedata

_MAX_SHOWN = 256

# Letters and marks that show nothing (or reorder what is shown) although Unicode does not file them under Cc or Cf.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def _is_visible(character: str) -> bool:
    if character in _INVISIBLE or "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef":
        return False
    return unicodedata.category(character) not in _HIDDEN_CATEGORIES


def clean(text: str) -> str:
    """Pure. The text without control, bidi, zero-width, surrogate, private and unassigned characters, and trimmed. Idempotent.

    :param text: any string; line breaks and tabs become single spaces, so that one value stays one line
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    spaced = "".join(" " if character in "\t\n\r\v\f\x85\u2028\u2029" else character for character in text)
    return "".join(filter(_is_visible, spaced)).strip()


def shown(text: str) -> str:
    """Pure. Clean text, shortened for a line that a person reads."""
    tidy = clean(text)
    return tidy if len(tidy) <= _MAX_SHOWN else tidy[: _MAX_SHOWN - 1] + "…"
