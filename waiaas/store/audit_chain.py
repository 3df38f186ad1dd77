"""Whether the audit log is whole: every row where it was written, as it was written, and none missing.

:func:`verify` walks rows, pure. :func:`verify_file` does it to a database file, alone and read-only, without a daemon, and also
holds each transaction's status against the changes that the log tells of (invariant 20).

A chain alone cannot show that its end was cut or that everything after some row was written again; a head recorded elsewhere
and signed checkpoints can: hand them in.
"""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from waiaas.store.audit import AUDIT_ROW, NO_HASH, row_hash
from waiaas.store.audit_proof import Evidence, IsGenuine, Kept, KeyChange, key_changes, missing_checkpoints
from waiaas.store.audit_report import AuditProblem, AuditReport, Fault
from waiaas.store.audit_states import check_states
from waiaas.store.checkpoints import CHECKPOINT
from waiaas.store.faults import StoreFault
from waiaas.store.file_reading import is_damage, open_to_read, way_out
from waiaas.store.records import AuditRow, Checkpoint

__all__ = ["AuditProblem", "AuditReport", "Fault", "verify", "verify_file", "verify_with"]

Link = tuple[int, str]
"""Id and hash of a row."""

_MOST_MOVED = 1000
"""How many deleted and closed-up rows are still told from an edit."""


def verify(rows: Iterable[AuditRow], *, head: Link | None = None, signed: Iterable[Link] = ()) -> AuditReport:
    """Walk the chain from its first row and stop at the first bad one. Pure; keeps a few rows at a time.

    :param rows: the whole log, oldest first
    :param head: id and hash of a row known from elsewhere; the log may go on after it and not end before it
    :param signed: ids and hashes of rows that checkpoints were signed for; the same holds of each
    """
    walk = iter(rows)
    known = _known(head, signed)
    before, last = (0, ""), (0, NO_HASH)
    for row in walk:
        if row.id != last[0] + 1 or row.prev_hash != last[1] or not _was_written_as(row, row.id):
            return _report(last, _diagnose(row, last, before, walk))
        for digest, how in known.pop(row.id, ()):
            if row.hash != digest:
                text = f"audit row {row.id} is not the one whose hash was {how}: the log was written again"
                return _report(last, AuditProblem(fault=Fault.REPLACED, row=row.id, text=text))
        before, last = last, (row.id, row.hash)
    if known and last[0] < max(known):
        return _report(last, _missing(last[0] + 1, max(known), "the end was cut off"))
    return _report(last)


def verify_with(rows: Iterable[AuditRow], evidence: Evidence, *, head: Link | None = None) -> AuditReport:
    """The same, with whatever checkpoints prove: the first problem of the chain, else what is wrong with checkpoints. Pure."""
    changes: list[KeyChange] = []
    genuine = evidence.genuine()
    signed = [(found.audit_id, found.audit_hash) for found in genuine]
    report = verify(key_changes(rows, changes), head=head, signed=signed)
    # Behind a bad row nobody knows which changes of the key there were.
    found = [*evidence.problems(changes)] if not report.problems else []
    newest = genuine[-1] if genuine else None
    return replace(
        report,
        problems=(*report.problems, *found),
        checkpoints=len(genuine),
        newest=newest,
        is_key_known=evidence.is_key_known,
    )


T = TypeVar("T")


def told(rows: Iterable[T], on_row: Callable[[int], None] | None) -> Iterator[T]:
    """The rows, each of them told of when it was read."""
    for row in rows:
        if on_row is not None:
            on_row(1)
        yield row


