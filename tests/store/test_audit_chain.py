"""Tampering with the audit log is found, and named: which row, and what was done to it (invariant 20)."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from tests.store.samples import transaction
from waiaas.store.audit import NO_HASH, row_hash
from waiaas.store.audit_chain import AuditReport, Fault, verify, verify_file
from waiaas.store.audit_states import check_states
from waiaas.store.database import Store
from waiaas.store.records import AuditRow

Tamper = Callable[..., None]
COLUMNS = "timestamp, event_type, actor, agent_id, session_id, tx_id, details, severity, ip_address, prev_hash, hash"


def sealed(number: int, prev_hash: str, **given: str) -> AuditRow:
    columns = {
        "id": number,
        "timestamp": number,
        "event_type": "thing.happened",
        "actor": "system",
        "agent_id": None,
        "session_id": None,
        "tx_id": None,
        "details": "{}",
        "severity": "info",
        "ip_address": None,
        "prev_hash": prev_hash,
        **given,
    }
    return AuditRow(**columns, hash=row_hash(**columns))  # type: ignore[arg-type]


def log(length: int) -> list[AuditRow]:
    rows: list[AuditRow] = []
    for number in range(1, length + 1):
        rows.append(sealed(number, rows[-1].hash if rows else NO_HASH, details=f'{{"n":{number}}}'))
    return rows


def named(report: AuditReport) -> list[tuple[int | None, Fault]]:
    return [(problem.row, problem.fault) for problem in report.problems]


def test_a_whole_log_is_intact() -> None:
    """An untouched log verifies to its last row, an empty one too."""
    rows = log(9)
    assert verify(rows) == AuditReport(rows=9, head=(9, rows[-1].hash))
    assert verify([]) == AuditReport(rows=0, head=None)
    assert verify(rows, head=(5, rows[4].hash)).is_intact


@given(
    number=st.integers(1, 2**53 - 1),
    timestamp=st.integers(0, 2**40),
    texts=st.tuples(*[st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"])))] * 5),
)
def test_the_hash_follows_the_published_formula(number: int, timestamp: int, texts: tuple[str | None, ...]) -> None:
    """The hash is SHA-256 over the domain and the RFC 8785 form of every column, by an independent encoder."""
    columns = {
        "id": number,
        "timestamp": timestamp,
        "event_type": texts[0] or "",
        "actor": texts[1] or "",
        "agent_id": texts[2],
        "session_id": texts[3],
        "tx_id": texts[4],
        "details": texts[0] or "",
        "severity": "info",
        "ip_address": texts[1],
        "prev_hash": NO_HASH,
    }
    wanted = hashlib.sha256(b"waiaas/audit/v1\0" + rfc8785.dumps(columns)).hexdigest()  # type: ignore[arg-type]
    assert row_hash(**columns) == wanted  # type: ignore[arg-type]


@pytest.mark.parametrize("position", [1, 2, 5, 9])
@pytest.mark.parametrize(
    "column",
    ["timestamp", "event_type", "actor", "agent_id", "session_id", "tx_id", "details", "severity", "ip_address"],
)
def test_a_flipped_value_is_named(position: int, column: str) -> None:
    """A change of any column of any row is an edit of that row."""
    rows = log(9)
    value: object = 77 if column == "timestamp" else "changed"
    rows[position - 1] = replace(rows[position - 1], **{column: value})  # type: ignore[arg-type]
    assert named(verify(rows)) == [(position, Fault.EDITED)]


@pytest.mark.parametrize("column", ["hash", "prev_hash"])
def test_a_flipped_hash_is_named(column: str) -> None:
    """A change of a row's hashes is an edit of that row."""
    rows = log(9)
    rows[3] = replace(rows[3], **{column: "f" * 64})  # type: ignore[arg-type]
    assert named(verify(rows)) == [(4, Fault.EDITED)]


