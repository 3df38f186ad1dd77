"""Brings a database file to the schema of this version, before anything else opens it. Plain sqlite3, forward only."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from waiaas.clock import Clock
from waiaas.errors import StartRefused
from waiaas.store.file_copy import copy_database, make_private_file
from waiaas.store.schema_check import check_schema
from waiaas.store.schema_files import Script

_OLDEST_SQLITE = (3, 38, 0)

_NOT_IN_SCRIPTS = frozenset(
    {
        sqlite3.SQLITE_TRANSACTION,
        sqlite3.SQLITE_SAVEPOINT,
        sqlite3.SQLITE_ATTACH,
        sqlite3.SQLITE_DETACH,
        sqlite3.SQLITE_PRAGMA,
    }
)

VERSIONS_TABLE = (
    "CREATE TABLE schema_version ("
    "version INTEGER PRIMARY KEY NOT NULL, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT"
)


def migrate(path: Path, scripts: Sequence[Script], *, backups: Path, clock: Clock) -> int:
    """Make the file if there is none, and apply the scripts it lacks, each in one transaction. Returns the version.

    :param path: absolute; its folder exists
    :param backups: where a plain copy goes before an existing database is changed
    :raises StartRefused: with code SCHEMA_MISMATCH for a changed script, a gap, a newer or a foreign database, or a schema
        that is not what the scripts make
    """
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise StartRefused(
            f"SQLite {sqlite3.sqlite_version} is too old: {'.'.join(map(str, _OLDEST_SQLITE))} or newer is needed",
            hint="use a Python that brings a newer SQLite",
        )
    try:
        if not path.exists():
            make_private_file(path)
        with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as connection:
            return _bring_up(connection, path, scripts, backups, clock)
    except (sqlite3.DatabaseError, OSError) as fault:
        raise StartRefused(
            f"{path.name} cannot be opened or brought up to date: {fault}",
            hint="check that the file is whole and the disk has room; a copy may be in backups/",
        ) from fault


def _bring_up(
    connection: sqlite3.Connection, path: Path, scripts: Sequence[Script], backups: Path, clock: Clock
) -> int:
    connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.execute("PRAGMA synchronous = FULL")
    # Off while tables may be rebuilt; foreign_key_check has the last word before each commit.
    connection.execute("PRAGMA foreign_keys = OFF")
    applied = _applied(connection, path)
    _compare(applied, scripts, path)
    waiting = scripts[len(applied) :]
    if applied and waiting:
        copy_database(connection, backups, f"{path.stem}-before-schema-{waiting[-1].version:04d}")
    for script in waiting:
        _apply(connection, script, clock)
    check_schema(connection, scripts, VERSIONS_TABLE)
    return len(scripts)


def _applied(connection: sqlite3.Connection, path: Path) -> list[tuple[int, str, str]]:
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "schema_version" in tables:
        return connection.execute("SELECT version, name, checksum FROM schema_version ORDER BY version").fetchall()
    if tables:
        raise StartRefused(
            f"{path.name} is a database of another program",
            code="SCHEMA_MISMATCH",
            hint="check database.path in config.toml",
        )
    return []


def _compare(applied: Sequence[tuple[int, str, str]], scripts: Sequence[Script], path: Path) -> None:
    for position, (version, name, checksum) in enumerate(applied, start=1):
        if version != position:
            raise _mismatch(f"{path.name} lacks schema version {position} but has {version}", "restore a backup")
        if version > len(scripts):
            raise _mismatch(
                f"{path.name} has schema version {applied[-1][0]}, this program knows {len(scripts)}",
                "install the newer waiaas again, or restore a backup made before it",
            )
        if checksum != scripts[version - 1].checksum:
            raise _mismatch(
                f"schema script {version:04d}_{name}.sql is not the one that made {path.name}", "install waiaas again"
            )


def _mismatch(message: str, hint: str) -> StartRefused:
    return StartRefused(message, code="SCHEMA_MISMATCH", hint=hint)


def _apply(connection: sqlite3.Connection, script: Script, clock: Clock) -> None:
    """One script, its checks and its line in schema_version, in one transaction; closing the connection undoes half of one."""
    connection.execute("BEGIN IMMEDIATE")
    if script.version == 1:
        connection.execute(VERSIONS_TABLE)
    _run(connection, script)
    _check_rows(connection, script)
    connection.execute(
        "INSERT INTO schema_version (version, name, checksum, applied_at) VALUES (?, ?, ?, ?)",
        (script.version, script.name, script.checksum, clock.now()),
    )
    connection.execute("COMMIT")


def _run(connection: sqlite3.Connection, script: Script) -> None:
    """The statements. A script may not end the transaction it runs in, nor leave this database."""
    connection.set_authorizer(
        lambda action, *_: sqlite3.SQLITE_DENY if action in _NOT_IN_SCRIPTS else sqlite3.SQLITE_OK
    )
    try:
        for statement in _statements(script):
            connection.execute(statement)
    finally:
        connection.set_authorizer(None)


def _statements(script: Script) -> Iterator[str]:
    """The script's statements one by one: sqlite3's own executescript would commit first."""
    text = ""
    for line in script.sql.splitlines(keepends=True):
        text += line
        if sqlite3.complete_statement(text):
            yield text
            text = ""
    if any(line.strip() and not line.strip().startswith("--") for line in text.splitlines()):
        raise _mismatch(f"schema script {script.version:04d} ends inside a statement", "install waiaas again")


def _check_rows(connection: sqlite3.Connection, script: Script) -> None:
    broken = connection.execute("PRAGMA foreign_key_check").fetchone()
    if broken is not None:
        raise _mismatch(
            f"after schema script {script.version:04d} a row of {broken[0]} would refer to nothing",
            "nothing was changed",
        )
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise _mismatch(f"the database is damaged: {verdict}", "restore a backup; nothing was changed")