def verify_file(
    path: Path,
    *,
    head: Link | None = None,
    transitions: Mapping[str, Collection[str]] | None = None,
    is_genuine: IsGenuine | None = None,
    kept: Sequence[Kept] = (),
    key: str | None = None,
    on_row: Callable[[int], None] | None = None,
) -> AuditReport:
    """Verify a database file, in one snapshot. Writes nothing; a running daemon is not in the way.

    :param head: as in :func:`verify`
    :param transitions: status to the statuses it may become, the empty string standing for a new row; where left out,
        states are not checked
    :param is_genuine: checks a checkpoint's signature; where left out, checkpoints are not looked at
    :param kept: checkpoints from outside; :param key: the key that signs for this installation, where it is known
    :param on_row: told of each row that was read, for who waits
    :raises FileNotFoundError: where there is no such file
    :raises StoreFault: where it cannot be read now, which says nothing of what it holds
    """
    if not path.is_file():
        raise FileNotFoundError(path)
    try:
        with closing(_open(path)) as connection:
            connection.execute("BEGIN")
            evidence = _evidence(connection, is_genuine, kept, key) if is_genuine is not None else _NO_EVIDENCE
            report = verify_with(told(_rows(connection), on_row), evidence, head=head)
            problems = [*report.problems] or [*_cut_tail(connection, report)]
            if is_genuine is not None:
                problems += _missing_checkpoints(connection)
            if transitions is not None:
                problems += check_states(_moves(connection), _statuses(connection), transitions)
    except sqlite3.DatabaseError as fault:
        if not is_damage(fault):  # it may be sound, and must not be called tampered with
            raise StoreFault(f"{path} cannot be read: {fault}", hint=way_out(fault, path)) from None
        text = f"the database cannot be read: {fault}"
        return AuditReport(rows=0, head=None, problems=(AuditProblem(fault=Fault.DAMAGED, text=text),))
    return replace(report, problems=tuple(problems))


_NO_EVIDENCE = Evidence(instance_id=None, checkpoints=(), is_genuine=lambda *_: False)


def _known(head: Link | None, signed: Iterable[Link]) -> dict[int, list[tuple[str, str]]]:
    """Row to the hashes it must have, each with the way it is known."""
    found: dict[int, list[tuple[str, str]]] = {}
    for links, how in (((head,) if head else (), "recorded"), (signed, "signed")):
        for number, digest in links:
            found.setdefault(number, []).append((digest, how))
    return found


# --- what happened to a row that does not fit ---------------------------------------------------------------------------


def _diagnose(row: AuditRow, last: Link, before: Link, rest: Iterator[AuditRow]) -> AuditProblem:
    if row.id > last[0] + 1:
        return _missing(last[0] + 1, row.id - 1, "")
    if row.id <= last[0]:
        return _problem(Fault.INSERTED, row.id, "has no place in the log")
    if _was_written_as(row, row.id):
        return _stranger(row, last, rest)
    if row.prev_hash == before[1] and _was_written_as(row, last[0]):
        return _problem(Fault.INSERTED, last[0], "was put in; the rows after it were moved up")
    ahead = tuple(islice(rest, 2))
    if _pushed_up(row, last, ahead):
        return _problem(Fault.INSERTED, row.id, "was put in; the rows after it were moved up")
    if row.prev_hash == last[1]:
        return _problem(Fault.EDITED, row.id, "was changed after it was written: its hash does not match")
    return _moved(row, chain(ahead, rest))


def _stranger(row: AuditRow, last: Link, rest: Iterator[AuditRow]) -> AuditProblem:
    """The row is sound in itself and does not follow the one before: one of the two is not the original."""
    follower = next(rest, None)
    is_original = follower is None or follower.prev_hash == row.hash
    if last[0] > 0 and is_original:
        return _problem(Fault.REPLACED, last[0], "is not the row that its follower was written after")
    return _problem(Fault.REPLACED, row.id, "does not follow the row before it")


def _pushed_up(row: AuditRow, last: Link, ahead: Sequence[AuditRow]) -> bool:
    """Whether the next row is the one that belongs here, and not because the two changed places."""
    if not ahead or ahead[0].prev_hash != last[1] or not _was_written_as(ahead[0], row.id):
        return False
    changed_places = _was_written_as(row, row.id + 1) and all(_was_written_as(other, other.id) for other in ahead[1:])
    return not changed_places


