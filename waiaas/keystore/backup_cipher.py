"""The encryption of a backup: numbered chunks under a key of one file (:doc:`docs/backups.md`).

Runs in the daemon, which has the backup key from its signer, and in the CLI process that has the password and no plugin.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import NoReturn

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError

from waiaas.errors import StartRefused
from waiaas.keystore import envelope, records, sodium
from waiaas.keystore.desk import Desk

CHUNK_BYTES = 65536
SALT_BYTES = 32
PURPOSE = "backups"
_FILE_KEY = b"waiaas.bkfile.v1"


def backup_key(master: bytes, password: bytearray) -> bytes:
    """The backup key of the installation whose ``master.json`` this is. One Argon2 run.

    :param master: the text of ``master.json``; :param password: left as it is
    :raises StartRefused: WRONG_PASSWORD; KEYSTORE_DAMAGED
    """
    with Desk() as desk:
        desk.open_master(master, password)
        sodium.derive_into(desk.subkey, desk.data_key, envelope.PURPOSES[PURPOSE])
        return bytes(desk.subkey.view)


def require_master(master: bytes) -> None:
    """:raises StartRefused: KEYSTORE_DAMAGED for what is no whole ``master.json``; no password is tried"""
    records.decode_master(master, envelope.MASTER_NAME, sodium.blake2b_256)


def file_key(key: bytes, salt: bytes) -> bytes:
    """The key of one file. :param key: the backup key; :param salt: 32 random bytes of that file alone"""
    return hashlib.blake2b(salt, key=key, digest_size=32, person=_FILE_KEY).digest()


def sealed_bytes(payload: int) -> int:
    """How long the chunks of a payload are together."""
    return payload + sodium.TAG_BYTES * _chunks(payload)


def seal_chunks(key: bytes, associated: bytes, payload: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Cut and seal.

    :param key: of this file alone; :param payload: length of all pieces together, at least 1
    :raises ValueError: when the pieces are longer or shorter than was said: no file is finished that way
    """
    last = _chunks(payload) - 1
    number, left = 0, payload
    for chunk in _cut(pieces):
        left -= len(chunk)
        if number > last or (number == last) is not (left == 0):
            break
        yield crypto_aead_xchacha20poly1305_ietf_encrypt(chunk, associated, _nonce(number, number == last), key)
        number += 1
    if left != 0 or number != last + 1:
        raise ValueError("a file changed its length while it was read")


def open_chunks(key: bytes, associated: bytes, payload: int, read: Callable[[int], bytes]) -> Iterator[bytes]:
    """The payload, chunk by chunk; each is authentic in its place before it comes out.

    :param read: gives the next so many bytes
    :raises StartRefused: BACKUP_DAMAGED with the number of the chunk that does not open
    """
    last = _chunks(payload) - 1
    for number in range(last + 1):
        size = CHUNK_BYTES if number < last else payload - last * CHUNK_BYTES
        sealed = read(size + sodium.TAG_BYTES)
        try:
            nonce = _nonce(number, number == last)
            yield crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, associated, nonce, key)
        except (CryptoError, ValueError):
            refuse(f"chunk {number} of {last + 1} does not open: it was edited, moved, or is of another file")


def refuse(why: str) -> NoReturn:
    """:raises StartRefused: BACKUP_DAMAGED, always"""
    raise StartRefused(
        f"the backup is damaged: {why}", code="BACKUP_DAMAGED", hint="use another one; see: waiaas backup list"
    )


def _chunks(payload: int) -> int:
    return -(-payload // CHUNK_BYTES)


def _nonce(number: int, is_last: bool) -> bytes:
    return bytes(15) + number.to_bytes(8) + bytes([is_last])


def _cut(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in chunks, only the last of which is shorter."""
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= CHUNK_BYTES:
            yield bytes(held[:CHUNK_BYTES])
            del held[:CHUNK_BYTES]
    if held:
        yield bytes(held)
