"""``waiaas audit export`` and ``checkpoint``: the trail to keep elsewhere, from a running daemon or from the file."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, Any

from waiaas.cli.exits import Failure
from waiaas.config import sync_folder
from waiaas.store.audit import AUDIT_ROW
from waiaas.store.audit_export import checkpoint_line, end_line, header_line, read_row, row_line
from waiaas.store.checkpoints import CHECKPOINT
from waiaas.store.file_reading import open_to_read
from waiaas.store.records import Checkpoint

Lines = Iterator[str]


def from_database(path: Path) -> Lines:
    """Every line of the export, out of one snapshot of the file. Needs no daemon and no password."""
    with closing(open_to_read(path)) as connection:
        connection.execute("BEGIN")
        instance_id, last = _identity(connection)
        yield header_line(instance_id, last.public_key if last else None, int(time.time()))
        signed = map(CHECKPOINT.read, connection.execute(CHECKPOINT.select("ORDER BY audit_id")))
        waiting, rows, checkpoints = next(signed, None), 0, 0
        for row in map(AUDIT_ROW.read, connection.execute(AUDIT_ROW.select("ORDER BY id"))):
            yield row_line(row)
            rows += 1
            while waiting is not None and waiting.audit_id <= row.id:
                yield checkpoint_line(instance_id, waiting)
                waiting, checkpoints = next(signed, None), checkpoints + 1
        while waiting is not None:  # of rows that were cut off: they belong to the evidence
            yield checkpoint_line(instance_id, waiting)
            waiting, checkpoints = next(signed, None), checkpoints + 1
        yield end_line(rows, checkpoints)


def from_daemon(ask: Callable[[int], Any]) -> Lines:
    """The same, page by page, up to the row that was the newest when it began. :param ask: the page past a row's id"""
    page = ask(0)
    instance_id, head = page.instance_id, page.head
    yield header_line(instance_id, page.public_key, int(time.time()))
    rows = checkpoints = 0
    while page.items:
        signed = {item["auditId"]: item for item in page.checkpoints}
        for item in page.items:
            if item["id"] > head:
                break
            yield row_line(read_row(item))
            rows += 1
            if item["id"] in signed:
                yield checkpoint_line(instance_id, _checkpoint(signed[item["id"]]))
                checkpoints += 1
        after = page.items[-1]["id"]
        if after >= head:
            break
        page = ask(after)
    yield end_line(rows, checkpoints)


def newest_checkpoint(path: Path) -> str:
    """The newest checkpoint's line. :raises Failure: there is none"""
    with closing(open_to_read(path)) as connection:
        instance_id, last = _identity(connection)
    if last is None:
        raise Failure("no checkpoint was signed yet", hint="the daemon signs one within a minute, and when it stops")
    return checkpoint_line(instance_id, last)


def write_lines(path: Path, lines: Lines, *, force: bool) -> None:
    """Write a private file whole or not at all.

    :raises Failure: when it is there and ``force`` is False
    """
    if path.exists() and not force:
        raise Failure(f"{path} exists", hint="choose another name, or add --force")
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}.tmp")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(handle, "w", encoding="utf-8", newline="\n") as file:
            _fill(file, lines)
        temporary.replace(path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _fill(file: IO[str], lines: Lines) -> None:
    for line in lines:
        file.write(line)
    file.flush()
    os.fsync(file.fileno())


def _checkpoint(item: dict[str, Any]) -> Checkpoint:
    return Checkpoint(
        created_at=item["createdAt"],
        audit_id=item["auditId"],
        audit_hash=item["auditHash"],
        public_key=item["publicKey"],
        signature=item["signature"],
    )


def _identity(connection: sqlite3.Connection) -> tuple[str, Checkpoint | None]:
    """The installation's id and the newest checkpoint."""
    found = connection.execute("SELECT value FROM daemon_state WHERE key = 'instance_id'").fetchone()
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if found is None:
        raise Failure("the database names no installation", hint="start its daemon once: waiaas start")
    if "audit_checkpoints" not in tables:
        return str(found[0]), None
    row = connection.execute(CHECKPOINT.select("ORDER BY audit_id DESC LIMIT 1")).fetchone()
    return str(found[0]), CHECKPOINT.read(row) if row else None
