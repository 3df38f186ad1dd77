"""Addresses in their one spelling, with the checksum of EIP-55. Pure."""

import re
from functools import lru_cache

import coincurve

from waiaas.errors import Malformed
from waiaas_evm.keccak import keccak256

ADDRESS_LENGTH = 20
ZERO_ADDRESS = "0x" + "0" * 40

_TEXT = re.compile(r"0[xX][0-9a-fA-F]{40}", re.ASCII)
_REMEMBERED = 4096


@lru_cache(maxsize=_REMEMBERED)
def checksummed(data: bytes) -> str:
    """EIP-55. :param data: 20 bytes"""
    digits = data.hex()
    digest = keccak256(digits.encode("ascii")).hex()
    return "0x" + "".join(
        digit.upper() if int(nibble, 16) >= 8 else digit for digit, nibble in zip(digits, digest, strict=False)
    )


def parse_address(text: str) -> str:
    """The checksummed text. In one case only, lower or upper, an address has no checksum to be wrong.

    :raises Malformed: with code INVALID_ADDRESS
    """
    if not _TEXT.fullmatch(text):
        raise _invalid(text, "an EVM address is 0x and 40 hexadecimal digits")
    digits = text[2:]
    address = checksummed(bytes.fromhex(digits))
    is_plain = digits in (digits.lower(), digits.upper()) and text[1] == "x"
    if not is_plain and text != address:
        raise _invalid(text, "its capitals are a checksum (EIP-55) that does not fit: a character is wrong")
    return address


def address_bytes(address: str) -> bytes:
    """The 20 bytes of an address that was parsed."""
    return bytes.fromhex(address[2:])


@lru_cache(maxsize=_REMEMBERED)
def address_of_key(compressed: bytes) -> str:
    """The address of a public key: the last 20 bytes of the hash of its point.

    :param compressed: 33 bytes (SEC 1)
    :raises Malformed: when they are no point of secp256k1
    """
    try:
        point = coincurve.PublicKey(compressed).format(compressed=False)
    except ValueError:
        raise Malformed("these bytes are no public key of secp256k1") from None
    return checksummed(keccak256(point[1:])[-ADDRESS_LENGTH:])


def _invalid(text: str, hint: str) -> Malformed:
    return Malformed(f"{text[:64]!r} is not an EVM address", code="INVALID_ADDRESS", hint=hint)
