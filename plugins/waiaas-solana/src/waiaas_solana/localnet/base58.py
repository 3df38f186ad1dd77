"""Base58 in the Bitcoin alphabet, for byte strings of any length (solders knows keys, hashes and signatures only)."""

from __future__ import annotations

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}


def encode(data: bytes) -> str:
    """Bytes as text; each leading zero byte is a leading `1`."""
    number = int.from_bytes(data, "big")
    letters = []
    while number:
        number, value = divmod(number, 58)
        letters.append(_ALPHABET[value])
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "1" * zeros + "".join(reversed(letters))


def decode(text: str) -> bytes:
    """Text as bytes.

    :raises ValueError: a letter outside the alphabet.
    """
    number = 0
    for letter in text:
        if letter not in _VALUES:
            raise ValueError(f"not a base58 letter: {letter!r}")
        number = number * 58 + _VALUES[letter]
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
