"""The audit trail as a file: find it and verify it, without a daemon and without a password."""

import json
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from waiaas.cli.exits import Failure
from waiaas.cli.output import counted
from waiaas.cli.sign_of_life import bar
from waiaas.config import load
from waiaas.engine.checkpoints import is_genuine
from waiaas.engine.rules.text import clean
from waiaas.engine.rules.transaction_states import MOVES
from waiaas.errors import StartRefused
from waiaas.store.audit_chain import AuditProblem, AuditReport, Fault, verify_file
from waiaas.store.audit_export import BadExport, is_export, read_kept, verify_export
from waiaas.store.audit_proof import Kept
from waiaas.store.file_reading import open_to_read

_NAME = "waiaas.db"
_KEPT_HINT = "give the line that `waiaas audit checkpoint` printed, or a file that holds it"
_UNKNOWN_KEY = (
    "Whose key that is, is the file's own word: who can write the file can sign a log of their own. To be sure, add a"
    " --checkpoint that you kept elsewhere, or ask the running, unlocked daemon with --daemon."
)


def configured_database(data_dir: Path) -> Path:
    """The database of a data directory, wherever its configuration puts it.

    :raises Failure: there is none yet
    """
    try:
        path = load(data_dir, os.environ).paths.database
    except StartRefused:  # a configuration that broke since must not keep anybody from looking
        return find_database(data_dir)
    return path if path.is_file() else find_database(data_dir)


def find_database(place: Path) -> Path:
    """The database in ``place``: the file itself, ``data/waiaas.db`` below it, or ``waiaas.db`` in it.

    :raises Failure: nothing there
    """
    candidates = [place] if place.is_file() else [place / "data" / _NAME, place / _NAME]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise Failure(f"there is no database in {place}", hint="name a data directory, or the file waiaas.db itself")


def read_checkpoints(given: Sequence[str]) -> list[Kept]:
    """Checkpoints that a person kept: each the text itself, or a file that holds it.

    :raises Failure: for what is neither
    """
    found: list[Kept] = []
    for one in given:
        if not one.lstrip().startswith("{") and not Path(one).is_file():
            raise Failure(f"--checkpoint: there is no file {one}", hint=_KEPT_HINT)
        try:
            found += read_kept(one if one.lstrip().startswith("{") else Path(one).read_text("utf-8-sig"))
        except (BadExport, UnicodeDecodeError) as fault:
            what = "the text" if one.lstrip().startswith("{") else one
            raise Failure(f"{what} is no checkpoint: {fault}", hint=_KEPT_HINT) from None
    return found


def verify_place(place: Path, kept: Sequence[Kept]) -> AuditReport:
    """A database with what lies beside it, or an exported file; held against kept checkpoints too."""
    if is_export(place):
        with bar("Verifying", 0) as on_row:
            return verify_export(place, is_genuine=is_genuine, kept=kept, on_row=on_row)
    with bar("Verifying", count_rows(place)) as on_row:
        return verify_database(place, kept, on_row)


def count_rows(database: Path) -> int:
    """How many rows the trail has, as its last id says; 0 where that cannot be read."""
    try:
        with closing(open_to_read(database)) as connection:
            return int(connection.execute("SELECT max(id) FROM audit_log").fetchone()[0] or 0)
    except sqlite3.Error:
        return 0


def verify_database(
    database: Path, kept: Sequence[Kept] = (), on_row: Callable[[int], None] | None = None
) -> AuditReport:
    """Walk the chain, hold it against the pinned head beside the database, and every transaction's state against its rows.

    The head's own MAC needs the password; here it only serves to find a tail that was cut or written again. One that is there
    and cannot be read is a finding itself: damaging it must not hide what it would have shown.
    """
    place = database.with_name("head")
    head = _head(place) if place.exists() else (0, "")
    pinned = head if head is not None and head[0] else None
    report = verify_file(database, head=pinned, transitions=MOVES, is_genuine=is_genuine, kept=kept, on_row=on_row)
    if head is not None:
        return report
    text = f"the pinned head {place} cannot be read, so that a trail written anew would not show"
    return replace(report, problems=(*report.problems, AuditProblem(fault=Fault.DAMAGED, text=text)))


def _head(path: Path) -> tuple[int, str] | None:
    """Id and hash of the row that was the last one when the file was written; (0, "") before the first."""
    try:
        read = json.loads(path.read_bytes())
        number, digest = read["audit_id"], read["audit_hash"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    is_head = type(number) is int and number >= 0 and isinstance(digest, str)
    return (number, digest) if is_head else None


def as_document(report: AuditReport, place: Path) -> dict[str, Any]:
    """For ``--json``, with the fields that the daemon's own answer has."""
    head = None if report.head is None else {"id": report.head[0], "hash": report.head[1]}
    problems = [
        {"fault": problem.fault.value, "text": problem.text, "row": problem.row, "txId": problem.tx_id}
        for problem in report.problems
    ]
    newest = report.newest
    signed = newest and {
        "auditId": newest.audit_id,
        "auditHash": newest.audit_hash,
        "publicKey": newest.public_key,
        "createdAt": newest.created_at,
    }
    return {
        "intact": report.is_intact,
        "rows": report.rows,
        "head": head,
        "problems": problems,
        "checkpoints": report.checkpoints,
        "signedUpTo": signed,
        "keyKnown": report.is_key_known,
        "database": str(place),
    }


def as_lines(document: dict[str, Any]) -> str:
    """For people: what was found, a line each. :param document: of :func:`as_document`, or the daemon's answer"""
    if document["intact"]:
        whole = f"The audit trail is intact: {document['rows']} rows, each chained to the one before."
        return f"{whole}\n{_signed(document)}"
    found = [clean(f"{problem['fault']}: {problem['text']}") for problem in document["problems"]]
    return "\n".join([f"The audit trail is NOT intact after {document['rows']} good rows:", *found])


def in_brief(document: dict[str, Any]) -> str:
    """The same on one short line. :param document: of :func:`as_document`"""
    rows = counted(document["rows"], "row", "rows")
    if not document["intact"]:
        return f"NOT intact after {rows}; what was found: waiaas audit verify"
    return f"intact, {rows}, {counted(document['checkpoints'], 'checkpoint', 'checkpoints')}"


def _signed(document: dict[str, Any]) -> str:
    newest = document["signedUpTo"]
    if newest is None:
        return "No checkpoint was signed for it yet."
    count = f"{document['checkpoints']} checkpoints" if document["checkpoints"] != 1 else "one checkpoint"
    agrees = f"It agrees with {count}, up to row {newest['auditId']}; key {newest['publicKey']}."
    return agrees if document["keyKnown"] else f"{agrees}\n{_UNKNOWN_KEY}"
