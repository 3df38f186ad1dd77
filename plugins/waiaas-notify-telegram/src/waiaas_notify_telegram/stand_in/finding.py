"""What Telegram finds in plain text by itself and makes clickable: over-eager rather than too shy."""

import re
from collections.abc import Iterator

_PATTERNS = {
    "mention": r"(?<!\w)@[A-Za-z0-9_]{2,32}",
    "hashtag": r"(?<!\w)#\w{1,256}",
    "cashtag": r"(?<!\w)\$[A-Z0-9]{1,8}(?!\w)",
    "bot_command": r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@\w+)?",
    "email": r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    "url": r"[A-Za-z][A-Za-z0-9+.-]*:/{1,2}\S+|(?:[^\W_](?:[\w-]*[^\W_])?\.)+(?:[^\W\d_]{2,}|xn--\w+)\S*"
    r"|(?:\d{1,3}\.){3}\d{1,3}\S*",
    "phone_number": r"\+\d[\d ()-]{5,}\d",
    "bank_card": r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)",
}
_COMPILED = {kind: re.compile(pattern) for kind, pattern in _PATTERNS.items()}


def found(text: str) -> Iterator[tuple[str, int, int]]:
    """Kind, first and past-the-last character of each."""
    for kind, pattern in _COMPILED.items():
        for one in pattern.finditer(text):
            yield kind, one.start(), one.end()
