"""The signer process: reads one request at a time from its socket, answers, and ends with the daemon.

No HTTP, no plugins, no database, no log. Started by :mod:`waiaas.keystore.connection` with an empty environment and without
``site`` (so no ``.pth`` file of an installed distribution runs here), and says nothing that was not asked, except once, when
it cannot start.
"""

import os
import select
import signal
import socket
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from waiaas.errors import BadRequest, WaiaasError
from waiaas.interfaces.signing import Hash, Scheme
from waiaas.keystore.failures import failure_fields
from waiaas.keystore.memory import LockedMemory, Secret, die_with_parent, harden_process
from waiaas.keystore.passwords import Passwords, room_bytes
from waiaas.keystore.records import KeyHeader, decode_header, parse_object
from waiaas.keystore.vault import VAULT_BYTES, Vault
from waiaas.keystore.wire import (
    EPOCH,
    MAX_PACKET,
    NO_REQUEST,
    BadPacket,
    Operation,
    Outcome,
    encode,
    read_request,
    request_id,
)

Fields = Sequence[memoryview]
Name = TypeVar("Name", Scheme, Hash)


class Signer:
    """Dispatches requests; holds nothing secret itself."""

    def __init__(self, channel: socket.socket, vault: Vault, passwords: Passwords) -> None:
        self._channel = channel
        self._vault = vault
        self._passwords = passwords
        self._operations: dict[Operation, Callable[[Fields], list[bytes]]] = {
            Operation.LOCK: self._lock,
            Operation.GENERATE: self._generate,
            Operation.SEAL: self._seal,
            Operation.SIGN: self._sign,
            Operation.RAISE_STOP_EPOCH: self._raise_stop_epoch,
            Operation.CHECKPOINT: self._checkpoint,
            Operation.ADOPT: self._adopt,
            Operation.SUBKEY: lambda fields: [vault.subkey(_text(fields[0]))],
        }

    def handle(self, packet: memoryview) -> None:
        """Answer one request, now or, for a password, later. Whatever it holds, this returns."""
        number = request_id(packet)
        try:
            operation, fields = read_request(packet)
            if operation in (Operation.UNLOCK, Operation.VERIFY):
                later = partial(self.answer, number)
                self._passwords.submit(fields[0], operation is Operation.UNLOCK, later)
                return
            outcome: list[bytes] | Exception = self._operations[operation](fields)
        except BadPacket as failure:
            outcome = BadRequest(str(failure))
        except Exception as failure:  # noqa: BLE001  (no request ends the process)
            outcome = failure
        self.answer(number, outcome)

    def answer(self, number: int, outcome: list[bytes] | Exception) -> None:
        """Send one answer: fields, or an error."""
        if isinstance(outcome, Exception):
            packet = encode(Outcome.FAILED, number, failure_fields(outcome))
        else:
            packet = encode(Outcome.DONE, number, outcome)
        self._channel.send(packet)

    def _lock(self, fields: Fields) -> list[bytes]:
        self._vault.lock()
        return []

    def _generate(self, fields: Fields) -> list[bytes]:
        handle, public = self._vault.generate(_named(Scheme, fields[0]))
        return [handle.encode(), public]

    def _seal(self, fields: Fields) -> list[bytes]:
        self._vault.seal(_text(fields[0]), _header(fields[1]))
        return []

    def _adopt(self, fields: Fields) -> list[bytes]:
        self._vault.adopt(bytes(fields[0]), _header(fields[1]))
        return []

    def _sign(self, fields: Fields) -> list[bytes]:
        agent_id, kind, hash_, epoch, preimage = fields
        return [self._vault.sign(_text(agent_id), _text(kind), bytes(preimage), _named(Hash, hash_), _epoch(epoch))]

    def _checkpoint(self, fields: Fields) -> list[bytes]:
        instance_id, number, digest = fields
        return [*self._vault.checkpoint(_text(instance_id), _epoch(number), _text(digest))]

    def _raise_stop_epoch(self, fields: Fields) -> list[bytes]:
        self._vault.raise_stop_epoch(_epoch(fields[0]))
        return []


def serve(channel: socket.socket, signer: Signer, buffer: Secret) -> None:
    """Read requests until the daemon's end of the socket is closed.

    :param buffer: locked, one byte longer than the longest packet, so that a longer one is noticed
    """
    while True:
        size = channel.recv_into(buffer.view)
        if size == 0 and _is_hung_up(channel):
            return
        try:
            signer.handle(buffer.view[:size])
        finally:
            buffer.wipe(size)


def main(arguments: Sequence[str]) -> None:
    """The process from start to end.

    :param arguments: descriptor of the socket, the daemon's process id, the keystore folder, parallel Argon2 runs
    """
    descriptor, parent, keystore, runs = arguments
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # A terminal or a service manager signals the whole group; the daemon still signs while it drains.
        signal.signal(number, signal.SIG_IGN)
    channel = socket.socket(fileno=int(descriptor))
    try:
        harden_process()
        die_with_parent(int(parent))
        memory = LockedMemory(VAULT_BYTES + room_bytes(int(runs)) + MAX_PACKET + 64)
        vault = Vault(Path(keystore), memory)
        signer = Signer(channel, vault, Passwords(Path(keystore), vault, memory, int(runs)))
        serve(channel, signer, memory.slot(MAX_PACKET + 1))
        memory.wipe()
    except BrokenPipeError:
        pass  # The daemon went while an answer was under way; there is nobody to tell.
    except WaiaasError as failure:
        channel.send(encode(Outcome.FAILED, NO_REQUEST, failure_fields(failure)))
    # Not sys.exit: a thread inside Argon2 would hold the process for the rest of its run.
    os._exit(0)


def _is_hung_up(channel: socket.socket) -> bool:
    """Tell the end of the stream from an empty packet: both read as nothing."""
    poll = select.poll()
    poll.register(channel, select.POLLHUP)
    return any(flags & select.POLLHUP for _, flags in poll.poll(0))


def _header(field: memoryview) -> KeyHeader:
    try:
        return decode_header(parse_object(bytes(field)))
    except ValueError as failure:
        raise BadRequest(f"the key's header cannot be used: {failure}") from None


def _text(field: memoryview) -> str:
    try:
        return str(field, "ascii")
    except UnicodeDecodeError:
        raise BadRequest("a name is not ASCII") from None


def _named(names: type[Name], field: memoryview) -> Name:
    try:
        return names(_text(field))
    except ValueError:
        raise BadRequest(f"no such {names.__name__.lower()}") from None


def _epoch(field: memoryview) -> int:
    if len(field) != EPOCH.size:
        raise BadRequest("a number has eight bytes")
    return int.from_bytes(field)
