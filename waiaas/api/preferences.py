"""What a client may wish for by headers: how long to wait (RFC 7240), and which payment it is repeating."""

import re

from waiaas.errors import BadRequest

MAX_WAIT_SECONDS = 30
_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # RFC 9110, 5.6.2
_PREFERENCE = re.compile(rf'({_TOKEN})(?:\s*=\s*(?:({_TOKEN})|"((?:[^"\\]|\\.)*)"))?')
_PARTS = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*(?:"|$))+')
_SECONDS = re.compile(r"[0-9]{1,6}", re.ASCII)
_KEY = re.compile(r"[\x20-\x7e]{1,128}")


def parse_wait(header: str | None) -> int | None:
    """Seconds that a ``Prefer`` header asks to wait, at most MAX_WAIT_SECONDS; 0 for ``respond-async`` alone; None when it says
    nothing about waiting. The first of two equal preferences counts, what cannot be read is passed over (RFC 7240, 2).

    :param header: the header's value; lines that occur several times are joined by commas
    """
    if header is None:
        return None
    wishes: dict[str, str] = {}
    for part in _PARTS.findall(header[:1024]):
        found = _PREFERENCE.match(part.strip())
        if found:
            wishes.setdefault(found[1].lower(), found[2] or found[3] or "")
    if _SECONDS.fullmatch(wishes.get("wait", "")):
        return min(int(wishes["wait"]), MAX_WAIT_SECONDS)
    return 0 if "respond-async" in wishes else None


def parse_idempotency_key(header: str | None) -> str | None:
    """The key as it was sent, None without one.

    :raises BadRequest: unless it is 1 to 128 printable ASCII characters
    """
    if header is None:
        return None
    if not _KEY.fullmatch(header):
        raise BadRequest(
            "Idempotency-Key must be 1 to 128 printable ASCII characters",
            code="INVALID_IDEMPOTENCY_KEY",
            hint="use a UUID, a new one for every new payment",
        )
    return header
