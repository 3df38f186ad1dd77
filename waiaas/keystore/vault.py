"""The secrets of one signer process: the data key, generated keys that are not sealed yet, and the room to work in.

Runs in the signer alone. Everything secret has its slot in one :class:`~waiaas.keystore.memory.LockedMemory`, cut at start.
Nothing is cached: an agent's key is read from its file for each signature, opened into a slot, used and wiped.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from waiaas.errors import BadRequest, Conflict, Denied, NotFound, NotReady, Stopped
from waiaas.interfaces.signing import Hash, Scheme
from waiaas.keystore import envelope, schemes, sodium
from waiaas.keystore.checkpoints import checkpoint_message
from waiaas.keystore.failures import locked
from waiaas.keystore.files import read_private, write_private
from waiaas.keystore.imports import fits, open_import
from waiaas.keystore.kinds import bytes_to_sign
from waiaas.keystore.memory import LockedMemory, Secret
from waiaas.keystore.records import MAX_FILE_BYTES, KeyHeader, damaged, is_agent_id

_HANDLES = 64
#: Locked bytes a vault takes, rounding included.
VAULT_BYTES = 4096


@dataclass(frozen=True, slots=True)
class _Unsealed:
    scheme: Scheme
    public_key: bytes
    secret: Secret


class Vault:
    """Holds and uses secrets. Thread-safe: one lock around everything that touches a slot."""

    def __init__(self, keystore: Path, memory: LockedMemory) -> None:
        self._keystore = keystore
        self._lock = threading.Lock()
        self._data_key = memory.slot(sodium.KEY_BYTES)
        self._subkey = memory.slot(sodium.KEY_BYTES)
        self._secret = memory.slot(schemes.SECRET_BYTES)
        self._work = memory.slot(schemes.WORK_BYTES)
        self._expanded = memory.slot(2 * sodium.KEY_BYTES)
        self._free = [memory.slot(schemes.SECRET_BYTES) for _ in range(_HANDLES)]
        self._unsealed: OrderedDict[str, _Unsealed] = OrderedDict()
        self._is_open = False
        self._stop_epoch = 0
        #: Counts locks, so that an unlock begun before a lock does not undo it.
        self.generation = 0

    def open(self, data_key: Secret, generation: int) -> None:
        """Take over the data key.

        :raises NotReady: when the vault was locked after the unlock began
        """
        with self._lock:
            if generation != self.generation:
                raise locked()
            self._data_key.copy_from(data_key)
            self._is_open = True

    def lock(self) -> None:
        """Forget the data key and every key that is not sealed yet. May be called again."""
        with self._lock:
            self.generation += 1
            self._is_open = False
            self._data_key.wipe()
            while self._unsealed:
                self._forget(next(iter(self._unsealed)))

    def generate(self, scheme: Scheme) -> tuple[str, bytes]:
        """Draw a key and keep it in memory until it is sealed. Of more than 64 unsealed keys the oldest is forgotten.

        :returns: a handle, and the public key
        """
        with self._opened():
            if not self._free:
                self._forget(next(iter(self._unsealed)))
            secret = self._free.pop()
            public = schemes.generate_into(secret, self._work, scheme)
            handle = os.urandom(16).hex()
            self._unsealed[handle] = _Unsealed(scheme, public, secret)
            return handle, public

    def seal(self, handle: str, header: KeyHeader) -> None:
        """Write the agent's key file, once it describes this very key, and forget the handle.

        :raises NotFound: for an unknown handle, sealed ones included
        :raises Conflict: when the agent has a key file already; it is never overwritten
        """
        with self._opened():
            held = self._unsealed.get(handle)
            if held is None:
                raise NotFound("no unsealed key has this handle", hint="generate a new key")
            if header.scheme is not held.scheme or header.public_key != held.public_key.hex():
                raise Denied("the header describes another key than the handle's", code="FORBIDDEN")
            with self._derived(envelope.AGENT_KEYS) as subkey:
                text = envelope.seal_key(header, held.secret, subkey)
            self._write(header.agent_id, text)
            self._forget(handle)

    def adopt(self, text: bytes, header: KeyHeader) -> None:
        """Write the agent's key file for a key that a command sealed. May be called again: the same file is left as it is.

        :param text: the import file, the very bytes whose clear fields were judged
        :raises Denied: when the header describes another key than the import's
        :raises Conflict: when the agent has another key file; it is never overwritten
        :raises StartRefused: KEYSTORE_DAMAGED when the import does not open
        """
        with self._opened(), self._derived(envelope.AGENT_KEYS) as subkey:
            try:
                record = open_import(text, header.agent_id, self._secret, subkey)
                # a signature with a public key that is not the key's own would give the key away
                public = schemes.public_key(self._secret, self._work, record.scheme).hex()
                if not fits(record, header) or public != header.public_key:
                    raise Denied("the header describes another key than the import's", code="FORBIDDEN")
                if self._has(header, subkey):
                    return
                self._write(header.agent_id, envelope.seal_key(header, self._secret, subkey))
            finally:
                self._secret.wipe()

    def sign(self, agent_id: str, kind: str, preimage: bytes, hash_: Hash, stop_epoch: int) -> bytes:
        """Open the agent's key, sign the typed preimage, wipe.

        :raises Stopped: KILL_SWITCH when a stop was ordered after ``stop_epoch``
        :raises Denied: when the kind or the preimage is not one for this key
        :raises StartRefused: KEYSTORE_DAMAGED when the key file is missing, damaged or another agent's
        """
        with self._opened():
            if stop_epoch < self._stop_epoch:
                raise Stopped("signing was stopped after this was judged", code="KILL_SWITCH")
            try:
                with self._derived(envelope.AGENT_KEYS) as subkey:
                    header = envelope.open_key(self._read(agent_id), agent_id, self._secret, subkey)
                message = bytes_to_sign(header, kind, preimage, hash_)
                public = bytes.fromhex(header.public_key)
                return schemes.sign(self._secret, self._work, header.scheme, public, message)
            finally:
                self._secret.wipe()

    def raise_stop_epoch(self, epoch: int) -> None:
        """From now on sign only what was judged in this epoch or a later one. Never goes back; works while locked."""
        with self._lock:
            self._stop_epoch = max(self._stop_epoch, epoch)

    def checkpoint(self, instance_id: str, audit_id: int, audit_hash: str) -> tuple[bytes, bytes]:
        """Sign an audit head with a key that is derived from the data key and never leaves this process.

        :returns: public key and signature (Ed25519); the same for the same head
        :raises BadRequest: for what is no audit head
        """
        try:
            message = checkpoint_message(instance_id, audit_id, audit_hash)
        except ValueError as failure:
            raise BadRequest(str(failure)) from None
        with self._opened(), self._derived(envelope.CHECKPOINTS) as subkey:
            try:
                public = sodium.ed25519_public(subkey, self._expanded)
                return public, sodium.ed25519_sign(self._expanded, message)
            finally:
                self._expanded.wipe()

    def subkey(self, purpose: str) -> bytes:
        """One of the subkeys that the daemon may hold.

        :raises Denied: for every purpose that is not on the list
        """
        if purpose not in envelope.PURPOSES:
            raise Denied("no such purpose", code="FORBIDDEN")
        with self._opened(), self._derived(envelope.PURPOSES[purpose]) as subkey:
            return bytes(subkey.view)

    @contextmanager
    def _opened(self) -> Iterator[None]:
        with self._lock:
            if not self._is_open:
                raise locked()
            yield

    @contextmanager
    def _derived(self, purpose: bytes) -> Iterator[Secret]:
        try:
            sodium.derive_into(self._subkey, self._data_key, purpose)
            yield self._subkey
        finally:
            self._subkey.wipe()

    def _forget(self, handle: str) -> None:
        held = self._unsealed.pop(handle)
        held.secret.wipe()
        self._free.append(held.secret)

    def _has(self, header: KeyHeader, subkey: Secret) -> bool:
        """Whether the key file of this very header is there, and opens."""
        if not (self._keystore / f"{header.agent_id}.json").exists():
            return False
        try:
            there = envelope.open_key(self._read(header.agent_id), header.agent_id, self._work.part(0, 32), subkey)
        finally:
            self._work.wipe()
        return there == header

    def _read(self, agent_id: str) -> bytes:
        if not is_agent_id(agent_id):
            raise NotFound("an agent id is a UUID in lower case")
        try:
            return read_private(self._keystore / f"{agent_id}.json", MAX_FILE_BYTES)
        except FileNotFoundError:
            damaged(f"{agent_id}.json", "it is missing")

    def _write(self, agent_id: str, text: bytes) -> None:
        try:
            write_private(self._keystore / f"{agent_id}.json", text, replace=False)
        except FileExistsError:
            raise Conflict(f"keystore/{agent_id}.json exists; a key is never overwritten") from None
        except OSError as failure:
            why = f"keystore/{agent_id}.json cannot be written ({failure.strerror})"
            raise NotReady(why, code="STORE_FULL", hint="free disk space and try again") from None
