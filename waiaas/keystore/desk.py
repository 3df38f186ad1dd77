"""Locked memory in which one command handles one key at a time. For the CLI process alone, with no plugin loaded.

The commands that bring keys in and out, and those that change the password, run where no signer is. They get the same
protections: the process is closed to ptrace and cores, and what is secret lies in one locked mapping that is wiped at the end.
"""

from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from waiaas.errors import BadRequest
from waiaas.interfaces.signing import Scheme
from waiaas.keystore import envelope, schemes, sodium
from waiaas.keystore.memory import LockedMemory, Secret, harden_process
from waiaas.keystore.password_text import as_sealed, with_any_reading
from waiaas.keystore.wire import MAX_PASSWORD

_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldKey:
    """A key that lies on the desk. Opaque to commands: what it is can be read, what it holds stays in the slot.

    :param public_key: 32 bytes, 33 for ECDSA
    :param source: the kind of file it came from: ``waiaas``, ``solana``, ``ethereum``, or ``keystore``
    :param chain: where it is or was used; None where its file does not say
    """

    scheme: Scheme
    public_key: bytes
    source: str
    chain: str | None = None
    address: str | None = None
    secret: Secret = field(repr=False)


class Desk:
    """One mapping, cut into slots. A context manager: wiped at its end. One command, one thread."""

    def __init__(self) -> None:
        harden_process()
        self._memory = LockedMemory(_BYTES)
        self.data_key = self._memory.slot(sodium.KEY_BYTES)
        self.next_data_key = self._memory.slot(sodium.KEY_BYTES)
        self.subkey = self._memory.slot(sodium.KEY_BYTES)
        self.next_subkey = self._memory.slot(sodium.KEY_BYTES)
        self.secret = self._memory.slot(schemes.SECRET_BYTES)
        self.work = self._memory.slot(schemes.WORK_BYTES)
        self.run = self._memory.slot(envelope.RUN_BYTES)
        self._word = self._memory.slot(MAX_PASSWORD)

    def word(self, password: bytearray) -> Secret:
        """A password or passphrase in locked memory; the slot is the same each time.

        :param password: left as it is
        :raises BadRequest: for an empty one, or one of more than 1024 bytes
        """
        if not 0 < len(password) <= MAX_PASSWORD:
            raise BadRequest(f"a password has 1 to {MAX_PASSWORD} bytes")
        slot = self._word.part(0, len(password))
        slot.view[:] = password
        return slot

    def new_word(self, password: bytearray) -> Secret:
        """As :meth:`word`, of the bytes that something new is sealed with."""
        sealed = as_sealed(password)
        try:
            return self.word(sealed)
        finally:
            sealed[:] = bytes(len(sealed))

    def open_master(self, text: bytes, password: bytearray) -> None:
        """Open a ``master.json`` into ``data_key``. One Argon2 run, up to three for a password that is not ASCII.

        :param password: left as it is
        :raises StartRefused: WRONG_PASSWORD; KEYSTORE_DAMAGED
        """
        with_any_reading(
            password, lambda reading: envelope.open_master(text, self.word(reading), self.data_key, self.run)
        )

    def hold(self, scheme: Scheme, source: str, chain: str | None = None, address: str | None = None) -> HeldKey:
        """What lies in the secret's slot, as a key of this scheme.

        :raises BadRequest: when no key of the scheme has these bytes, such as zero or a number beyond the curve's order
        """
        if not schemes.is_key(self.secret, scheme):
            raise BadRequest(f"the file's key is not one of {scheme.value}: it is zero or too large")
        public = schemes.public_key(self.secret, self.work, scheme)
        return HeldKey(
            scheme=scheme, public_key=public, source=source, chain=chain, address=address, secret=self.secret
        )

    def wipe(self) -> None:
        """Zero every slot. May be called again."""
        self._memory.wipe()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wipe()
