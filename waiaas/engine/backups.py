"""Backups of a running daemon: its signer has the key, everything else is in files."""

import threading

from waiaas.clock import Clock
from waiaas.config import DataDir
from waiaas.engine.actors import Actor, require_operator
from waiaas.engine.backup_writing import Made, make_backup
from waiaas.engine.checkpoints import Checkpoints
from waiaas.engine.journal import Journal
from waiaas.errors import Conflict, StartRefused
from waiaas.keystore.backup_cipher import PURPOSE
from waiaas.keystore.client import SignerClient
from waiaas.store.database import Store


class Backups:
    """Makes them, one at a time. Thread-safe."""

    def __init__(
        self,
        *,
        store: Store,
        signer: SignerClient,
        journal: Journal,
        clock: Clock,
        paths: DataDir,
        checkpoints: Checkpoints,
    ) -> None:
        self._checkpoints = checkpoints
        self._store = store
        self._signer = signer
        self._journal = journal
        self._clock = clock
        self._paths = paths
        self._one = threading.Lock()

    def create(self, actor: Actor) -> Made:
        """Make one now; payments go on meanwhile. Takes seconds for a large database.

        :raises Conflict: while another one is being made, or when a file of the keystore is not as it should be
        :raises NotReady: SIGNER_LOCKED, STORE_FULL
        """
        require_operator(actor)
        if not self._one.acquire(blocking=False):
            raise Conflict("a backup is being made already", hint="wait for it")
        try:
            self._checkpoints.sign()  # so that the log in it is signed to its end
            made = make_backup(self._paths, self._signer.subkey(PURPOSE), self._clock.now())
        except StartRefused as problem:
            raise Conflict(problem.message, hint=problem.hint) from problem
        finally:
            self._one.release()
        with self._store.write() as unit:
            details = {"file": made.path.name, "bytes": made.size}
            self._journal.record(unit, "backup.created", actor=actor.label, details=details, ip=actor.ip)
        return made