@pytest.mark.parametrize(("first", "last"), [(1, 1), (4, 4), (3, 6), (1, 8)])
def test_deleted_rows_are_named(first: int, last: int) -> None:
    """Rows taken out leave a gap that says which they were."""
    rows = log(9)
    del rows[first - 1 : last]
    report = verify(rows)
    assert named(report) == [(first, Fault.DELETED)]
    assert report.rows == first - 1


@pytest.mark.parametrize(("first", "last"), [(1, 1), (4, 4), (3, 6), (8, 8)])
def test_deleted_and_closed_up_rows_are_named(first: int, last: int) -> None:
    """Rows taken out are found though the rows after them were given their numbers."""
    rows = log(9)
    del rows[first - 1 : last]
    rows = [replace(row, id=number) for number, row in enumerate(rows, start=1)]
    assert named(verify(rows)) == [(first, Fault.DELETED)]


def test_a_cut_end_is_found_against_a_head() -> None:
    """A log that ends before a recorded head lost its end; one that goes on after it did not."""
    rows = log(9)
    assert named(verify(rows[:6], head=(9, rows[8].hash))) == [(7, Fault.DELETED)]
    assert verify(rows, head=(6, rows[5].hash)).is_intact


@pytest.mark.parametrize("position", [1, 2, 5, 9])
@pytest.mark.parametrize("is_sealed", [True, False])
def test_an_inserted_row_is_named(position: int, is_sealed: bool) -> None:
    """A row put in between is found, with a right hash or a wrong one, though the later rows were moved up."""
    rows = log(9)
    extra = sealed(position, rows[position - 2].hash if position > 1 else NO_HASH, actor="forger")
    extra = extra if is_sealed else replace(extra, hash="e" * 64)
    rows.insert(position - 1, extra)
    rows = [replace(row, id=number) for number, row in enumerate(rows, start=1)]
    assert named(verify(rows)) == [(position, Fault.INSERTED)]


@pytest.mark.parametrize(("source", "position"), [(2, 4), (4, 4), (5, 4), (7, 4), (9, 9), (1, 2)])
def test_a_doubled_row_is_named(source: int, position: int) -> None:
    """A copy of another row put in between is an inserted row too; of two equal neighbours either may be named."""
    rows = log(9)
    rows.insert(position - 1, rows[source - 1])
    rows = [replace(row, id=number) for number, row in enumerate(rows, start=1)]
    ((row, fault),) = named(verify(rows))
    assert fault == Fault.INSERTED
    assert row == position or {row, position} <= {source, source + 1}


def test_a_row_before_the_first_is_named() -> None:
    """A row with an id that has no place in the log was put in."""
    rows = log(3)
    assert named(verify([replace(rows[0], id=0), *rows])) == [(0, Fault.INSERTED)]


@pytest.mark.parametrize(("one", "other"), [(1, 2), (4, 5), (2, 7), (8, 9)])
def test_rows_that_changed_places_are_named(one: int, other: int) -> None:
    """Two rows that swapped their numbers are reordered, neighbours or not."""
    rows = log(9)
    rows[one - 1], rows[other - 1] = replace(rows[other - 1], id=one), replace(rows[one - 1], id=other)
    assert named(verify(rows)) == [(one, Fault.REORDERED)]


@pytest.mark.parametrize("position", [1, 2, 5, 8])
def test_a_replaced_row_is_named(position: int) -> None:
    """A row exchanged for one that is sound in itself is not what its follower was written after."""
    rows = log(9)
    rows[position - 1] = sealed(position, rows[position - 1].prev_hash, actor="forger")
    assert named(verify(rows)) == [(position, Fault.REPLACED)]


def test_a_row_with_another_past_is_named() -> None:
    """A row exchanged for one that names another predecessor was replaced."""
    rows = log(9)
    rows[4] = sealed(5, "a" * 64, actor="forger")
    assert named(verify(rows)) == [(5, Fault.REPLACED)]
    assert named(verify([sealed(1, "a" * 64)])) == [(1, Fault.REPLACED)]


