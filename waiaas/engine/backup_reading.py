"""Opening a backup with nothing but its file and the password: into an empty folder, and only there, and then looked at.

Runs in the CLI process, with no daemon and no plugin.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from waiaas.config import DataDir, sync_folder
from waiaas.engine.backup_format import DATABASE, EntryReader, Header, read_header
from waiaas.engine.checkpoints import is_genuine
from waiaas.engine.rules.transaction_states import MOVES
from waiaas.keystore.backup_cipher import backup_key, file_key, open_chunks, refuse
from waiaas.store.audit_chain import AuditReport, verify_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What was found in a backup, all of it authentic and whole.

    :param agents: agents that have a key; :param audit: what verifying the audit log in it said
    """

    header: Header
    files: tuple[str, ...]
    agents: int
    transactions: int
    audit: AuditReport


def open_backup(path: Path, password: bytearray, into: DataDir) -> Contents:
    """Unpack everything into an empty data directory, and check that it belongs together. One Argon2 run.

    :param password: left as it is
    :param into: made by :func:`waiaas.config.create`, empty; on an error it holds a part and is to be deleted
    :raises StartRefused: BACKUP_DAMAGED, BACKUP_TRUNCATED, BACKUP_VERSION, WRONG_PASSWORD
    :raises OSError: no room, or the file cannot be read
    """
    with path.open("rb") as file:
        header = read_header(file, os.fstat(file.fileno()).st_size)
        key = file_key(backup_key(header.master.encode("ascii"), password), bytes.fromhex(header.salt))
        chunks = open_chunks(key, header.associated(), header.payload_bytes, file.read)
        names = _unpack(EntryReader(chunks), into)
    if (into.keystore / "master.json").read_bytes() != header.master.encode("ascii"):
        refuse("the master key inside is not the one of its header")
    return _inspect(header, names, into)


def _unpack(reader: EntryReader, into: DataDir) -> tuple[str, ...]:
    names = []
    for name, size in reader.entries():
        target = into.database if name == DATABASE else into.root / name
        _write(target, reader.content(size))
        names.append(name)
    for folder in (into.database.parent, into.keystore, into.root):
        sync_folder(folder)
    return tuple(names)


def _write(path: Path, pieces: Iterator[bytes]) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(handle, "wb") as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(handle)


def _inspect(header: Header, names: tuple[str, ...], into: DataDir) -> Contents:
    """Whether a daemon could go on from it."""
    try:
        with closing(
            sqlite3.connect(f"{into.database.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        ) as connection:
            agents, transactions = _look_into(connection, header, names)
    except sqlite3.Error as problem:
        refuse(f"the database in it cannot be read ({problem})")
    audit = verify_file(into.database, transitions=MOVES, is_genuine=is_genuine)
    return Contents(header=header, files=names, agents=agents, transactions=transactions, audit=audit)


def _look_into(connection: sqlite3.Connection, header: Header, names: tuple[str, ...]) -> tuple[int, int]:
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        refuse(f"the database in it is damaged ({verdict})")
    row = connection.execute("SELECT value FROM daemon_state WHERE key = 'instance_id'").fetchone()
    (version,) = connection.execute("SELECT max(version) FROM schema_version").fetchone()
    if row is None or (row[0], version) != (header.instance_id, header.schema_version):
        refuse("the database in it is of another installation or version than its header says")
    agents = [one for (one,) in connection.execute("SELECT id FROM agents WHERE public_key <> ''")]
    lost = [agent for agent in agents if f"keystore/{agent}.json" not in names]
    if lost:
        refuse(f"the key of agent {lost[0]} is not in it")
    (transactions,) = connection.execute("SELECT count(*) FROM transactions").fetchone()
    return len(agents), int(transactions)
