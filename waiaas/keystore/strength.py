"""When a master password is too easy to guess. Pure; works on bytearrays that it wipes, so that no copy stays behind.

Argon2 makes a guess cost a tenth of a second, which helps no password that is among the first million guesses. So: a minimal
length, no walk along the alphabet or the keyboard, no repetition, and nothing that is common words with decoration.
"""

from collections.abc import Iterator

from waiaas.keystore.common_words import COMMON_WORDS, SEQUENCES
from waiaas.keystore.wire import MAX_PASSWORD

_FEWEST_DIFFERENT = 5
_LONGEST_PERIOD = 6
_DIGITS_ENOUGH = 20
#: What decoration around common words may amount to before the password counts as more than these.
_FEW_LETTERS = 3
_FEW_OTHERS = 8
_SHORTEST_WALK = 4

_SPELLINGS = (
    bytes.maketrans(b"", b""),
    bytes.maketrans(b"@4831!0$579", b"aaeeiiosstg"),
    bytes.maketrans(b"@4831!0$579", b"aaeellosstg"),
)
_WALKS = tuple(walk for line in SEQUENCES for walk in (line, line[::-1]))


def weakness(password: bytearray, min_length: int) -> str | None:
    """Why this password is refused, as the end of a sentence, or None when it is good enough.

    :param password: UTF-8, left as it is
    :param min_length: in characters
    """
    if len(password) > MAX_PASSWORD:
        return f"is longer than {MAX_PASSWORD} bytes"
    # In UTF-8 every byte but the continuation bytes begins a character.
    if sum(byte & 0xC0 != 0x80 for byte in password) < min_length:
        return f"is shorter than {min_length} characters"
    if len(set(password)) < _FEWEST_DIFFERENT:
        return f"has fewer than {_FEWEST_DIFFERENT} different characters"
    lowered = bytearray(password).lower()
    try:
        return _pattern(lowered)
    finally:
        lowered[:] = bytes(len(lowered))


def _pattern(lowered: bytearray) -> str | None:
    if any(lowered[period:] == lowered[:-period] for period in range(1, _LONGEST_PERIOD + 1)):
        return "repeats itself"
    if lowered.isdigit() and len(lowered) < _DIGITS_ENOUGH:
        return "is a short number"
    for spelling in _SPELLINGS:
        spelled = lowered.translate(spelling)
        try:
            if _is_decorated(spelled):
                return "is made of common words or keyboard walks"
        finally:
            spelled[:] = bytes(len(spelled))
    return None


def _is_decorated(text: bytearray) -> bool:
    """Whether little is left once common words and walks are cut out."""
    rest = bytearray(text)
    for word in _cuttings(text):
        rest = rest.replace(word, b"")
    letters = sum(chr(byte).isalpha() or byte >= 0x80 for byte in rest)
    is_cut = len(rest) < len(text)
    is_little = letters <= _FEW_LETTERS and len(rest) - letters <= _FEW_OTHERS
    rest[:] = bytes(len(rest))
    return is_cut and is_little


def _cuttings(text: bytearray) -> Iterator[bytes]:
    """Common words and walks that occur, longest first, so that no word hides a longer one."""
    for word in COMMON_WORDS:
        if word in text:
            yield word
    for size in range(len(text), _SHORTEST_WALK - 1, -1):
        for start in range(len(text) - size + 1):
            if any(text[start : start + size] in walk for walk in _WALKS):
                yield bytes(text[start : start + size])