def test_a_log_written_again_is_found_against_a_head() -> None:
    """A log chained anew from some row on is sound in itself and is not the one that was recorded."""
    old, rows = log(9), log(4)
    for number in range(5, 10):
        rows.append(sealed(number, rows[-1].hash, actor="forger"))
    assert verify(rows).is_intact
    assert named(verify(rows, head=(9, old[8].hash))) == [(9, Fault.REPLACED)]


# --- states -------------------------------------------------------------------------------------------------------------

MOVES = {"": {"PENDING", "CANCELLED"}, "PENDING": {"EXECUTING"}, "EXECUTING": {"FAILED"}, "QUEUED": {"QUEUED"}}


def moved(tx_id: str, *steps: tuple[str, str]) -> list[tuple[str, int, str]]:
    return [(tx_id, number, json.dumps({"from": one, "to": two})) for number, (one, two) in enumerate(steps, start=1)]


WHOLE = (("", "PENDING"), ("PENDING", "EXECUTING"), ("EXECUTING", "FAILED"))


@pytest.mark.parametrize(
    ("steps", "status", "words"),
    [
        (WHOLE, "FAILED", []),
        (WHOLE[:1], "PENDING", []),
        (WHOLE, "EXECUTING", ["t is EXECUTING, its last audited state is FAILED"]),
        (WHOLE, None, ["its row is missing"]),
        ((), "PENDING", ["no change of its state was audited"]),
        (WHOLE[:1] + WHOLE[2:], "FAILED", ["out of EXECUTING, where it was PENDING"]),
        (WHOLE[1:], "FAILED", ["out of PENDING, where it was not made yet"]),
        ((*WHOLE, ("FAILED", "PENDING")), "PENDING", ["from FAILED to PENDING, which cannot be"]),
        ((WHOLE[0], WHOLE[0]), "PENDING", ["out of nothing, where it was PENDING"]),
    ],
)
def test_states_must_be_explained(steps: tuple[tuple[str, str], ...], status: str | None, words: list[str]) -> None:
    """Each change follows the one before, is a move of the table, and the last one is what the row says."""
    found = check_states(moved("t", *steps), [("t", status)] if status else [], MOVES)
    assert [problem.fault for problem in found] == [Fault.STATUS] * len(words)
    for problem, word in zip(found, words, strict=True):
        assert word in problem.text
        assert problem.tx_id == "t"


def test_states_are_checked_side_by_side() -> None:
    """Rows that only one side has are told apart from rows that agree, wherever they stand."""
    moves = moved("b", WHOLE[0]) + moved("d", WHOLE[0])
    statuses = [("a", "PENDING"), ("b", "PENDING"), ("c", "PENDING"), ("e", "PENDING")]
    assert [problem.tx_id for problem in check_states(moves, statuses, MOVES)] == ["a", "c", "d", "e"]


def test_other_events_of_a_transaction_are_no_changes() -> None:
    """Rows about something else, whatever their details, are passed over."""
    others = [("t", 5, text) for text in ('{"to":"me"}', "[1]", "not json", '{"from":1,"to":2}')]
    assert check_states(moved("t", WHOLE[0]) + others, [("t", "PENDING")], MOVES) == []


# --- a file -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def kept(store: Store, agent_id: str, path: Path) -> Path:
    """A closed database with nine audit rows, of which three tell of a transaction."""
    row = transaction(agent_id, status="FAILED")
    with store.write() as unit:
        unit.transactions.insert(row)
        for number in range(6):
            unit.audit.append(timestamp=number, event_type="thing.happened", actor="system")
        for one, two in WHOLE:
            unit.audit.append(
                timestamp=9, event_type="e", actor="system", tx_id=row.id, details=json.dumps({"from": one, "to": two})
            )
    store.close()
    return path


