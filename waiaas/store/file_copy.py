"""Database files are private from their first byte, and so are copies of them."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path


def make_private_file(path: Path) -> None:
    """Create an empty file that its owner alone may read.

    SQLite gives its -wal and -shm the mode of the database itself.

    :raises FileExistsError: for anything already there, a dangling symbolic link too
    """
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
    try:
        _sync(path.parent)
    except OSError:
        path.unlink()
        raise


def copy_database(connection: sqlite3.Connection, folder: Path, stem: str) -> Path:
    """Write a whole, consistent copy of an open database into ``folder`` and make it durable; returns its path.

    An earlier copy of the same name is kept: the new one gets a number.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = _free_name(folder, stem)
    _copy(connection, path)
    return path


def copy_database_file(database: Path, to: Path) -> None:
    """Write a whole, consistent copy of a database file, also of one that a daemon writes to, and make it durable.

    One read transaction: writers go on meanwhile and are not in the copy.

    :param to: must not exist
    :raises OSError: no room, or no such file; :raises sqlite3.Error: the database cannot be read
    """
    if not database.is_file():
        raise FileNotFoundError(database)
    with closing(sqlite3.connect(database, isolation_level=None, timeout=30)) as connection:
        _copy(connection, to)


def _copy(connection: sqlite3.Connection, path: Path) -> None:
    make_private_file(path)
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as copy:
            connection.backup(copy)
            # A copy is one file: no -wal is to be forgotten when it is moved.
            copy.execute("PRAGMA journal_mode = DELETE").fetchone()
        _sync(path)
        _sync(path.parent)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _free_name(folder: Path, stem: str) -> Path:
    path, number = folder / f"{stem}.db", 1
    while path.exists() or path.is_symlink():
        number += 1
        path = folder / f"{stem}-{number}.db"
    return path


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