def _moved(row: AuditRow, rest: Iterable[AuditRow]) -> AuditProblem:
    """Neither its place nor its predecessor is right: look for where it was written."""
    furthest, follows_a_later_row = row.id, False
    for other in rest:
        furthest = other.id
        follows_a_later_row = follows_a_later_row or other.hash == row.prev_hash
    home = next((place for place in range(row.id + 1, furthest + _MOST_MOVED) if _was_written_as(row, place)), None)
    if home is None:
        return _problem(Fault.EDITED, row.id, "was changed after it was written: neither hash nor predecessor match")
    if follows_a_later_row:
        return _problem(Fault.REORDERED, row.id, f"was written as row {home}: rows changed places")
    return _missing(row.id, home - 1, "the rows after them were moved down")


def _was_written_as(row: AuditRow, row_id: int) -> bool:
    columns = {name: getattr(row, name) for name in AUDIT_ROW.fields if name != "hash"}
    try:
        return row_hash(**{**columns, "id": row_id}) == row.hash
    except UnicodeEncodeError:
        return False


def _missing(first: int, last: int, more: str) -> AuditProblem:
    which = f"audit row {first} was" if first == last else f"audit rows {first} to {last} were"
    return AuditProblem(fault=Fault.DELETED, row=first, text=f"{which} deleted{more and f': {more}'}")


def _problem(fault: Fault, row: int, what: str) -> AuditProblem:
    return AuditProblem(fault=fault, row=row, text=f"audit row {row} {what}")


def _report(last: Link, problem: AuditProblem | None = None) -> AuditReport:
    return AuditReport(rows=last[0], head=last if last[0] else None, problems=(problem,) if problem else ())


# --- reading a file -----------------------------------------------------------------------------------------------------


def _open(path: Path) -> sqlite3.Connection:
    """Read-only. Where no daemon left a write-ahead log the file is taken as it lies, so that nothing is made beside it."""
    if path.with_name(path.name + "-wal").exists():
        connection = open_to_read(path)
    else:
        place = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
        connection = sqlite3.connect(place, uri=True, isolation_level=None, timeout=5)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _rows(connection: sqlite3.Connection) -> Iterator[AuditRow]:
    return map(AUDIT_ROW.read, connection.execute(AUDIT_ROW.select("ORDER BY id")))


def _cut_tail(connection: sqlite3.Connection, report: AuditReport) -> Iterator[AuditProblem]:
    """SQLite counts the ids it has given; whoever cuts the end and forgets the counter is found without a head."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'audit_log'").fetchone()
    if row is not None and row[0] > report.rows:
        yield _missing(report.rows + 1, row[0], "the end was cut off")


def _evidence(connection: sqlite3.Connection, is_genuine: IsGenuine, kept: Sequence[Kept], key: str | None) -> Evidence:
    checkpoints: Sequence[Checkpoint] = ()
    if _has_checkpoints(connection):
        checkpoints = [*map(CHECKPOINT.read, connection.execute(CHECKPOINT.select("ORDER BY audit_id")))]
    row = connection.execute("SELECT value FROM daemon_state WHERE key = 'instance_id'").fetchone()
    instance_id = str(row[0]) if row else None
    return Evidence(instance_id=instance_id, checkpoints=checkpoints, is_genuine=is_genuine, kept=kept, key=key)


def _missing_checkpoints(connection: sqlite3.Connection) -> Iterator[AuditProblem]:
    if not _has_checkpoints(connection):
        return
    ids = [row[0] for row in connection.execute("SELECT id FROM audit_checkpoints ORDER BY id")]
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'audit_checkpoints'").fetchone()
    yield from missing_checkpoints(ids, row[0] if row else 0)


def _has_checkpoints(connection: sqlite3.Connection) -> bool:
    """A database of the first version has no such table."""
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'audit_checkpoints'")
    return found.fetchone() is not None


def _moves(connection: sqlite3.Connection) -> Iterator[tuple[str, int, str]]:
    return connection.execute("SELECT tx_id, id, details FROM audit_log WHERE tx_id IS NOT NULL ORDER BY tx_id, id")


def _statuses(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    return connection.execute("SELECT id, status FROM transactions ORDER BY id")
