"""Ethereum keystore version 3 (Web3 Secret Storage Definition), by ``eth_keyfile``, which is imported when it is needed.

What a file may cost is judged before anything is derived: its author chose the numbers. eth_keyfile handles the key as Python
bytes; it runs in a command that ends right after, and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from waiaas.errors import BadRequest, StartRefused
from waiaas.interfaces.signing import Scheme
from waiaas.keystore import schemes
from waiaas.keystore.desk import Desk, HeldKey
from waiaas.keystore.hashes import keccak256
from waiaas.keystore.records import parse_object, pretty_json

_LONGEST_FILE = 65536
_MOST_MEMORY = 2**30
_MOST_BLOCKS = 2**24
_MOST_ROUNDS = 10_000_000
_SCRYPT_N = 262144
_HEX = frozenset("0123456789abcdefABCDEF")
Document = dict[str, Any]


def encode(key: HeldKey, passphrase: bytearray, work: int = _SCRYPT_N) -> bytes:
    """The file's text: scrypt with r = 8, p = 1, aes-128-ctr.

    :param work: scrypt's n
    :raises BadRequest: for a key of another scheme
    """
    if key.scheme is not Scheme.ECDSA_SECP256K1:
        raise BadRequest(
            f"an Ethereum keystore holds ecdsa-secp256k1 keys, and this one is {key.scheme.value}",
            hint="our own format, --format waiaas, holds every key",
        )
    from eth_keyfile.keyfile import create_keyfile_json  # noqa: PLC0415 - slow, and seldom needed

    document = create_keyfile_json(bytes(key.secret.view), _word(passphrase), kdf="scrypt", iterations=work)
    # eth_keyfile drops leading zeros of the counter; other readers want all 16 bytes
    parameters = document["crypto"]["cipherparams"]
    parameters["iv"] = parameters["iv"].rjust(32, "0")
    document["address"] = document["address"].lower()
    return pretty_json(document)


def decode(desk: Desk, text: bytes, passphrase: bytearray) -> HeldKey:
    """Open the file onto the desk. One key derivation, unless the file is malformed.

    :raises BadRequest: when it is no such file, when it is too costly, or its key is not its address's
    :raises StartRefused: WRONG_PASSWORD when its MAC differs
    """
    document = _read(text)
    _judge(document)
    from eth_keyfile.keyfile import decode_keyfile_json  # noqa: PLC0415 - slow, and seldom needed

    try:
        opened = decode_keyfile_json(document, _word(passphrase))
    except ValueError:
        raise StartRefused("the passphrase is wrong, or the key file was edited", code="WRONG_PASSWORD") from None
    desk.secret.view[:] = opened
    held = desk.hold(Scheme.ECDSA_SECP256K1, "ethereum", "evm")
    key = replace(held, address="0x" + keccak256(schemes.uncompressed(held.public_key))[12:].hex())
    stated = document.get("address")
    if stated is not None and _stripped(stated) != _stripped(key.address):
        raise BadRequest("the key in the file is not the one of its address")
    return key


def _read(text: bytes) -> Document:
    if len(text) > _LONGEST_FILE:
        raise _malformed(f"it is longer than {_LONGEST_FILE} bytes")
    try:
        return _lowered(parse_object(text))
    except ValueError as failure:
        raise _malformed(str(failure)) from None


def _lowered(document: Mapping[str, Any]) -> Document:
    """Names in lower case, since writers differ: ``Crypto`` and ``crypto``. :raises ValueError: when two become one"""
    lowered = {
        name.lower(): _lowered(value) if isinstance(value, Mapping) else value for name, value in document.items()
    }
    if len(lowered) != len(document):
        raise ValueError("duplicate keys")
    return lowered


def _judge(document: Document) -> None:
    if type(document.get("version")) is not int or document["version"] != 3:
        raise _malformed("its version is not 3")
    crypto = _part(document, "crypto")
    if crypto.get("cipher") != "aes-128-ctr":
        raise _malformed("its cipher is not aes-128-ctr")
    _require_hex(_part(crypto, "cipherparams").get("iv"), 1, 16, "iv")
    _require_hex(crypto.get("ciphertext"), 32, 32, "ciphertext")
    _require_hex(crypto.get("mac"), 32, 32, "mac")
    parameters = _part(crypto, "kdfparams")
    _require_hex(parameters.get("salt"), 1, 64, "salt")
    if _number(parameters, "dklen", 32) != 32:
        raise _malformed("its dklen is not 32")
    if crypto.get("kdf") == "scrypt":
        _judge_scrypt(parameters)
    elif crypto.get("kdf") == "pbkdf2":
        _judge_pbkdf2(parameters)
    else:
        raise _malformed("its kdf is neither scrypt nor pbkdf2")


def _judge_scrypt(parameters: Document) -> None:
    n, r, p = (_number(parameters, name, most) for name, most in (("n", 2**24), ("r", 64), ("p", 64)))
    if n < 2 or n & (n - 1):
        raise _malformed("its n is not a power of two")
    if 128 * n * r > _MOST_MEMORY or n * r * p > _MOST_BLOCKS:
        raise _malformed("its scrypt costs more than 1 GiB of memory or 2^24 blocks")


def _judge_pbkdf2(parameters: Document) -> None:
    if parameters.get("prf") != "hmac-sha256":
        raise _malformed("its prf is not hmac-sha256")
    _number(parameters, "c", _MOST_ROUNDS)


def _part(document: Document, name: str) -> Document:
    part = document.get(name)
    if not isinstance(part, dict):
        raise _malformed(f"its {name} is missing")
    return part


def _number(parameters: Document, name: str, most: int) -> int:
    value = parameters.get(name)
    if type(value) is not int or not 1 <= value <= most:
        raise _malformed(f"its {name} is not a whole number from 1 to {most}")
    return value


def _require_hex(value: object, fewest: int, most: int, name: str) -> None:
    is_hex = isinstance(value, str) and len(value) % 2 == 0 and set(value) <= _HEX
    if not is_hex or not fewest <= len(str(value)) // 2 <= most:
        raise _malformed(f"its {name} is not {fewest} to {most} bytes in hexadecimal")


def _stripped(address: object) -> str:
    return str(address).lower().removeprefix("0x")


def _word(passphrase: bytearray) -> Any:
    """eth_keyfile says that it takes text, and works with bytes alone."""
    return bytes(passphrase)


def _malformed(why: str) -> BadRequest:
    return BadRequest(f"the file is no Ethereum keystore of version 3: {why}")
