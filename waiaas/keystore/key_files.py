"""Files that hold one key outside the keystore: which kinds there are, and telling them apart."""

import time
from codecs import BOM_UTF8
from enum import StrEnum

from waiaas.errors import BadRequest
from waiaas.keystore import ethereum_key, solana_key, waiaas_key
from waiaas.keystore.argon import ArgonParams
from waiaas.keystore.desk import Desk, HeldKey
from waiaas.keystore.password_text import as_sealed, with_any_reading
from waiaas.keystore.records import parse_object

LONGEST_FILE = 65536


class KeyFormat(StrEnum):
    """Kinds of file."""

    WAIAAS = "waiaas"
    SOLANA = "solana"
    ETHEREUM = "ethereum"

    @property
    def is_encrypted(self) -> bool:
        """Whether it needs a passphrase."""
        return self is not KeyFormat.SOLANA


def recognise(text: bytes) -> KeyFormat:
    """Which kind a file is, by its outermost form. Whether it is a good one is the decoder's to say.

    :raises BadRequest: for a file of none of these kinds
    """
    text = text.removeprefix(BOM_UTF8)
    if text.lstrip()[:1] == b"[":
        return KeyFormat.SOLANA
    try:
        names = {name.lower() for name in parse_object(text)}
    except ValueError:
        names = set()
    if "format" in names:
        return KeyFormat.WAIAAS
    if "crypto" in names:
        return KeyFormat.ETHEREUM
    raise BadRequest(
        "the file holds no key in a form that is known here",
        hint="known are our own key files, id.json of the Solana tools, and Ethereum keystores of version 3",
    )


def read_key_file(desk: Desk, text: bytes, passphrase: bytearray | None) -> HeldKey:
    """Put a file's key onto the desk.

    :param passphrase: left as it is; None for a file that is not encrypted
    :raises BadRequest: for a malformed file; :raises StartRefused: WRONG_PASSWORD
    """
    text = text.removeprefix(BOM_UTF8)
    kind = recognise(text)
    if kind is KeyFormat.SOLANA:
        return solana_key.decode(desk, text)
    if passphrase is None:
        raise BadRequest("this file is encrypted: a passphrase is needed")
    if kind is KeyFormat.WAIAAS:
        return with_any_reading(passphrase, lambda reading: waiaas_key.decode(desk, text, reading))
    return with_any_reading(passphrase, lambda reading: ethereum_key.decode(desk, text, reading))


def write_key_file(
    desk: Desk, key: HeldKey, kind: KeyFormat, passphrase: bytearray | None, params: ArgonParams
) -> bytes:
    """A key as the text of a file.

    :param params: what a guess of the passphrase costs, in our own file
    :raises BadRequest: for a key that the kind cannot hold
    """
    if kind is KeyFormat.SOLANA:
        return solana_key.encode(key)
    if passphrase is None:
        raise BadRequest("this kind of file is encrypted: a passphrase is needed")
    sealed = as_sealed(passphrase)
    try:
        if kind is KeyFormat.WAIAAS:
            return waiaas_key.encode(desk, key, sealed, params, int(time.time()))
        return ethereum_key.encode(key, sealed)
    finally:
        sealed[:] = bytes(len(sealed))
