"""A new data key: every file of the keystore sealed anew, into a folder beside it (:doc:`docs/keystore.md`).

This is the part that needs secrets. Nothing here touches the old files; switching is :mod:`waiaas.engine.rekeying`'s.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from waiaas.errors import StartRefused
from waiaas.keystore import envelope, imports, notes, sodium
from waiaas.keystore.argon import ArgonParams
from waiaas.keystore.desk import Desk
from waiaas.keystore.files import read_private, write_private
from waiaas.keystore.records import MAX_FILE_BYTES, damaged

_TEMPORARY = ".tmp"


class Rekeying:
    """One change of the data key. The old one is on the desk; the new one is drawn here.

    :param folder: the keystore; :param into: an empty private folder for the new files
    """

    def __init__(self, folder: Path, into: Path, desk: Desk) -> None:
        self._folder = folder
        self._into = into
        self._desk = desk
        sodium.random_into(desk.next_data_key)

    def write_master(self, password: bytearray, params: ArgonParams) -> None:
        """The new ``master.json``. One Argon2 run."""
        desk = self._desk
        text = envelope.seal_master(desk.next_data_key, desk.new_word(password), params, desk.run, int(time.time()))
        write_private(self._into / envelope.MASTER_NAME, text, replace=False)

    def write_keys(self) -> int:
        """Agents' keys, imports and notes, each opened with the old key and sealed with the new one; how many.

        :raises StartRefused: KEYSTORE_DAMAGED for a file that does not open; START_REFUSED for one that is of no known kind
        """
        count = 0
        for path in sorted(self._folder.iterdir()):
            if path.name == envelope.MASTER_NAME or (path.name.startswith(".") and path.name.endswith(_TEMPORARY)):
                continue
            write_private(self._into / path.name, self._resealed(path), replace=False)
            count += 1
        return count

    def subkeys(self, purpose: str) -> tuple[bytes, bytes]:
        """The old and the new subkey of one of the purposes that the daemon has."""
        with self._derived(envelope.PURPOSES[purpose]):
            return bytes(self._desk.subkey.view), bytes(self._desk.next_subkey.view)

    def _resealed(self, path: Path) -> bytes:
        text = read_private(path, MAX_FILE_BYTES)
        try:
            if path.name.endswith(notes.SUFFIX):
                return self._note(text, path.name.removesuffix(notes.SUFFIX))
            if path.name.endswith(imports.SUFFIX):
                return self._import(text, path.name.removesuffix(imports.SUFFIX))
            if path.suffix == ".json":
                return self._key(text, path.stem)
        finally:
            self._desk.secret.wipe()
        raise StartRefused(
            f"keystore/{path.name} is none of the files that belong there", hint="move it away, then run this again"
        )

    def _key(self, text: bytes, agent_id: str) -> bytes:
        desk = self._desk
        with self._derived(envelope.AGENT_KEYS):
            header = envelope.open_key(text, agent_id, desk.secret, desk.subkey)
            return envelope.seal_key(header, desk.secret, desk.next_subkey)

    def _import(self, text: bytes, agent_id: str) -> bytes:
        desk = self._desk
        with self._derived(envelope.AGENT_KEYS):
            record = imports.open_import(text, agent_id, desk.secret, desk.subkey)
            return imports.seal_import(record, desk.secret, desk.next_subkey, os.urandom(sodium.NONCE_BYTES))

    def _note(self, text: bytes, note_id: str) -> bytes:
        before, after = self.subkeys(notes.PURPOSE)
        note = notes.decode_note(text, note_id)
        if not note.is_from(before):
            damaged(notes.file_name(note_id), "it was edited, or belongs to another master.json")
        return note.signed(after).encode()

    @contextmanager
    def _derived(self, purpose: bytes) -> Iterator[None]:
        desk = self._desk
        try:
            sodium.derive_into(desk.subkey, desk.data_key, purpose)
            sodium.derive_into(desk.next_subkey, desk.next_data_key, purpose)
            yield
        finally:
            desk.subkey.wipe()
            desk.next_subkey.wipe()
