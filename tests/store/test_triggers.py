"""What the database itself refuses, whoever asks: history is appended to, ends are ends."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.store.samples import agent, approval, entry, reservation, session, transaction, variant
from waiaas.store.database import Store
from waiaas.store.faults import StoreFault

AUDIT_COLUMNS = "id, timestamp, event_type, actor, details, severity, prev_hash, hash"


@pytest.fixture
def raw(store: Store, path: Path) -> Iterator[sqlite3.Connection]:
    """A bare connection with SQLite's defaults: recursive triggers off. Two audit and two ledger rows are there."""
    with store.write() as unit:
        for number in (1, 2):
            unit.audit.append(timestamp=number, event_type="thing.happened", actor="system")
            unit.ledger.append(entry("one", at=number))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def audit_values(row_id: int) -> str:
    return f"({row_id}, 1, 'e', 'a', '{{}}', 'info', '{'0' * 64}', '{'1' * 64}')"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET actor = 'somebody else' WHERE id = 1",
        "DELETE FROM audit_log WHERE id = 2",
        "DELETE FROM audit_log",
        f"INSERT INTO audit_log ({AUDIT_COLUMNS}) VALUES {audit_values(1)}",
        f"INSERT OR REPLACE INTO audit_log ({AUDIT_COLUMNS}) VALUES {audit_values(1)}",
        f"INSERT OR REPLACE INTO audit_log ({AUDIT_COLUMNS}) VALUES {audit_values(2)}",
        f"REPLACE INTO audit_log ({AUDIT_COLUMNS}) VALUES {audit_values(2)}",
        f"INSERT OR IGNORE INTO audit_log ({AUDIT_COLUMNS}) VALUES {audit_values(2)}",
        f"INSERT INTO audit_log ({AUDIT_COLUMNS}) VALUES {audit_values(2)} ON CONFLICT (id) DO UPDATE SET actor = 'x'",
        f"INSERT INTO audit_log ({AUDIT_COLUMNS}) VALUES {audit_values(4)}",
        f"INSERT INTO audit_log ({AUDIT_COLUMNS}) VALUES {audit_values(-5)}",
        "UPDATE spend_ledger SET amount = '0'",
        "DELETE FROM spend_ledger WHERE id = 1",
        "INSERT OR REPLACE INTO spend_ledger (id, agent_id, tx_id, asset, kind, amount, cumulative, at)"
        " VALUES (1, 'one', 't', 'a', 'fee', '1', '1', 9)",
        "INSERT INTO spend_ledger (agent_id, tx_id, asset, kind, amount, cumulative, at)"
        " VALUES ('one', 't', 'a', 'fee', '1', '1', 1)",
    ],
)
def test_history_is_append_only(raw: sqlite3.Connection, statement: str) -> None:
    """Audit and ledger rows cannot be changed, deleted, replaced, skipped or dated back, on any connection."""
    before = list(raw.iterdump())
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        raw.execute(statement)
    assert list(raw.iterdump()) == before


def test_the_next_audit_row_is_taken(raw: sqlite3.Connection) -> None:
    """The row after the last is inserted as it should be."""
    raw.execute(f"INSERT INTO audit_log ({AUDIT_COLUMNS}) VALUES {audit_values(3)}")
    assert raw.execute("SELECT MAX(id) FROM audit_log").fetchone() == (3,)


STATES = ("PENDING", "QUEUED", "EXECUTING", "SUBMITTED", "CONFIRMED", "FAILED", "CANCELLED", "EXPIRED", "SIGNED")


@pytest.mark.parametrize("before", ["CONFIRMED", "CANCELLED", "EXPIRED", "SIGNED", "FAILED"])
def test_an_end_is_an_end(store: Store, agent_id: str, before: str) -> None:
    """A finished transaction takes notes and no other status; FAILED may become CONFIRMED, which is what the chain says."""
    row = transaction(agent_id, status=before)
    with store.write() as unit:
        unit.transactions.insert(row)
    for after in STATES:
        if after == before or (before, after) == ("FAILED", "CONFIRMED"):
            continue
        with pytest.raises(StoreFault), store.write() as unit:
            unit.transactions.move(row.id, expected=before, status=after, at=1)
    with store.write() as unit:
        assert unit.transactions.note(row.id, at=1, error_code="LATE")
        if before == "FAILED":
            assert unit.transactions.move(row.id, expected=before, status="CONFIRMED", at=1)


