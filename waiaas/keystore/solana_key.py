"""``id.json`` of the Solana tools: a JSON list of 64 numbers, the Ed25519 secret (RFC 8032) and its public key.

It is not encrypted.
"""

import json
from typing import Any

from waiaas.errors import BadRequest
from waiaas.interfaces.signing import Scheme
from waiaas.keystore.desk import Desk, HeldKey

_BYTES = 64
_LONGEST_FILE = 4096


def encode(key: HeldKey) -> bytes:
    """The file's text, as ``solana-keygen`` writes it. What it holds is not protected by anything.

    :raises BadRequest: for a key of another scheme
    """
    if key.scheme is not Scheme.ED25519:
        raise BadRequest(
            f"an id.json holds ed25519 keys, and this one is {key.scheme.value}",
            hint="our own format, --format waiaas, holds every key",
        )
    numbers = [*key.secret.view, *key.public_key]
    return ("[" + ",".join(map(str, numbers)) + "]").encode()


def decode(desk: Desk, text: bytes) -> HeldKey:
    """Put the key onto the desk.

    :raises BadRequest: for anything but 64 whole numbers from 0 to 255 whose second half belongs to the first
    """
    numbers = _numbers(text)
    for place, number in enumerate(numbers[:32]):
        desk.secret.view[place] = number
    key = desk.hold(Scheme.ED25519, "solana", "solana")
    if list(key.public_key) != numbers[32:]:
        raise _malformed("its second half is not the public key of its first half")
    return key


def _numbers(text: bytes) -> list[int]:
    try:
        value: Any = json.loads(text) if len(text) <= _LONGEST_FILE else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, list) or len(value) != _BYTES:
        raise _malformed(f"it is not a list of {_BYTES} numbers")
    if any(type(number) is not int or not 0 <= number <= 255 for number in value):
        raise _malformed("a number is not a whole one from 0 to 255")
    return value


def _malformed(why: str) -> BadRequest:
    return BadRequest(f"the file is no id.json of the Solana tools: {why}")
