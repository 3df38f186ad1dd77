"""What stands in a backup, before and inside the encryption (:doc:`docs/backups.md`): the header, and the entries."""

import hashlib
import json
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from waiaas.errors import StartRefused
from waiaas.keystore.backup_cipher import SALT_BYTES, refuse, require_master, sealed_bytes

MAGIC, VERSION = b"WAIaaS-backup\0", 1
DATABASE, MASTER = "database", "keystore/master.json"
SINGLE_FILES = ("config.toml", "plugins.lock")
MAX_KEYSTORE_BYTES = 8192
_KEYSTORE = re.compile(r"keystore/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\.import|\.note)?\.json")
_MAX_HEADER = 32768
_MAX_TEXT_FILE = 16 * 1024 * 1024
_VERSION = struct.Struct(">H")
_HEADER = struct.Struct(">I")
_NAME = struct.Struct(">H")
_CONTENT = struct.Struct(">Q")
_PREAMBLE = len(MAGIC) + _VERSION.size
_LARGEST = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What can be read without the password, and not be changed without its being noticed once there is one.

    :param master: the text of ``master.json``; :param payload_bytes: length of all entries together
    :param salt: hex; :param program: the version that wrote it
    """

    created_at: int
    instance_id: str
    master: str
    payload_bytes: int
    program: str
    salt: str
    schema_version: int

    def encoded(self) -> bytes:
        """Preamble, length and header: everything before the first chunk."""
        values = {name: getattr(self, name) for name in _FIELDS}
        text = _canonical(values)
        return MAGIC + _VERSION.pack(VERSION) + _HEADER.pack(len(text)) + text

    def associated(self) -> bytes:
        """What every chunk is bound to."""
        return hashlib.sha256(self.encoded()).digest()


_FIELDS = tuple(Header.__annotations__)


def is_keystore_name(name: str) -> bool:
    """Whether a name inside a backup is one of an agent's file, an import or a note."""
    return _KEYSTORE.fullmatch(name) is not None


def read_header(file: BinaryIO, size: int) -> Header:
    """Read up to the first chunk, and hold the file's length against what the header says.

    :param size: of the whole file
    :raises StartRefused: BACKUP_DAMAGED, BACKUP_VERSION, BACKUP_TRUNCATED; no password is needed to tell
    """
    preamble = file.read(_PREAMBLE)
    if not preamble.startswith(MAGIC):
        if MAGIC.startswith(preamble):
            _truncated("it ends in its preamble")
        refuse("it is no backup of WAIaaS")
    _require_version(preamble[len(MAGIC) :])
    length = file.read(_HEADER.size)
    if len(length) < _HEADER.size:
        _truncated("it ends before its header")
    (expected,) = _HEADER.unpack(length)
    if expected > _MAX_HEADER:
        refuse("its header is too long")
    text = file.read(expected)
    if len(text) < expected:
        _truncated("it ends in its header")
    header = _decode(text)
    whole = _PREAMBLE + _HEADER.size + expected + sealed_bytes(header.payload_bytes)
    if size < whole:
        _truncated(f"it has {size} bytes of {whole}")
    if size > whole:
        refuse(f"{size - whole} bytes follow its end")
    return header


def entry_head(name: str, size: int) -> bytes:
    """What stands before an entry's content."""
    return _NAME.pack(len(name)) + name.encode("ascii") + _CONTENT.pack(size)


class EntryReader:
    """Takes the payload apart; nothing that it has not announced by name and length comes out.

    :param chunks: the payload, in pieces of any length
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._held = b""
        self._seen: set[str] = set()

    def entries(self) -> Iterator[tuple[str, int]]:
        """Name and length of each; its content has to be read before the next one is asked for.

        :raises StartRefused: BACKUP_DAMAGED
        """
        while self._fill():
            (length,) = _NAME.unpack(self._exactly(_NAME.size))
            name = self._exactly(length).decode("ascii", "replace")
            (size,) = _CONTENT.unpack(self._exactly(_CONTENT.size))
            self._admit(name, size)
            yield name, size
        if not {MASTER, DATABASE} <= self._seen:
            refuse("the database or the master key is missing in it")

    def content(self, size: int) -> Iterator[bytes]:
        """The next ``size`` bytes in pieces."""
        while size:
            if not self._fill():
                refuse("an entry ends beyond the payload")
            piece, self._held = self._held[:size], self._held[size:]
            size -= len(piece)
            yield piece

    def _admit(self, name: str, size: int) -> None:
        limits = {MASTER: MAX_KEYSTORE_BYTES, DATABASE: _LARGEST, **dict.fromkeys(SINGLE_FILES, _MAX_TEXT_FILE)}
        limit = MAX_KEYSTORE_BYTES if is_keystore_name(name) else limits.get(name)
        if limit is None or name in self._seen or size > limit or (not self._seen and name != MASTER):
            refuse(f"the entry {name[:80]!a} does not belong where it is")
        self._seen.add(name)

    def _exactly(self, size: int) -> bytes:
        return b"".join(self.content(size))

    def _fill(self) -> bool:
        while not self._held:
            piece = next(self._chunks, None)
            if piece is None:
                return False
            self._held = piece
        return True


def describe(path: Path) -> Header:
    """The header of a file. :raises StartRefused: as :func:`read_header`; :raises OSError: when it cannot be read"""
    with path.open("rb") as file:
        return read_header(file, path.stat().st_size)


def _require_version(given: bytes) -> None:
    if len(given) < _VERSION.size:
        _truncated("it ends in its preamble")
    (version,) = _VERSION.unpack(given)
    if version != VERSION:
        raise StartRefused(
            f"the backup has format {version}, this program reads {VERSION}",
            code="BACKUP_VERSION",
            hint="use the version of waiaas that made it, or a newer one",
        )


def _decode(text: bytes) -> Header:
    values: Any = None
    try:
        values = json.loads(text)
        is_canonical = isinstance(values, dict) and _canonical(values) == text
    except (ValueError, RecursionError):
        is_canonical = False
    if not is_canonical or set(values) != set(_FIELDS) or not _is_sound(values):
        refuse("its header is not as it was written")
    try:
        require_master(values["master"].encode("ascii"))
    except (StartRefused, UnicodeEncodeError):
        refuse("the master key in its header is damaged")
    return Header(**values)


def _is_sound(values: dict[str, Any]) -> bool:
    texts = ("instance_id", "master", "program", "salt")
    numbers = ("created_at", "payload_bytes", "schema_version")
    return (
        all(isinstance(values[name], str) for name in texts)
        and all(type(values[name]) is int and 0 <= values[name] < _LARGEST for name in numbers)
        and re.fullmatch(rf"[0-9a-f]{{{2 * SALT_BYTES}}}", values["salt"]) is not None
        and re.fullmatch(r"[!-~]{1,64}", values["instance_id"]) is not None
        and re.fullmatch(r"[!-~]{1,64}", values["program"]) is not None
        and values["payload_bytes"] > 0
    )


def _canonical(values: dict[str, Any]) -> bytes:
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def _truncated(why: str) -> NoReturn:
    raise StartRefused(
        f"the backup is cut off: {why}", code="BACKUP_TRUNCATED", hint="copy it again, or use another one"
    )