def test_signed_bytes_are_written_once(store: Store, agent_id: str) -> None:
    """The bytes of a variant and what they rest on cannot be changed; what is learned of them can."""
    row = transaction(agent_id)
    with store.write() as unit:
        unit.transactions.insert(row)
        unit.variants.insert(variant(row.id))
    for column in ("signed_raw = 'aa'", "tx_hash = 'x'", "fee_cap = '1'", "claims = '[1]'", "n = 7", "evidence = '{}'"):
        with pytest.raises(StoreFault, match="written once"), store.write() as unit:
            unit._sql.run(f"UPDATE transaction_variants SET {column}")
    with store.write() as unit:
        assert unit.variants.note(row.id, 0, last_status="pool")


def test_a_reservation_of_signed_bytes_stays(store: Store, agent_id: str) -> None:
    """Once signed, a reservation neither shrinks nor goes back to reserved."""
    row = transaction(agent_id)
    with store.write() as unit:
        unit.transactions.insert(row)
        unit.reservations.reserve([reservation(row.id, agent_id)])
        assert unit.reservations.set_state(row.id, "signed") == 1
    for change in ("state = 'reserved'", "amount = '1'", "asset = 'other'", "agent_id = 'other'"):
        with pytest.raises(StoreFault, match="does not shrink"), store.write() as unit:
            unit._sql.run(f"UPDATE reservations SET {change}")


def test_a_revoked_session_stays_revoked(store: Store, agent_id: str) -> None:
    """No statement brings a revoked session back."""
    row = session(agent_id)
    with store.write() as unit:
        unit.sessions.insert(row)
        assert unit.sessions.revoke(row.id, 5)
    for value in ("NULL", "9"):
        with pytest.raises(StoreFault, match="stays revoked"), store.write() as unit:
            unit._sql.run(f"UPDATE sessions SET revoked_at = {value}")


def test_a_settled_approval_stays_settled(store: Store) -> None:
    """A decision, once made, is not made again."""
    row = approval("subject")
    with store.write() as unit:
        unit.approvals.insert(row)
        assert unit.approvals.settle(row.id, rejected_at=5)
    with pytest.raises(StoreFault, match="does not change"), store.write() as unit:
        unit._sql.run("UPDATE pending_approvals SET rejected_at = NULL, approved_at = 6")


@pytest.mark.parametrize(
    "bad",
    [
        {"amount": "007"},
        {"amount": "-1"},
        {"amount": "1e18"},
        {"amount": "1.5"},
        {"amount": ""},
        {"amount": "１２"},
        {"status": "DONE"},
        {"type": "GIFT"},
        {"tier": "FREE"},
        {"intent": "not json"},
        {"created_at": "soon"},
        {"agent_id": "nobody"},
    ],
)
def test_rows_that_cannot_be_are_refused(store: Store, agent_id: str, bad: dict[str, str]) -> None:
    """Amounts that are not plain digits, unknown words, broken JSON, text for a time, and unknown agents do not get in."""
    with pytest.raises(StoreFault), store.write() as unit:
        unit.transactions.insert(transaction(**{"agent_id": agent_id, **bad}))
    with store.read() as unit:
        assert unit.transactions.list(limit=1).items == ()


def test_an_agent_with_transactions_cannot_be_deleted(store: Store, agent_id: str) -> None:
    """Transactions keep their agent; sessions and policies of an agent without any go with it."""
    with store.write() as unit:
        unit.transactions.insert(transaction(agent_id))
    with pytest.raises(StoreFault, match="FOREIGN KEY"), store.write() as unit:
        unit._sql.run("DELETE FROM agents")
    lonely = agent()
    with store.write() as unit:
        unit.agents.insert(lonely)
        unit.sessions.insert(session(lonely.id))
        unit._sql.run("DELETE FROM agents WHERE id = ?", (lonely.id,))
        assert unit.sessions.list(limit=5, agent_id=lonely.id).items == ()