def test_a_file_is_verified_alone(kept: Path, tmp_path: Path) -> None:
    """The database file alone, in a folder where nothing may be written, is enough, and nothing is made beside it."""
    folder = tmp_path / "only"
    folder.mkdir()
    copy = folder / "copy of 100%?.db"
    shutil.copy(kept, copy)
    report = verify_file(copy, transitions=MOVES)
    assert (report.is_intact, report.rows) == (True, 9)
    assert [file.name for file in folder.iterdir()] == [copy.name]


def test_a_file_in_use_is_verified(store: Store, path: Path) -> None:
    """A database that a daemon has open verifies too, with what is still in the write-ahead log."""
    with store.write() as unit:
        unit.audit.append(timestamp=1, event_type="thing.happened", actor="system")
        assert verify_file(path).rows == 0
    assert verify_file(path).rows == 1


@pytest.mark.parametrize(
    ("statements", "wanted"),
    [
        (["UPDATE audit_log SET actor = 'nobody' WHERE id = 4"], [(4, Fault.EDITED)]),
        (["DELETE FROM audit_log WHERE id = 4"], [(4, Fault.DELETED)]),
        (["DELETE FROM audit_log WHERE id = 6"], [(6, Fault.DELETED)]),
        (["DELETE FROM audit_log WHERE id = 4", "UPDATE audit_log SET id = id - 1 WHERE id > 4"], [(4, Fault.DELETED)]),
        (
            [
                "UPDATE audit_log SET id = -id WHERE id >= 4",
                f"INSERT INTO audit_log (id, {COLUMNS}) SELECT 4, {COLUMNS} FROM audit_log WHERE id = 2",
                "UPDATE audit_log SET id = 1 - id WHERE id < 0",
            ],
            [(4, Fault.INSERTED)],
        ),
        (
            [
                "UPDATE audit_log SET id = -3 WHERE id = 3",
                "UPDATE audit_log SET id = 3 WHERE id = 5",
                "UPDATE audit_log SET id = 5 WHERE id = -3",
            ],
            [(3, Fault.REORDERED)],
        ),
        (
            [f"INSERT OR REPLACE INTO audit_log (id, {COLUMNS}) SELECT 4, {COLUMNS} FROM audit_log WHERE id = 2"],
            [(4, Fault.EDITED)],
        ),
        (["UPDATE transactions SET status = 'CONFIRMED'"], [(None, Fault.STATUS)]),
        (["DELETE FROM transactions"], [(None, Fault.STATUS)]),
    ],
)
def test_tampering_with_the_file_is_named(kept: Path, tamper: Tamper, statements: list[str], wanted: object) -> None:
    """What somebody does to the file past every trigger is found and named."""
    tamper(*statements)
    assert named(verify_file(kept, transitions=MOVES)) == wanted


def test_a_cut_end_is_found_by_the_counter(kept: Path, tamper: Tamper) -> None:
    """Rows cut off the end are missed by the count of ids, and by a head when the count was cut as well."""
    intact = verify_file(kept)
    tamper("DELETE FROM audit_log WHERE id > 7")
    assert named(verify_file(kept)) == [(8, Fault.DELETED)]
    tamper("UPDATE sqlite_sequence SET seq = 7 WHERE name = 'audit_log'")
    assert verify_file(kept).is_intact
    assert named(verify_file(kept, head=intact.head)) == [(8, Fault.DELETED)]


def test_a_damaged_file_is_reported(kept: Path) -> None:
    """A file that is no database any more is a finding, not a crash; a missing one is an error."""
    raw = bytearray(kept.read_bytes())
    raw[0:100] = b"\xff" * 100
    kept.write_bytes(raw)
    assert named(verify_file(kept)) == [(None, Fault.DAMAGED)]
    with pytest.raises(FileNotFoundError):
        verify_file(kept.with_name("other.db"))
