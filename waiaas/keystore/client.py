"""The daemon's handle on the signer: every operation as a method, across as many lives of the process as it takes.

A signer that died is started again by :meth:`SignerClient.unlock`, from whichever thread that comes. The daemon keeps neither
password nor data key, so only someone who brings the password can mend it.
"""

import threading
from collections.abc import Callable
from pathlib import Path

from waiaas.errors import NotReady, StartRefused
from waiaas.interfaces.signing import Hash, PublicKey, Scheme
from waiaas.keystore.connection import SignerProcess
from waiaas.keystore.failures import locked
from waiaas.keystore.password_text import with_any_reading
from waiaas.keystore.records import KeyHeader
from waiaas.keystore.wire import EPOCH, Operation


class SignerClient:
    """Thread-safe. Made by :meth:`start`."""

    def __init__(self, keystore: Path, argon_slots: int) -> None:
        self._keystore = keystore.absolute()
        self._argon_slots = argon_slots
        self._starting = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []
        self._process: SignerProcess | None = None
        self._stop_epoch = 0
        self._locks = 0
        self._is_closed = False

    @classmethod
    def start(cls, keystore: Path, *, argon_slots: int = 1) -> "SignerClient":
        """Start the signer process, locked. Returns before the process has finished loading.

        :param keystore: the folder with ``master.json``
        :param argon_slots: parallel Argon2 runs, 1 to 4, each with the memory that ``master.json`` names
        :raises StartRefused: when no process can be started
        """
        if not 1 <= argon_slots <= 4:
            raise ValueError("argon_slots is 1 to 4")
        client = cls(keystore, argon_slots)
        client._revive()
        return client

    @property
    def pid(self) -> int:
        """Process id of the signer, also of one that has just died."""
        return self._current().pid

    @property
    def is_alive(self) -> bool:
        """Whether there is a process to ask."""
        return self._process is not None and self._process.is_alive

    @property
    def is_unlocked(self) -> bool:
        """Whether the signer holds the data key, as far as the daemon knows. Costs nothing."""
        process = self._process
        return process is not None and process.is_alive and process.is_unlocked

    def on_death(self, callback: Callable[[], None]) -> None:
        """Have ``callback`` called, on a thread of this room, each time a signer process ends by itself."""
        self._callbacks.append(callback)

    def unlock(self, password: bytearray) -> None:
        """Give the signer the master password; starts a new process first when the last one has died. One Argon2 run;
        up to three for a password that is not ASCII.

        :param password: UTF-8; stays the caller's to wipe, and is not kept
        :raises StartRefused: WRONG_PASSWORD, KEYSTORE_DAMAGED naming the file, or the reason why no process starts
        :raises NotReady: when the signer dies, or is locked again, meanwhile
        :raises TooMany: RATE_LIMITED when too many passwords are being checked
        """
        process = self._revive()
        locks = self._locks
        with_any_reading(password, lambda reading: process.ask(Operation.UNLOCK, [reading]))
        with self._starting:
            process.is_unlocked = locks == self._locks
        if not process.is_unlocked:
            # A lock was ordered meanwhile and wins, even when it reached the signer before the password did.
            process.order(Operation.LOCK)
            raise locked()

    def verify_password(self, password: bytearray) -> bool:
        """Whether this is the master password. One Argon2 run on a thread of its own, up to three for a password that is
        not ASCII; signing goes on meanwhile.

        Needs a living signer, not an unlocked one.

        :raises TooMany: RATE_LIMITED, at once, when eight passwords wait already
        :raises StartRefused: KEYSTORE_DAMAGED
        :raises NotReady: SIGNER_LOCKED when the signer has died
        """
        process = self._current()

        def verify(reading: bytearray) -> None:
            if process.ask(Operation.VERIFY, [reading]) != [b"\1"]:
                raise StartRefused("the master password is wrong", code="WRONG_PASSWORD")

        try:
            with_any_reading(password, verify)
        except StartRefused as refused:
            if refused.code != "WRONG_PASSWORD":
                raise
            return False
        return True

    def lock(self) -> None:
        """Make the signer forget the data key and every key that is not sealed. May be called again; a dead one is locked."""
        with self._starting:
            self._locks += 1
            if self._process is not None and self._process.is_alive:
                self._process.is_unlocked = False
                self._process.order(Operation.LOCK)

    def close(self) -> None:
        """End the signer for good. May be called again."""
        with self._starting:
            self._is_closed = True
            process = self._process
        if process is not None:
            process.close()

    def generate(self, scheme: Scheme) -> tuple[str, PublicKey]:
        """Draw a key, which stays in the signer's memory until :meth:`seal`, :meth:`lock`, or 64 newer ones.

        :returns: a handle, and the public key
        :raises NotReady: SIGNER_LOCKED
        """
        handle, public = self._ask(Operation.GENERATE, scheme.value.encode())
        return handle.decode(), PublicKey(scheme=scheme, data=public)

    def seal(self, handle: str, header: KeyHeader) -> None:
        """Have the signer write ``keystore/<agent id>.json``; durable when this returns. Not repeatable: the handle is gone.

        :raises Conflict: STATE_CONFLICT when the agent has a key file already
        :raises NotFound: when the handle is unknown
        :raises Denied: when the header names another key than the handle's
        :raises BadRequest: when the header is malformed
        """
        self._ask(Operation.SEAL, handle.encode(), header.to_json())

    def adopt(self, text: bytes, header: KeyHeader) -> None:
        """Have the signer write ``keystore/<agent id>.json`` for an imported key; durable when this returns. Repeatable.

        :param text: the import file's bytes, from which the header was made
        :raises Conflict: STATE_CONFLICT when the agent has another key file already
        :raises Denied: when the header does not describe the import's key
        :raises StartRefused: KEYSTORE_DAMAGED when the import does not open
        """
        self._ask(Operation.ADOPT, text, header.to_json())

    def sign(self, *, agent_id: str, kind: str, preimage: bytes, hash: Hash, stop_epoch: int) -> bytes:
        """Sign with the agent's key. Deterministic; may be called again.

        :param kind: ``tx.<the key's chain>``, ``msg.eip191``, ``msg.eip712`` or ``msg.solana``
        :param preimage: the bytes before any prefix and hash
        :param stop_epoch: the stop epoch under which this was judged
        :returns: 64 bytes; for ECDSA 65: r, low s, recovery id
        :raises NotReady: SIGNER_LOCKED when locked or dead
        :raises Denied: FORBIDDEN for a kind or preimage that this key does not sign
        :raises Stopped: KILL_SWITCH when a stop was raised above ``stop_epoch``
        :raises StartRefused: KEYSTORE_DAMAGED naming the key file
        """
        epoch = EPOCH.pack(stop_epoch)
        (signature,) = self._ask(Operation.SIGN, agent_id.encode(), kind.encode(), hash.value.encode(), epoch, preimage)
        return signature

    def raise_stop_epoch(self, epoch: int) -> None:
        """Refuse from now on to sign what was judged under a smaller epoch. Works while locked; outlives the process.

        A dead signer needs no telling: it signs nothing, and the next one is told before it can be unlocked.
        """
        with self._starting:
            self._stop_epoch = max(self._stop_epoch, epoch)
            if self._process is not None and self._process.is_alive:
                self._process.order(Operation.RAISE_STOP_EPOCH, [EPOCH.pack(self._stop_epoch)])

    def checkpoint(self, instance_id: str, audit_id: int, audit_hash: str) -> tuple[bytes, bytes]:
        """Sign the audit log's head, as :mod:`waiaas.keystore.checkpoints` has it. Deterministic.

        :returns: public key (32 bytes) and signature (64), Ed25519
        :raises NotReady: SIGNER_LOCKED
        :raises BadRequest: for what is no audit head
        """
        number = EPOCH.pack(audit_id)
        public, signature = self._ask(Operation.CHECKPOINT, instance_id.encode(), number, audit_hash.encode())
        return public, signature

    def subkey(self, purpose: str) -> bytes:
        """32 bytes for one purpose: ``row-macs``, ``channel-configs``, ``backups``, ``audit-head``, ``notes``.

        :raises Denied: for any other purpose
        :raises NotReady: SIGNER_LOCKED
        """
        return self._ask(Operation.SUBKEY, purpose.encode())[0]

    def _ask(self, operation: Operation, *fields: bytes) -> list[bytes]:
        # Checked here as well, so that a request cannot overtake a lock that has been ordered.
        process = self._process
        if process is None or not process.is_unlocked:
            raise locked()
        return process.ask(operation, fields)

    def _current(self) -> SignerProcess:
        if self._process is None:
            raise locked()
        return self._process

    def _revive(self) -> SignerProcess:
        with self._starting:
            if self._is_closed:
                raise NotReady("the daemon is stopping", code="STOPPING")
            if self._process is None or not self._process.is_alive:
                self._process = SignerProcess(self._keystore, self._argon_slots, self._died)
                if self._stop_epoch:
                    self._process.order(Operation.RAISE_STOP_EPOCH, [EPOCH.pack(self._stop_epoch)])
            return self._process

    def _died(self) -> None:
        for callback in list(self._callbacks):
            callback()
