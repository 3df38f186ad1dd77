"""Foreign text: made harmless, escaped, and measured as Telegram measures it."""

import re
import unicodedata

_LAST_OF_BASIC_PLANE = 0xFFFF
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_BREAKS = frozenset("\t\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})
_PLAIN = re.compile(r"[A-Za-z][A-Za-z ,'-]{0,99}", re.ASCII)
_MORE = "…"


def units(text: str) -> int:
    """UTF-16 code units, in which Telegram counts lengths and offsets."""
    return len(text) + sum(ord(character) > _LAST_OF_BASIC_PLANE for character in text)


def tidy(text: str) -> str:
    """One line without control, bidi, zero-width, surrogate, private or unassigned characters; trimmed."""
    if text.isascii() and text.isprintable():
        return text.strip()
    spaced = "".join(" " if character in _BREAKS else character for character in text)
    return "".join(filter(_is_visible, spaced)).strip()


def shortened(text: str, limit: int) -> str:
    """At most ``limit`` units, the last of them an ellipsis where something was cut. :param limit: 1 or more"""
    if units(text) <= limit:
        return text
    left, kept = limit - 1, 0
    for character in text:
        left -= units(character)
        if left < 0:
            break
        kept += 1
    return text[:kept].rstrip() + _MORE


def escaped(text: str) -> str:
    """As the text of HTML, in the four names that the Bot API knows."""
    return text.translate(_ESCAPES)


def code(text: str) -> str:
    """Monospaced. Telegram looks for no link, mention, tag, command or number inside, so foreign text belongs here."""
    return f"<code>{escaped(text)}</code>" if text else ""


def heading(text: str) -> str:
    """Bold where it is letters and blanks alone, in which nothing can be found; monospaced otherwise."""
    return f"<b>{escaped(text)}</b>" if _PLAIN.fullmatch(text) else code(text)


def _is_visible(character: str) -> bool:
    if character in _INVISIBLE or "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef":
        return False
    return unicodedata.category(character) not in _HIDDEN
