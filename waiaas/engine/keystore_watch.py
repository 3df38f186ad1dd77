"""What commands did to the keystore beside the daemon, brought into the audit log: exports, another password, another data key.

Commands leave notes for what leaves no trace otherwise. A changed ``master.json`` is its own trace: the daemon remembers which
one it saw last, so that an old one which somebody puts back is noticed too.
"""

import json
import logging
import threading
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

from waiaas.clock import Clock
from waiaas.engine.journal import Journal
from waiaas.errors import StartRefused, Stopped
from waiaas.keystore.client import SignerClient
from waiaas.keystore.envelope import MASTER_NAME
from waiaas.keystore.files import read_private
from waiaas.keystore.notes import PURPOSE, SUFFIX, Note, decode_note
from waiaas.keystore.records import MAX_FILE_BYTES
from waiaas.store.database import Store, Unit

_T = TypeVar("_T", list[str], dict[str, str])
_log = logging.getLogger("waiaas.keystore")
_MASTER = "keystore_master"
_TOLD = "keystore_notes_told"
_MOST_TOLD = 1000
"""So many notes are remembered."""


class KeystoreWatch:
    """Compares the keystore with what is on record. Thread-safe.

    :param keystore: the folder
    """

    def __init__(self, *, store: Store, signer: SignerClient, journal: Journal, clock: Clock, keystore: Path) -> None:
        self._store = store
        self._signer = signer
        self._journal = journal
        self._clock = clock
        self._keystore = keystore
        self._lock = threading.Lock()
        #: Called when the master password or the data key changed.
        self.on_change: Callable[[], None] = lambda: None

    def review(self) -> None:
        """Write down what is new. Cheap when nothing is; does nothing while the signer is locked. May be called again."""
        if not self._signer.is_unlocked:
            return
        with self._lock:
            key = self._signer.subkey(PURPOSE)
            self._take_notes(key)
            is_changed = self._compare_master(key)
        if is_changed:
            self.on_change()

    def _take_notes(self, key: bytes) -> None:
        paths = sorted(self._keystore.glob("*" + SUFFIX))
        found = [note for path in paths if (note := self._verified(path, key)) is not None]
        if not found:
            return
        with self._store.write() as unit:
            self._record(unit, found)
        for note in found:
            (self._keystore / (note.id + SUFFIX)).unlink(missing_ok=True)

    def _record(self, unit: Unit, found: Sequence[Note]) -> None:
        """A note whose file outlived a crash, or that somebody puts back, is on record already."""
        remembered = _remembered(unit, _TOLD, [])
        told = [] if remembered is None else remembered
        for note in found:
            if note.id not in told:
                details = {**note.details, "at": note.at}
                self._journal.record(unit, note.event, actor="operator", agent_id=note.agent_id, details=details)
                told.append(note.id)
        if remembered is not None:
            unit.state.set(_TOLD, json.dumps(told[-_MOST_TOLD:]))

    def _verified(self, path: Path, key: bytes) -> Note | None:
        try:
            note = decode_note(read_private(path, MAX_FILE_BYTES), path.name.removesuffix(SUFFIX))
        except FileNotFoundError:
            return None
        except StartRefused as problem:
            _log.error("a note is left where it is: %s", problem.message)
            return None
        if not note.is_from(key):
            _log.error("a note is left where it is: keystore/%s was not written under this data key", path.name)
            return None
        return note

    def _compare_master(self, key: bytes) -> bool:
        now = {"master": self._fingerprint(), "key": blake2b(key, digest_size=16, person=b"waiaas-key-id").hexdigest()}
        with self._store.read() as unit:
            before = _remembered(unit, _MASTER, {})
        if before is None or before == now:
            return False
        with self._store.write() as unit:
            unit.state.set(_MASTER, json.dumps(now))
            if before:
                event = "password.changed" if before.get("key") == now["key"] else "keystore.rekeyed"
                self._journal.record(unit, event, actor="operator")
        return bool(before)

    def _fingerprint(self) -> str:
        try:
            text = read_private(self._keystore / MASTER_NAME, MAX_FILE_BYTES)
        except FileNotFoundError:
            return ""
        return blake2b(text, digest_size=16, person=b"waiaas-master").hexdigest()


def _remembered(unit: Unit, key: str, nothing: _T) -> _T | None:
    """What was remembered, ``nothing`` where that is nothing; None where somebody else wrote it, which the row watch tells.

    It decides nothing, so a start goes on: only a running daemon can show what was changed, and be told to accept it.
    """
    try:
        found = json.loads(unit.state.get(key) or "null")
    except Stopped:
        return None
    except ValueError:  # a person accepted what somebody else wrote there
        return nothing
    return found if isinstance(found, type(nothing)) else nothing
