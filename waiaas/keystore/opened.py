"""The keystore in a command's own process, under the master password: keys in and out, and notes of it.

One command at a time works on a keystore: it holds a lock on the folder. The daemon holds none; what it reads is written whole.
"""

import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from uuid6 import uuid7

from waiaas.errors import BadRequest, Conflict, NotFound, StartRefused
from waiaas.keystore import envelope, imports, notes, sodium
from waiaas.keystore.desk import Desk, HeldKey
from waiaas.keystore.files import read_private, write_private
from waiaas.keystore.imports import ImportRecord
from waiaas.keystore.memory import Secret
from waiaas.keystore.records import MAX_FILE_BYTES, damaged, is_agent_id


@contextmanager
def opened(folder: Path, desk: Desk, password: bytearray) -> Iterator["OpenKeystore"]:
    """Open the keystore onto the desk. One Argon2 run.

    :param password: left as it is
    :raises StartRefused: WRONG_PASSWORD, KEYSTORE_DAMAGED, START_REFUSED while another command works on it
    """
    with locked(folder):
        desk.open_master(read_master(folder), password)
        try:
            yield OpenKeystore(folder, desk)
        finally:
            desk.data_key.wipe()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other commands from this keystore. The kernel gives the lock back when the process ends, however it ends.

    :raises StartRefused: while another command holds it
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StartRefused("another command works on this keystore", hint="try again when it is done") from None
        yield
    finally:
        os.close(handle)


def read_master(folder: Path) -> bytes:
    """``master.json``. :raises StartRefused: KEYSTORE_DAMAGED when it is missing"""
    try:
        return read_private(folder / envelope.MASTER_NAME, MAX_FILE_BYTES)
    except FileNotFoundError:
        damaged(envelope.MASTER_NAME, "it is missing")


class OpenKeystore:
    """What a command may do with an open keystore. The data key stays on the desk."""

    def __init__(self, folder: Path, desk: Desk) -> None:
        self._folder = folder
        self._desk = desk

    def seal(self, key: HeldKey, *, name: str, chain: str, network: str) -> str:
        """Write a key as an import that the daemon can adopt; durable when this returns.

        :param name: the agent's name to be
        :returns: the agent's id to be
        :raises BadRequest: for a name, chain or network that cannot be
        """
        agent_id = str(uuid7())
        record = ImportRecord(
            agent_id=agent_id,
            name=name,
            chain=chain,
            network=network,
            scheme=key.scheme,
            public_key=key.public_key.hex(),
            source=key.source,
            created_at=int(time.time()),
        )
        with self._subkey(envelope.AGENT_KEYS) as subkey:
            text = imports.seal_import(record, key.secret, subkey, os.urandom(sodium.NONCE_BYTES))
        write_private(self._folder / imports.file_name(agent_id), text, replace=False)
        return agent_id

    def export_key(self, agent_id: str) -> HeldKey:
        """Open an agent's key onto the desk.

        :raises NotFound: when there is none; :raises StartRefused: KEYSTORE_DAMAGED
        """
        if not is_agent_id(agent_id):
            raise BadRequest("an agent id is a UUID in lower case")
        try:
            text = read_private(self._folder / f"{agent_id}.json", MAX_FILE_BYTES)
        except FileNotFoundError:
            raise NotFound(f"keystore/{agent_id}.json does not exist: this agent has no key") from None
        with self._subkey(envelope.AGENT_KEYS) as subkey:
            header = envelope.open_key(text, agent_id, self._desk.secret, subkey)
        key = self._desk.hold(header.scheme, "keystore", header.chain, header.address)
        if key.public_key.hex() != header.public_key:
            damaged(f"{agent_id}.json", "its key is not the one of its public_key")
        return key

    def note(self, event: str, agent_id: str, details: Mapping[str, str]) -> None:
        """Write down, durably, what is about to be done beside the daemon.

        :raises Conflict: for an event that commands do not note
        """
        if event not in notes.EVENTS:
            raise Conflict(f"{event} is not noted by commands")
        note = notes.Note(id=str(uuid7()), event=event, agent_id=agent_id, at=int(time.time()), details=details)
        with self._subkey(envelope.PURPOSES[notes.PURPOSE]) as subkey:
            signed = note.signed(bytes(subkey.view))
        write_private(self._folder / notes.file_name(note.id), signed.encode(), replace=False)

    @contextmanager
    def _subkey(self, purpose: bytes) -> Iterator[Secret]:
        try:
            sodium.derive_into(self._desk.subkey, self._desk.data_key, purpose)
            yield self._desk.subkey
        finally:
            self._desk.subkey.wipe()
