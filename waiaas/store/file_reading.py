"""Reading a database file beside the daemon, or without one, also where nothing can be written; and what its errors mean."""

import sqlite3
from pathlib import Path

_UNWRITABLE = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH})
_HELD = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
_DISK = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOLFS})


def open_to_read(path: Path, *, seconds: float = 5.0) -> sqlite3.Connection:
    """A connection that writes nothing. :param seconds: how long whoever holds the file is waited for

    A reader of a write-ahead log makes a file for shared memory beside it. Where that is impossible, as on a file system that
    is read-only, a log that is empty or not there leaves nothing to share, and the file is read as one that cannot change.
    """
    connection = _connected(path, "mode=ro", seconds)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.DatabaseError as problem:
        connection.close()
        if primary(problem) not in _UNWRITABLE or not _is_at_rest(path):
            raise
        return _connected(path, "mode=ro&immutable=1", seconds)
    return connection


def primary(problem: sqlite3.Error) -> int | None:
    """SQLite's primary result code; None for an error of the driver."""
    code = getattr(problem, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def is_damage(problem: sqlite3.Error) -> bool:
    """Whether the file itself is wrong; else it may be sound, and nothing is to be put in its place."""
    return primary(problem) not in _UNWRITABLE | _HELD | _DISK


def way_out(problem: sqlite3.Error, path: Path) -> str:
    """Pure. What to do about an error of the file ``path``."""
    code = primary(problem)
    if is_damage(problem):
        return "restore it from a backup"
    if code in _HELD:
        return "another program holds it: wait and try again, or see who does with: fuser " + str(path)
    if code in _DISK:
        return f"look at the disk (is it full?): df {path.parent}"
    return f"look who owns it, and whether its file system is read-only: ls -la {path.parent}"


def _connected(path: Path, query: str, seconds: float) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?{query}", uri=True, timeout=seconds, isolation_level=None)


def _is_at_rest(path: Path) -> bool:
    log = path.with_name(path.name + "-wal")
    return not log.exists() or log.stat().st_size == 0
