"""Signed checkpoints of the audit log: the signer signs its end now and then, so that whoever kept one signature finds a cut,
an edit and a log written again (invariant 20)."""

import logging
import threading

from waiaas.clock import Clock
from waiaas.engine.admin import Lifecycle
from waiaas.engine.journal import STRETCH, Journal
from waiaas.keystore.checkpoints import is_checkpoint
from waiaas.keystore.client import SignerClient
from waiaas.store.audit_proof import KEY_CHANGED
from waiaas.store.database import Store
from waiaas.store.records import Checkpoint

_log = logging.getLogger("waiaas.checkpoints")
LONGEST_SECONDS = 60.0
"""So long a row waits for its signature at most."""
Link = tuple[int, str]


class Checkpoints:
    """Makes and keeps checkpoints. Thread-safe.

    :param lifecycle: names the installation, and knows whether the directory is the one it was
    """

    def __init__(
        self, *, store: Store, signer: SignerClient, journal: Journal, clock: Clock, lifecycle: Lifecycle
    ) -> None:
        self._store = store
        self._signer = signer
        self._journal = journal
        self._clock = clock
        self._lifecycle = lifecycle
        self._instance_id = lifecycle.instance_id
        self._has_signed = False
        self._lock = threading.Lock()
        # What a crash left unsigned has waited long enough; a new key is noted at once that way.
        self._waits_since: float | None = float("-inf")

    def keep_up(self) -> None:
        """Sign the head if a hundred rows have come since the last checkpoint, or the first of them waits for a minute.

        :raises NotReady: SIGNER_LOCKED, or what the store says
        """
        with self._lock:
            new = self._new_rows()
            if not new:
                self._waits_since = None
                return
            now = self._clock.monotonic()
            if self._waits_since is None:
                self._waits_since = now
            if new >= STRETCH or now - self._waits_since >= LONGEST_SECONDS:
                self._sign()

    def sign(self) -> None:
        """Sign the head now, if anything is new. May be called again.

        :raises NotReady: as :meth:`keep_up`
        """
        with self._lock:
            if self._new_rows():
                self._sign()

    def key(self) -> str | None:
        """The public key that signs now, hex; None before the first row, or while the signer is locked. Nothing is kept."""
        with self._store.read() as unit:
            head = unit.audit.head()
        if head is None or not self._signer.is_unlocked:
            return None
        return self._signer.checkpoint(self._instance_id, *head)[0].hex()

    def _new_rows(self) -> int:
        with self._store.read() as unit:
            head, last = unit.audit.head(), unit.checkpoints.last()
        return max(0, (head[0] if head else 0) - (last.audit_id if last else 0))

    def _sign(self) -> None:
        self._note_new_key()
        with self._store.read() as unit:
            head = unit.audit.head()
        if head is not None:
            self._sign_row(head)
        self._waits_since, self._has_signed = None, True

    def _sign_row(self, row: Link) -> None:
        public, signature = self._signer.checkpoint(self._instance_id, *row)
        checkpoint = Checkpoint(
            created_at=self._clock.now(),
            audit_id=row[0],
            audit_hash=row[1],
            public_key=public.hex(),
            signature=signature.hex(),
        )
        with self._store.write() as unit:
            unit.checkpoints.add(checkpoint)

    def _note_new_key(self) -> None:
        """Old checkpoints stay good when the data key is drawn anew: the log itself says which key followed which.

        That happens while no daemon runs, in a directory that is afterwards the one it was. A last checkpoint under another key
        at any other time was put there by somebody: the log names its key and does not take it for one of ours.
        """
        with self._store.read() as unit:
            last = unit.checkpoints.last()
        key = self.key()
        if last is None or key is None or last.public_key == key:
            return
        is_ours = self._lifecycle.is_own and not self._has_signed
        _log.warning("checkpoints are signed with %s; the last one was signed with %s", key, last.public_key)
        with self._store.write() as unit:
            before = "before" if is_ours else "unknown"
            details = {before: last.public_key, "after": key, "lastSigned": last.audit_id}
            self._journal.record(unit, KEY_CHANGED, actor="system", details=details)
            said = unit.audit.head()
        if said is not None and is_ours:
            self._sign_row(said)  # this very row: a later signature would not tell it from one that a forger wrote


def is_genuine(instance_id: str, checkpoint: Checkpoint) -> bool:
    """Whether a checkpoint's signature fits it. Pure."""
    return is_checkpoint(
        instance_id=instance_id,
        audit_id=checkpoint.audit_id,
        audit_hash=checkpoint.audit_hash,
        public_key=checkpoint.public_key,
        signature=checkpoint.signature,
    )
