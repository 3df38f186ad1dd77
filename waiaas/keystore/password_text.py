"""A password is a text, and one text can be several sequences of bytes: an é of one sign or of two, a mark at a file's begin.

New keystores and key files are sealed with one of them, NFC without a byte order mark (Unicode UAX 15; RFC 8265, 4.2, asks for
NFC of passwords too). What was sealed before may have been sealed with another, so the others are tried where there are any:
a password of ASCII letters, which most are, is never copied and costs one try.
"""

import unicodedata
from collections.abc import Callable
from typing import TypeVar

from waiaas.errors import StartRefused

_MARK = b"\xef\xbb\xbf"

T = TypeVar("T")


def as_sealed(password: bytearray) -> bytearray:
    """Pure. The bytes that a new keystore is sealed with; the caller wipes them.

    :param password: left as it is; bytes that are no UTF-8 are taken as they stand
    """
    return bytearray(_readings(password)[0])


def with_any_reading(password: bytearray, attempt: Callable[[bytearray], T]) -> T:
    """What ``attempt`` gives for the first reading of the password that is not refused; copies are wiped.

    :param password: left as it is
    :param attempt: called once where the password is ASCII, else at most three times; one Argon2 run each
    :raises StartRefused: WRONG_PASSWORD for the last, and whatever else ``attempt`` raises, at once
    """
    readings = _readings(password)
    try:
        for reading in readings[:-1]:
            try:
                return attempt(reading)
            except StartRefused as refused:
                if refused.code != "WRONG_PASSWORD":
                    raise
        return attempt(readings[-1])
    finally:
        for reading in readings:
            if reading is not password:
                reading[:] = bytes(len(reading))


def _readings(password: bytearray) -> list[bytearray]:
    """NFC, as given, NFD; those that are equal once. The one object itself where there is nothing to choose."""
    bare = password[len(_MARK) :] if password.startswith(_MARK) else password
    if bare.isascii():
        return [password] if bare is password else [bare, password]
    try:
        text = bare.decode("utf-8")
    except UnicodeDecodeError:
        return [password]
    forms = (unicodedata.normalize(form, text).encode() for form in ("NFC", "NFD"))
    composed, decomposed = map(bytearray, forms)
    found = [composed]
    for other in (password, decomposed):
        if other and other not in found:
            found.append(other)
    return found
