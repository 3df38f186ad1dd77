"""Making a backup: a consistent copy of the database, the keystore and the configuration, sealed into one file.

Used by the daemon's service and, where none runs, by the command itself. Nothing here needs a running daemon.
"""

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from waiaas import __version__
from waiaas.config import DataDir, sync_folder
from waiaas.engine.backup_format import (
    DATABASE,
    MASTER,
    MAX_KEYSTORE_BYTES,
    SINGLE_FILES,
    Header,
    entry_head,
    is_keystore_name,
)
from waiaas.errors import NotReady, StartRefused
from waiaas.keystore.backup_cipher import SALT_BYTES, file_key, seal_chunks
from waiaas.keystore.files import make_private_folder, read_private
from waiaas.store.file_copy import copy_database_file
from waiaas.store.file_reading import open_to_read

SUFFIX = ".backup"
_TEMPORARY = ".backup.tmp"
_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A backup that is on disk. :param size: bytes"""

    path: Path
    size: int
    header: Header


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """:param content: the bytes, or the file that holds them"""

    name: str
    size: int
    content: bytes | Path


def make_backup(paths: DataDir, key: bytes, now: int) -> Made:
    """Write ``backups/waiaas-<time>.backup``; it is whole and durable when this returns, and nothing is there before.

    The database is copied first, so that every agent in it has its key file among those that are read after.

    :param key: the backup key, from the signer or the password; :param now: Unix seconds
    :raises NotReady: STORE_FULL, nothing is left behind; :raises StartRefused: a file of the keystore is not as it should be
    """
    make_private_folder(paths.backups)
    _sweep(paths.backups)
    copy = paths.backups / f".database.{os.urandom(8).hex()}{_TEMPORARY}"
    try:
        copy_database_file(paths.database, copy)
        return _seal(paths, key, now, copy)
    except (OSError, sqlite3.Error) as problem:
        raise _no_room(problem) from problem
    finally:
        copy.unlink(missing_ok=True)


def identity_of(database: Path) -> tuple[str, int]:
    """The installation's id and the version of the schema. Reads the file alone.

    :raises StartRefused: when it is no database of WAIaaS that a daemon has started on
    """
    try:
        with closing(open_to_read(database)) as connection:
            row = connection.execute("SELECT value FROM daemon_state WHERE key = 'instance_id'").fetchone()
            (version,) = connection.execute("SELECT max(version) FROM schema_version").fetchone()
    except sqlite3.Error as problem:
        raise StartRefused(f"{database.name} cannot be read: {problem}", hint="run: waiaas db check") from None
    if row is None:
        raise StartRefused(f"{database.name} names no installation", hint="start its daemon once: waiaas start")
    return str(row[0]), int(version)


def _seal(paths: DataDir, key: bytes, now: int, copy: Path) -> Made:
    entries = [*_keystore(paths.keystore), *_texts(paths), _file(DATABASE, copy)]
    instance_id, schema_version = identity_of(copy)
    heads = sum(len(entry_head(entry.name, entry.size)) + entry.size for entry in entries)
    header = Header(
        created_at=now,
        instance_id=instance_id,
        master=_bytes_of(entries[0]).decode("ascii"),
        payload_bytes=heads,
        program=__version__,
        salt=os.urandom(SALT_BYTES).hex(),
        schema_version=schema_version,
    )
    temporary = paths.backups / f".sealed.{os.urandom(8).hex()}{_TEMPORARY}"
    try:
        _write(temporary, header, key, entries)
        path = _publish(temporary, paths.backups, now)
    finally:
        temporary.unlink(missing_ok=True)
    return Made(path=path, size=path.stat().st_size, header=header)


def _write(path: Path, header: Header, key: bytes, entries: Sequence[_Entry]) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(handle, "wb") as file:
        file.write(header.encoded())
        own = file_key(key, bytes.fromhex(header.salt))
        for chunk in seal_chunks(own, header.associated(), header.payload_bytes, _payload(entries)):
            file.write(chunk)
        file.flush()
        os.fsync(handle)


def _publish(temporary: Path, folder: Path, now: int) -> Path:
    """Give the file its name. A link, unlike a rename, never replaces one that is there."""
    stem = "waiaas-" + time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    number = 1
    while True:
        path = folder / f"{stem}{'' if number == 1 else f'-{number}'}{SUFFIX}"
        try:
            os.link(temporary, path, follow_symlinks=False)
        except FileExistsError:
            number += 1
            continue
        temporary.unlink()
        sync_folder(folder)
        return path


def _keystore(folder: Path) -> list[_Entry]:
    """``master.json`` first. What is half written or of no known kind is not part of the keystore."""
    files = [_entry(MASTER, read_private(folder / "master.json", MAX_KEYSTORE_BYTES))]
    for path in sorted(folder.iterdir()):
        name = f"keystore/{path.name}"
        if not is_keystore_name(name):
            continue
        try:
            files.append(_entry(name, read_private(path, MAX_KEYSTORE_BYTES)))
        except FileNotFoundError:
            continue  # a note or an import that the daemon has just taken up
    return files


def _texts(paths: DataDir) -> list[_Entry]:
    found = zip(SINGLE_FILES, (paths.config, paths.plugins_lock), strict=True)
    return [_entry(name, path.read_bytes()) for name, path in found if path.exists()]


def _entry(name: str, content: bytes) -> _Entry:
    return _Entry(name=name, size=len(content), content=content)


def _file(name: str, path: Path) -> _Entry:
    return _Entry(name=name, size=path.stat().st_size, content=path)


def _bytes_of(entry: _Entry) -> bytes:
    assert isinstance(entry.content, bytes)
    return entry.content


def _payload(entries: Sequence[_Entry]) -> Iterator[bytes]:
    for entry in entries:
        yield entry_head(entry.name, entry.size)
        if isinstance(entry.content, bytes):
            yield entry.content
            continue
        with entry.content.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece


def _sweep(folder: Path) -> None:
    """Remove what a power cut left of an earlier one; backups are made one at a time."""
    for path in folder.glob(f".*{_TEMPORARY}*"):
        path.unlink(missing_ok=True)


def _no_room(problem: Exception) -> NotReady:
    why = problem.strerror if isinstance(problem, OSError) else str(problem)
    return NotReady(f"the backup was not made: {why}", code="STORE_FULL", hint="make room, or see: waiaas db check")
