"""The signer's thread for the master password: Argon2 one run at a time, while signing goes on.

Runs in the signer alone. A password waits in a locked slot and is wiped as soon as Argon2 has read it.
"""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from waiaas.errors import StartRefused, TooMany
from waiaas.keystore import envelope
from waiaas.keystore.files import read_private
from waiaas.keystore.memory import LockedMemory, Secret
from waiaas.keystore.records import MAX_FILE_BYTES, damaged
from waiaas.keystore.vault import Vault
from waiaas.keystore.wire import MAX_PASSWORD

_WAITING = 8
_KEY_BYTES = 32

Answer = Callable[[list[bytes] | Exception], None]


@dataclass(frozen=True, slots=True)
class _Job:
    slot: Secret
    size: int
    generation: int | None
    answer: Answer


def room_bytes(runs: int) -> int:
    """Locked bytes that this many parallel runs need."""
    return _WAITING * MAX_PASSWORD + runs * (envelope.RUN_BYTES + _KEY_BYTES)


class Passwords:
    """Queues unlocks and verifications. At most eight wait; further ones are turned away at once."""

    def __init__(self, keystore: Path, vault: Vault, memory: LockedMemory, runs: int) -> None:
        self._path = keystore / envelope.MASTER_NAME
        self._vault = vault
        self._free = [memory.slot(MAX_PASSWORD) for _ in range(_WAITING)]
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        for _ in range(runs):
            rooms = (memory.slot(envelope.RUN_BYTES), memory.slot(_KEY_BYTES))
            threading.Thread(target=self._work, args=rooms, daemon=True).start()

    def submit(self, password: memoryview, is_unlock: bool, answer: Answer) -> None:
        """Take a password out of a request.

        :param password: copied into a locked slot; the caller wipes the request
        :param answer: called later, on this thread, with the answer's fields or an error
        :raises TooMany: when eight passwords wait already
        """
        size = len(password)
        if not 0 < size <= MAX_PASSWORD:
            answer(_wrong() if is_unlock else [b"\0"])
            return
        if not self._free:
            raise TooMany("too many passwords are being checked", code="RATE_LIMITED", retry_after=2)
        slot = self._free.pop()
        slot.view[:size] = password
        self._jobs.put(_Job(slot, size, self._vault.generation if is_unlock else None, answer))

    def _work(self, run: Secret, data_key: Secret) -> None:
        while True:
            job = self._jobs.get()
            try:
                job.answer(self._judge(job, run, data_key))
            except Exception as failure:  # noqa: BLE001  (whatever happened is the asker's answer; this thread goes on)
                job.answer(failure)
            finally:
                data_key.wipe()
                job.slot.wipe()
                self._free.append(job.slot)

    def _judge(self, job: _Job, run: Secret, data_key: Secret) -> list[bytes]:
        try:
            envelope.open_master(self._master(), job.slot.part(0, job.size), data_key, run)
        except StartRefused as failure:
            if failure.code == "WRONG_PASSWORD" and job.generation is None:
                return [b"\0"]
            raise
        if job.generation is None:
            return [b"\1"]
        self._vault.open(data_key, job.generation)
        return []

    def _master(self) -> bytes:
        try:
            return read_private(self._path, MAX_FILE_BYTES)
        except FileNotFoundError:
            damaged(envelope.MASTER_NAME, "it is missing")


def _wrong() -> StartRefused:
    return StartRefused("the master password is wrong", code="WRONG_PASSWORD")
