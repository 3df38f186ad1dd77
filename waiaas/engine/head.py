"""The pinned head: a small file outside the database that says how far ledger and audit had come, on which disk and machine.

A database that is behind it, or a directory that lies elsewhere than it says, was restored, rolled back or copied; such a
directory signs nothing before a person acts (invariant 14). The file may lag behind the database and never leads it: it is
written after the commits that it describes. It carries a MAC under a subkey of the signer, so it can be checked once that is
unlocked, and not be forged by who cannot unlock it.
"""

import hmac
import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from waiaas.engine.restored import RestoreMark
from waiaas.store.database import Store

#: The signer's subkey that the MAC is made with.
PURPOSE = "audit-head"
_KEPT = "head_kept"
GENERATION = "generation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """
    :param machine: the machine's id
    :param device: and :param inode: where the database file lies
    :param rows: how far the seals of rows had come; 0 before there were any
    :param generation: how often the directory was found not to be the one it was
    """

    machine: str
    device: int
    inode: int
    ledger_id: int
    audit_id: int
    audit_hash: str
    rows: int = 0
    generation: int = 0

    def sealed(self, key: bytes) -> bytes:
        """The file's bytes."""
        document = asdict(self)
        return json.dumps({**document, "mac": _mac(document, key)}, sort_keys=True).encode()

    @classmethod
    def opened(cls, content: bytes, key: bytes) -> "Head | None":
        """The head that the bytes hold; None when they are not this directory's own."""
        try:
            document = json.loads(content)
            mac = document.pop("mac")
            head = cls(**document)  # a head of an earlier version says less, and its MAC covers what it says
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None
        is_text = isinstance(mac, str) and mac.isascii()  # what is not cannot be compared in constant time
        return head if is_text and hmac.compare_digest(mac, _mac(document, key)) else None


class HeadKeeper:
    """Keeps the file in step with the database.

    :param mark: says that the directory came out of a backup, which has no head
    :param write: an atomic writer of private files
    """

    def __init__(
        self, path: Path, database: Path, store: Store, write: Callable[[Path, bytes], None], mark: RestoreMark
    ) -> None:
        self.mark = mark
        self._path = path
        self._database = database
        self._store = store
        self._write = write
        self._key: bytes | None = None
        self._pinned: Head | None = None
        self._is_begun = False
        self._lock = threading.Lock()

    @property
    def exists(self) -> bool:
        """Whether a head was ever written here."""
        return self._path.exists()

    def open(self, key: bytes) -> str | None:
        """Take the key, check the file. Returns what is wrong with this directory, or None.

        A missing head is wrong once there was one, and as soon as the database holds anything that was signed for.
        """
        self._key = key
        if not self._path.exists():
            return None if self._is_untouched() else "its pinned head is gone"
        head = self._pinned = Head.opened(self._path.read_bytes(), key)
        return "its pinned head is damaged or another's" if head is None else self._compare(head)

    @property
    def rows(self) -> int:
        """How far the seals of rows had come, as it was found; 0 where it did not say."""
        return self._pinned.rows if self._pinned is not None else 0

    @property
    def generation(self) -> int:
        """The generation, as it was found; 0 where it did not say."""
        return self._pinned.generation if self._pinned is not None else 0

    def pinned(self) -> tuple[int, str] | None:
        """Id and hash of the audit row that the file names; None where there is none, or none that this key opens."""
        if self._key is None or not self._path.exists():
            return None
        head = Head.opened(self._path.read_bytes(), self._key)
        return (head.audit_id, head.audit_hash) if head is not None and head.audit_id else None

    def keep(self) -> None:
        """Write the present position. Does I/O; cheap to call often; does nothing before :meth:`begin`."""
        if self._key is None or not self._is_begun:
            return
        with self._lock:
            self._write(self._path, self._present().sealed(self._key))

    def begin(self) -> None:
        """The same, once the directory was looked at; the database, and each backup of it, says from now on that it has one."""
        self._is_begun = True
        self.keep()
        with self._store.write() as unit:
            if unit.state.peek(_KEPT) is None:
                unit.state.set(_KEPT, "1")

    def _present(self) -> Head:
        rows = self._store.seals.position.number  # before the read: the head may lag, and never leads
        audit, ledger, generation = self._store.at_once(
            lambda unit: (unit.audit.head(), unit.ledger.last_position(), int(unit.state.peek(GENERATION) or "0"))
        )
        number, digest = audit or (0, "")
        place = self._database.stat()
        return Head(
            machine=_machine(),
            device=place.st_dev,
            inode=place.st_ino,
            ledger_id=ledger[0],
            audit_id=number,
            audit_hash=digest,
            rows=rows,
            generation=generation,
        )

    def _compare(self, head: Head) -> str | None:
        place = self._database.stat()
        if (head.machine, head.inode) != (_machine(), place.st_ino):
            return "it was copied or moved from another place"
        with self._store.read() as unit:
            row, ledger = unit.audit.get(head.audit_id), unit.ledger.last_position()
            signed = unit.checkpoints.last()
            promised = unit.audit.get(signed.audit_id) if signed is not None else None
        if head.audit_id and (row is None or row.hash != head.audit_hash):
            return "its database is older than its pinned head"
        if signed is not None and (promised is None or promised.hash != signed.audit_hash):
            return "its audit log is not the one of its last checkpoint"
        return "its ledger is older than its pinned head" if ledger[0] < head.ledger_id else None

    def _is_untouched(self) -> bool:
        with self._store.read() as unit:
            had_head = unit.state.peek(_KEPT) is not None
            return not had_head and unit.ledger.last_position()[0] == 0 and unit.agents.count() == 0


def _mac(document: Mapping[str, Any], key: bytes) -> str:
    text = json.dumps(document, sort_keys=True).encode()
    return blake2b(text, key=key[:64], digest_size=32, person=b"waiaas-head").hexdigest()


def _machine() -> str:
    for name in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        try:
            return blake2b(Path(name).read_bytes().strip(), digest_size=16, person=b"waiaas-machine").hexdigest()
        except OSError:
            continue
    return blake2b(os.uname().nodename.encode(), digest_size=16, person=b"waiaas-machine").hexdigest()
