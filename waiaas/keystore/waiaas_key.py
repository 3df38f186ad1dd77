"""Our own file for one key, encrypted under a passphrase (:doc:`docs/keystore.md`, "Our own file")."""

import os
from typing import Any

from waiaas.errors import BadRequest, StartRefused
from waiaas.interfaces.signing import Scheme
from waiaas.keystore import sodium
from waiaas.keystore.argon import SALT_BYTES, ArgonParams, argon2id_into
from waiaas.keystore.desk import Desk, HeldKey
from waiaas.keystore.memory import Secret
from waiaas.keystore.records import (
    FIELD_CHECKS,
    MAX_FILE_BYTES,
    PUBLIC_KEY_BYTES,
    VERSION,
    canonical_json,
    is_hex,
    parse_object,
    pretty_json,
)

FORMAT = "waiaas-key"
_PERSONAL = b"waiaas.expkey.v1"
_DOMAIN = b"waiaas/key-file/v1\0"
_SIZES = {"salt": SALT_BYTES, "nonce": sodium.NONCE_BYTES, "ciphertext": 48}
_CLEAR = ("chain", "scheme", "public_key", "address", "created_at")
_COSTS = ("memory_kib", "time", "parallelism")
_FIELDS = {"format", "version", "kdf", *_CLEAR, *_COSTS, *_SIZES}


def encode(desk: Desk, key: HeldKey, passphrase: bytearray, params: ArgonParams, now: int) -> bytes:
    """The file's text. One Argon2 run.

    :param key: with its chain and address
    """
    clear = {
        "format": FORMAT,
        "version": VERSION,
        "chain": key.chain,
        "scheme": key.scheme.value,
        "public_key": key.public_key.hex(),
        "address": key.address,
        "created_at": now,
        "kdf": "argon2id",
        "memory_kib": params.memory_kib,
        "time": params.time,
        "parallelism": params.parallelism,
        "salt": os.urandom(SALT_BYTES).hex(),
    }
    nonce = os.urandom(sodium.NONCE_BYTES)
    try:
        wrapping = _stretch(desk, passphrase, bytes.fromhex(str(clear["salt"])), params)
        sealed = sodium.seal(wrapping, nonce, key.secret, _covered(clear))
    finally:
        desk.run.wipe()
    return pretty_json({**clear, "nonce": nonce.hex(), "ciphertext": sealed.hex()})


def decode(desk: Desk, text: bytes, passphrase: bytearray) -> HeldKey:
    """Open the file onto the desk. One Argon2 run, unless the file is malformed.

    :raises BadRequest: when it is not such a file, or its key is not the one that it names
    :raises StartRefused: WRONG_PASSWORD when it does not open
    """
    document = _read(text)
    params = _params(document)
    clear = {name: value for name, value in document.items() if name not in ("nonce", "ciphertext")}
    salt, nonce, sealed = (bytes.fromhex(document[name]) for name in ("salt", "nonce", "ciphertext"))
    try:
        wrapping = _stretch(desk, passphrase, salt, params)
        is_open = sodium.open_into(desk.secret, wrapping, nonce, sealed, _covered(clear))
    finally:
        desk.run.wipe()
    if not is_open:
        raise StartRefused("the passphrase is wrong, or the key file was edited", code="WRONG_PASSWORD")
    key = desk.hold(Scheme(document["scheme"]), "waiaas", document["chain"], document["address"])
    if key.public_key.hex() != document["public_key"]:
        raise BadRequest("the key in the file is not the one that its public_key names")
    return key


def _read(text: bytes) -> dict[str, Any]:
    if len(text) > MAX_FILE_BYTES:
        raise _malformed(f"it is longer than {MAX_FILE_BYTES} bytes")
    try:
        document = parse_object(text)
    except ValueError as failure:
        raise _malformed(str(failure)) from None
    if document.keys() != _FIELDS:
        raise _malformed("fields are missing or unknown")
    _check(document)
    return document


def _check(document: dict[str, Any]) -> None:
    if document["format"] != FORMAT or document["kdf"] != "argon2id":
        raise _malformed("its format or kdf is another")
    for name in ("version", *_CLEAR):
        if not FIELD_CHECKS[name](document[name]):
            raise _malformed(f"its field {name} is malformed")
    sizes = {**_SIZES, "public_key": PUBLIC_KEY_BYTES[document["scheme"]]}
    for name, size in sizes.items():
        if not isinstance(document[name], str) or not is_hex(document[name], size):
            raise _malformed(f"its field {name} is not {size} bytes in lower-case hexadecimal")


def _params(document: dict[str, Any]) -> ArgonParams:
    try:
        return ArgonParams(**{name: document[name] for name in _COSTS})
    except ValueError as failure:
        raise _malformed(str(failure)) from None


def _stretch(desk: Desk, passphrase: bytearray, salt: bytes, params: ArgonParams) -> Secret:
    stretched, wrapping = desk.run.part(0, 32), desk.run.part(32, 32)
    argon2id_into(stretched, desk.word(passphrase), salt, params)
    sodium.derive_into(wrapping, stretched, _PERSONAL)
    return wrapping


def _covered(clear: dict[str, Any]) -> bytes:
    return _DOMAIN + canonical_json(clear)


def _malformed(why: str) -> BadRequest:
    return BadRequest(f"the file is no {FORMAT} file of version {VERSION}: {why}")
