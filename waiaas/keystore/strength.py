"""When a master password is too easy to guess. Pure.

Argon2 makes a guess cost a tenth of a second, which saves no password that is among the first million guesses. So: a minimal
length, no walk along the alphabet or the keyboard, no repetition, and nothing that is common words with decoration. Copies of
the password that arise here end with the process of the command that asked for it.
"""

from collections.abc import Iterator

from waiaas.keystore.common_words import COMMON_WORDS, SEQUENCES
from waiaas.keystore.wire import MAX_PASSWORD

_FEWEST_DIFFERENT = 5
_LONGEST_PERIOD = 6
_DIGITS_ENOUGH = 20
_SHORTEST_WALK = 4
#: With no more than this beside common words and walks, a password counts as made of them.
_FEW_LETTERS = 3
_FEW_OTHERS = 8

#: As written, and with the usual digits and signs read as letters (1 and ! as i, then as l).
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
    return _pattern(bytes(password).lower())


def _pattern(lowered: bytes) -> str | None:
    if any(lowered[period:] == lowered[:-period] for period in range(1, _LONGEST_PERIOD + 1)):
        return "repeats itself"
    if lowered.isdigit() and len(lowered) < _DIGITS_ENOUGH:
        return "is a short number"
    if _is_decoration(lowered):
        return "is made of common words or keyboard walks"
    return None


def _is_decoration(text: bytes) -> bool:
    """Whether little is left beside common words, in any spelling, and walks."""
    is_covered = bytearray(len(text))
    for start, end in _common_parts(text):
        is_covered[start:end] = b"\1" * (end - start)
    rest = [byte for byte, covered in zip(text, is_covered, strict=True) if not covered]
    letters = sum(chr(byte).isalpha() or byte >= 0x80 for byte in rest)
    return len(rest) < len(text) and letters <= _FEW_LETTERS and len(rest) - letters <= _FEW_OTHERS


def _common_parts(text: bytes) -> Iterator[tuple[int, int]]:
    """Where common words and walks begin and end. They may overlap."""
    for spelled in (text.translate(spelling) for spelling in _SPELLINGS):
        for word in COMMON_WORDS:
            start = spelled.find(word)
            while start >= 0:
                yield start, start + len(word)
                start = spelled.find(word, start + 1)
    for start in range(len(text) - _SHORTEST_WALK + 1):
        end = start + _SHORTEST_WALK
        if any(text[start:end] in walk for walk in _WALKS):
            yield start, end
