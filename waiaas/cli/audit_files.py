"""The audit trail as a file: find it and verify it, without a daemon and without a password."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from waiaas.cli.exits import Failure
from waiaas.engine.rules.transaction_states import MOVES
from waiaas.store.audit_chain import AuditProblem, AuditReport, Fault, verify_file

_NAME = "waiaas.db"


def find_database(place: Path) -> Path:
    """The database in ``place``: the file itself, ``data/waiaas.db`` below it, or ``waiaas.db`` in it.

    :raises Failure: nothing there
    """
    candidates = [place] if place.is_file() else [place / "data" / _NAME, place / _NAME]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise Failure(f"there is no database in {place}", hint="name a data directory, or the file waiaas.db itself")


def verify_database(database: Path) -> AuditReport:
    """Walk the chain, hold it against the pinned head beside the database, and every transaction's state against its rows.

    The head's own MAC needs the password; here it only serves to find a tail that was cut or written again. One that is there
    and cannot be read is a finding itself: damaging it must not hide what it would have shown.
    """
    place = database.with_name("head")
    if not place.exists():
        return verify_file(database, transitions=MOVES)
    head = _head(place)
    report = verify_file(database, head=head if head and head[0] else None, transitions=MOVES)
    if head is not None:
        return report
    text = f"the pinned head {place} cannot be read, so that a trail written anew would not show"
    return replace(report, problems=(*report.problems, AuditProblem(fault=Fault.DAMAGED, text=text)))


def _head(path: Path) -> tuple[int, str] | None:
    """Id and hash of the row that was the last one when the file was written; (0, "") before the first."""
    try:
        read = json.loads(path.read_bytes())
        number, digest = read["audit_id"], read["audit_hash"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    is_head = type(number) is int and number >= 0 and isinstance(digest, str)
    return (number, digest) if is_head else None


def as_document(report: AuditReport, database: Path) -> dict[str, Any]:
    """For ``--json``."""
    head = None if report.head is None else {"id": report.head[0], "hash": report.head[1]}
    problems = [
        {"fault": problem.fault.value, "text": problem.text, "row": problem.row, "txId": problem.tx_id}
        for problem in report.problems
    ]
    return {
        "intact": report.is_intact,
        "rows": report.rows,
        "head": head,
        "problems": problems,
        "database": str(database),
    }


def as_lines(report: AuditReport) -> str:
    """For people: what was found, a line each."""
    if report.is_intact:
        return f"The audit trail is intact: {report.rows} rows, each chained to the one before."
    found = [f"{problem.fault.value}: {problem.text}" for problem in report.problems]
    return "\n".join([f"The audit trail is NOT intact after {report.rows} good rows:", *found])
