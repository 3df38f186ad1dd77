"""Secrets that a test knows, and the search for them in whatever form somebody may have written them."""

import base64
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_LEAST = 8
"""Shorter pieces would be met by chance."""


@dataclass(frozen=True, slots=True)
class Canary:
    """:param name: what to call it in a failure; :param secret: its bytes"""

    name: str
    secret: bytes

    def forms(self) -> Mapping[str, bytes]:
        """Every spelling that is searched for, by the spelling's name."""
        secret, found = self.secret, dict(_encoded(self.secret))
        try:
            found |= dict(_written(secret.decode("ascii")))
        except UnicodeDecodeError:
            numbers = [str(byte) for byte in secret]
            found |= {"JSON list": ", ".join(numbers).encode(), "tight JSON list": ",".join(numbers).encode()}
            found["escaped"] = repr(secret)[2:-1].encode()
        return found


def _encoded(secret: bytes) -> Iterator[tuple[str, bytes]]:
    yield "raw", secret
    yield "reversed", secret[::-1]
    yield "hex", secret.hex().encode()
    yield "upper hex", secret.hex().upper().encode()
    yield "base58", _base58(secret)
    yield "base32", base64.b32encode(secret).rstrip(b"=")
    for shift in range(3):  # inside a longer text base64 begins at any of three places
        whole = base64.b64encode(bytes(shift) + secret)
        inner = whole[-(-shift * 8 // 6) : -4 if (shift + len(secret)) % 3 else None]
        yield f"base64 at {shift}", inner
        yield f"base64url at {shift}", inner.replace(b"+", b"-").replace(b"/", b"_")


def _written(text: str) -> Iterator[tuple[str, bytes]]:
    yield "URL-encoded", quote(text, safe="").encode()
    yield "wholly URL-encoded", "".join(f"%{ord(letter):02X}" for letter in text).encode()
    yield "UTF-16 LE", text.encode("utf-16-le")
    yield "UTF-16 BE", text.encode("utf-16-be")
    yield "JSON", json.dumps(text)[1:-1].encode()
    yield "escaped JSON", "".join(f"\\u{ord(letter):04x}" for letter in text).encode()


def _base58(secret: bytes) -> bytes:
    number, text = int.from_bytes(secret), ""
    while number:
        number, rest = divmod(number, 58)
        text = _ALPHABET[rest] + text
    return text.encode()


def of_password(password: str) -> list[Canary]:
    """The password, and each of its words: half of a secret in a log is a leak too."""
    words = [word for word in re.split(r"[^A-Za-z0-9]+", password) if len(word) >= _LEAST]
    return [
        Canary(f"the password, by {word!r}" if word != password else "the password", word.encode()) for word in words
    ]


def of_token(token: str) -> list[Canary]:
    """What is random in a token, in two halves."""
    kind, body = token.rsplit("_", 1) if token.count("_") == 2 else (token[:9], token.split("_", 2)[2])
    half = len(body) // 2
    return [Canary(f"a {kind} token", body[:half].encode()), Canary(f"a {kind} token's end", body[half:].encode())]


class Search:
    """Looks for canaries. :param canaries: what must be nowhere"""

    def __init__(self, canaries: Iterable[Canary]) -> None:
        self._names = {form: f"{canary.name} ({kind})" for canary in canaries for kind, form in canary.forms().items()}
        short = [name for form, name in self._names.items() if len(form) < _LEAST]
        assert not short, f"too short to be searched for: {short}"

    def in_bytes(self, where: str, content: bytes) -> list[str]:
        """What was found, in words; empty when nothing was."""
        return sorted({f"{name} in {where}" for form, name in self._names.items() if form in content})

    def in_folder(self, folder: Path, *, but: Iterable[Path] = ()) -> list[str]:
        """Every file below, and its name. :param but: folders that are left out"""
        left_out, found = set(but), list[str]()
        for place, folders, files in os.walk(folder):
            folders[:] = [name for name in folders if Path(place, name) not in left_out]
            for name in files:
                found += self.in_bytes(f"a file's name in {place}", name.encode())
                path = Path(place, name)
                if path.is_file():
                    found += self.in_bytes(str(path), path.read_bytes())
        return found
