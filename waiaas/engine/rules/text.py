"""Text from outside: stripped of what could forge a line, hide a letter or turn a sentence round (invariant 13)."""

import unicodedata

_ZERO_WIDTH = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u180e")
_MAX_SHOWN = 256


def clean(text: str) -> str:
    """Pure. Without control, bidi, zero-width, private-use and unassigned characters; normalised (NFC)."""
    kept = (char for char in text if char not in _ZERO_WIDTH and unicodedata.category(char)[0] != "C")
    return unicodedata.normalize("NFC", "".join(kept))


def shown(text: str) -> str:
    """Pure. Clean text, shortened for a line that a person reads."""
    tidy = clean(text)
    return tidy if len(tidy) <= _MAX_SHOWN else tidy[: _MAX_SHOWN - 1] + "…"
