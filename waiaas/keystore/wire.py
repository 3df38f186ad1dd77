"""The signer's protocol as pure functions: one packet a message, a number, an operation, fields.

The socket pair keeps packets whole (SOCK_SEQPACKET), so there is no framing to lose. A packet is::

    operation or outcome   1 byte
    request id             8 bytes, big-endian, chosen by the client, repeated in the answer
    fields                 each: length (4 bytes, big-endian), bytes

What cannot be read raises :class:`BadPacket` and costs its sender one error answer, never the process.
"""

import struct
from collections.abc import Mapping, Sequence
from enum import IntEnum

MAX_PACKET = 160 * 1024
MAX_PASSWORD = 1024

_HEAD = struct.Struct(">BQ")
_SIZE = struct.Struct(">I")
EPOCH = struct.Struct(">Q")

#: The answer to a packet too short to carry an id, and the signer's word when it cannot start.
NO_REQUEST = 0


class BadPacket(ValueError):
    """Bytes that are no packet of this protocol."""


class Operation(IntEnum):
    """What the daemon may ask."""

    UNLOCK = 1
    VERIFY = 2
    LOCK = 3
    GENERATE = 4
    SEAL = 5
    SIGN = 6
    RAISE_STOP_EPOCH = 7
    CHECKPOINT = 8
    SUBKEY = 9
    ADOPT = 10


class Outcome(IntEnum):
    """How an answer begins."""

    DONE = 0
    FAILED = 1


#: How many fields each operation takes.
FIELDS: Mapping[Operation, int] = {
    Operation.UNLOCK: 1,
    Operation.VERIFY: 1,
    Operation.LOCK: 0,
    Operation.GENERATE: 1,
    Operation.SEAL: 2,
    Operation.SIGN: 5,
    Operation.RAISE_STOP_EPOCH: 1,
    Operation.CHECKPOINT: 3,
    Operation.SUBKEY: 1,
    Operation.ADOPT: 2,
}


def encode(code: int, request_id: int, fields: Sequence[bytes | bytearray]) -> bytearray:
    """One packet. A bytearray that never grew, so that one with a password in it can be wiped."""
    packet = bytearray(_HEAD.size + sum(_SIZE.size + len(field) for field in fields))
    _HEAD.pack_into(packet, 0, code, request_id)
    at = _HEAD.size
    for field in fields:
        _SIZE.pack_into(packet, at, len(field))
        packet[at + _SIZE.size : at + _SIZE.size + len(field)] = field
        at += _SIZE.size + len(field)
    return packet


def request_id(packet: memoryview) -> int:
    """The id a packet carries, or 0 when it is too short for one."""
    return int.from_bytes(packet[1:9]) if len(packet) >= _HEAD.size else NO_REQUEST


def split(packet: memoryview) -> tuple[int, list[memoryview]]:
    """The first byte and the fields, as windows on the packet: nothing is copied.

    :raises BadPacket: when lengths and bytes do not add up
    """
    if not _HEAD.size <= len(packet) <= MAX_PACKET:
        raise BadPacket("a packet has 9 to 163840 bytes")
    fields, at = [], _HEAD.size
    while at < len(packet):
        if at + _SIZE.size > len(packet):
            raise BadPacket("a field's length is cut off")
        end = at + _SIZE.size + _SIZE.unpack_from(packet, at)[0]
        if end > len(packet):
            raise BadPacket("a field is cut off")
        fields.append(packet[at + _SIZE.size : end])
        at = end
    return packet[0], fields


def read_request(packet: memoryview) -> tuple[Operation, list[memoryview]]:
    """A request's operation and fields.

    :raises BadPacket: for an unknown operation or a wrong number of fields
    """
    code, fields = split(packet)
    try:
        operation = Operation(code)
    except ValueError:
        raise BadPacket("no such operation") from None
    if len(fields) != FIELDS[operation]:
        raise BadPacket("wrong number of fields")
    return operation, fields
