"""Sealing and opening the two records. Runs in the signer, and for ``waiaas init`` in the CLI; secrets stay in locked slots.

Password, salt and parameters give 32 bytes by Argon2id. From these come, by BLAKE2b under two purposes, the key-encryption
key and the check value. The key-encryption key wraps the random data key; the data key's subkey wraps each agent's key.
"""

import os
from collections.abc import Mapping
from dataclasses import replace

from waiaas.errors import StartRefused
from waiaas.keystore import records, sodium
from waiaas.keystore.argon import SALT_BYTES, ArgonParams, argon2id_into
from waiaas.keystore.memory import Secret
from waiaas.keystore.records import KeyHeader, KeyRecord, MasterRecord

MASTER_NAME = "master.json"
#: What one Argon2 run needs: its output, the key-encryption key, the check value.
RUN_BYTES = 96

_WRAPPING = b"waiaas.kek.v1"
_CHECK = b"waiaas.check.v1"
AGENT_KEYS = b"waiaas.keys.v1"
CHECKPOINTS = b"waiaas.ckpt.v1"
#: The subkeys that may leave the signer, by the purpose the daemon names.
PURPOSES: Mapping[str, bytes] = {
    "row-macs": b"waiaas.rows.v1",
    "channel-configs": b"waiaas.chan.v1",
    "backups": b"waiaas.bkup.v1",
    "audit-head": b"waiaas.head.v1",
    "notes": b"waiaas.note.v1",
}


def seal_master(data_key: Secret, password: Secret, params: ArgonParams, run: Secret, created_at: int) -> bytes:
    """The text of a new ``master.json``. One Argon2 run.

    :param password: wiped
    :param run: 96 bytes of room, wiped
    """
    salt = os.urandom(SALT_BYTES)
    try:
        wrapping, check = _stretch(password, salt, params, run)
        record = MasterRecord(
            params=params, salt=salt, check=check, created_at=created_at, nonce=_nonce(), ciphertext=bytes(48)
        )
        sealed = sodium.seal(wrapping, record.nonce, data_key, record.canonical())
    finally:
        run.wipe()
    return records.encode_master(replace(record, ciphertext=sealed), sodium.blake2b_256)


def open_master(text: bytes, password: Secret, out: Secret, run: Secret) -> None:
    """Unwrap the data key. One Argon2 run, unless the file is damaged so plainly that no password could open it.

    :param password: wiped
    :param out: 32 bytes, filled with the data key
    :param run: 96 bytes of room, wiped
    :raises StartRefused: WRONG_PASSWORD, or KEYSTORE_DAMAGED
    """
    try:
        record = records.decode_master(text, MASTER_NAME, sodium.blake2b_256)
        wrapping, check = _stretch(password, record.salt, record.params, run)
        if check != record.check:
            raise StartRefused("the master password is wrong", code="WRONG_PASSWORD")
        if not sodium.open_into(out, wrapping, record.nonce, record.ciphertext, record.canonical()):
            records.damaged(MASTER_NAME, "the password is right, but the data key does not open")
    finally:
        password.wipe()
        run.wipe()


def seal_key(header: KeyHeader, secret: Secret, subkey: Secret) -> bytes:
    """The text of an agent's key file."""
    nonce = _nonce()
    sealed = sodium.seal(subkey, nonce, secret, header.canonical())
    return records.encode_key(KeyRecord(header=header, nonce=nonce, ciphertext=sealed))


def open_key(text: bytes, agent_id: str, out: Secret, subkey: Secret) -> KeyHeader:
    """Open an agent's key file into 32 bytes of locked memory.

    :raises StartRefused: KEYSTORE_DAMAGED when it is another agent's file, was edited, or belongs to another data key
    """
    name = f"{agent_id}.json"
    record = records.decode_key(text, name)
    if record.header.agent_id != agent_id:
        records.damaged(name, f"it holds the key of agent {record.header.agent_id}")
    if not sodium.open_into(out, subkey, record.nonce, record.ciphertext, record.header.canonical()):
        records.damaged(name, "it was edited, or belongs to another master.json")
    return record.header


def _stretch(password: Secret, salt: bytes, params: ArgonParams, run: Secret) -> tuple[Secret, bytes]:
    stretched, wrapping, check = run.part(0, 32), run.part(32, 32), run.part(64, 32)
    argon2id_into(stretched, password, salt, params)
    sodium.derive_into(wrapping, stretched, _WRAPPING)
    sodium.derive_into(check, stretched, _CHECK)
    return wrapping, bytes(check.view)


def _nonce() -> bytes:
    return os.urandom(sodium.NONCE_BYTES)
