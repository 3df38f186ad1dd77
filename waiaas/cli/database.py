"""``waiaas db``: the database file; needs no daemon and no password."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from waiaas.cli.exits import FAILED, OK, Failure
from waiaas.cli.invocation import Invocation
from waiaas.cli.options import json_option
from waiaas.cli.output import at, print_facts, print_json, say
from waiaas.config import load

_COUNTED = ("agents", "sessions", "transactions", "reservations", "spend_ledger", "policies", "audit_log")


@click.group()
def db() -> None:
    """The database."""


@db.command()
@json_option
@click.pass_obj
def status(invocation: Invocation, as_json: bool) -> None:
    """Size, schema version and number of rows."""
    path = _path(invocation)
    with opened(path, "ro") as connection:
        facts = _facts(connection, path)
    if as_json:
        return print_json(facts)
    return print_facts({**facts, "migratedAt": at(facts["migratedAt"]), "rows": _listed(facts["rows"])})


@db.command()
@json_option
@click.pass_obj
def check(invocation: Invocation, as_json: bool) -> int:
    """Check the file's structure and its references. Exit code 0 when nothing is wrong."""
    problems = find_problems(_path(invocation))
    if as_json:
        print_json({"ok": not problems, "problems": problems})
    else:
        say("\n".join(problems) or "The database is sound.")
    return FAILED if problems else OK


@db.command()
@json_option
@click.pass_obj
def checkpoint(invocation: Invocation, as_json: bool) -> int:
    """Move what the write-ahead log holds into the database file."""
    with opened(_path(invocation), "rw") as connection:
        busy, frames, moved = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if as_json:
        print_json({"done": not busy, "frames": frames, "moved": moved})
    else:
        say("Somebody reads or writes just now; try again." if busy else "The write-ahead log is empty.")
    return FAILED if busy else OK


def find_problems(path: Path) -> list[str]:
    """What is wrong with a database file's structure and references; reads all of it, writes nothing."""
    with opened(path, "ro") as connection:
        problems = [str(row[0]) for row in connection.execute("PRAGMA quick_check") if row[0] != "ok"]
        broken = connection.execute("PRAGMA foreign_key_check").fetchall()
    return problems + [f"row {row[1]} of {row[0]} refers to no row of {row[2]}" for row in broken]


def _path(invocation: Invocation) -> Path:
    path = load(invocation.data_dir, os.environ).paths.database
    if not path.exists():
        raise Failure(f"there is no database at {path}", hint="The first start makes it: waiaas start")
    return path


@contextmanager
def opened(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """A connection of its own. :param mode: ``ro`` or ``rw``; :raises Failure: when the file cannot be opened or read"""
    from waiaas.store.file_reading import open_to_read, way_out

    try:
        uri = f"{path.absolute().as_uri()}?mode={mode}"
        connection = open_to_read(path) if mode == "ro" else sqlite3.connect(uri, uri=True, timeout=5)
    except sqlite3.Error as error:
        raise Failure(f"{path} cannot be opened: {error}", hint=way_out(error, path)) from None
    try:
        yield connection
    except sqlite3.DatabaseError as error:
        raise Failure(f"{path} cannot be read: {error}", hint=way_out(error, path)) from None
    finally:
        connection.close()


def _facts(connection: sqlite3.Connection, path: Path) -> dict[str, Any]:
    version, applied = connection.execute("SELECT max(version), max(applied_at) FROM schema_version").fetchone()
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    # table names are ours, from the constant above, and cannot be parameters
    rows = {
        name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]  # noqa: S608
        for name in _COUNTED
        if name in tables
    }
    log = path.with_name(path.name + "-wal")
    return {
        "path": str(path),
        "bytes": path.stat().st_size,
        "walBytes": log.stat().st_size if log.exists() else 0,
        "schemaVersion": version,
        "migratedAt": applied,
        "journalMode": connection.execute("PRAGMA journal_mode").fetchone()[0],
        "rows": rows,
    }


def _listed(rows: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in rows.items())
