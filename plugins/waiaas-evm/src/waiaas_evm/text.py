"""Words of strangers' contracts: stripped of what could forge a line or hide a letter, cut, and quoted (invariant 13). Pure."""

import json
import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_QUOTED_LENGTH = 96


def cleaned(text: str, length: int) -> str:
    """Visible characters only, on one line, at most so many."""
    spaced = "".join(" " if character.isspace() else character for character in text[: 4 * length])
    return "".join(filter(_is_visible, spaced)).strip()[:length].strip()


def quoted(text: str) -> str:
    """As a JSON string in ASCII: nobody takes it for words of ours."""
    return json.dumps(cleaned(text, _QUOTED_LENGTH))


def _is_visible(character: str) -> bool:
    if character in _INVISIBLE or "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef":
        return False
    return unicodedata.category(character) not in _HIDDEN
