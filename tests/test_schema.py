"""The schema: what the contract promises of it, what the code believes of it, and the page that shows it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from waiaas.store import (
    agents,
    approvals,
    audit,
    channels,
    checkpoints,
    ledger,
    outbox,
    policies,
    policy_sets,
    reservations,
    sessions,
    tokens,
    transactions,
    variants,
)
from waiaas.store.database import Store
from waiaas.store.diagram import draw
from waiaas.store.schema_files import read_scripts, schema_folder
from waiaas.store.shapes import Shape

ROOT = Path(__file__).resolve().parent.parent

PROMISED = {
    "schema_version": "version name checksum applied_at",
    "agents": "id created_at name chain network form public_key address status owner_address owner_chain owner_verified"
    " updated_at suspended_at suspension_reason resumed_after mac",
    "sessions": "id created_at agent_id token_hash expires_at absolute_expires_at constraints usage_stats renewal_count"
    " max_renewals last_renewed_at revoked_at stopped_at mac",
    "transactions": "id created_at agent_id session_id chain network type status tier asset amount to_address intent"
    " decision idempotency_key request_hash tx_hash broadcast_at queued_at due_at executed_at error error_code metadata"
    " updated_at",
    "transaction_variants": "id created_at tx_id chain network n kind signed_raw evidence tx_hash chain_tx_id valid_until"
    " fee_cap first_broadcast_at last_status proof",
    "claims": "agent_id claim tx_id",
    "reservations": "id created_at tx_id agent_id asset kind amount state",
    "spend_ledger": "id created_at agent_id session_id tx_id asset kind amount cumulative at",
    "activity": "id created_at agent_id session_id tx_id what likeness agent_count session_count all_count at",
    "policy_sets": "scope version mac",
    "policies": "id created_at agent_id type rules priority enabled version updated_at mac",
    "audit_log": "id created_at timestamp event_type actor agent_id session_id tx_id details severity ip_address prev_hash"
    " hash",
    "pending_approvals": "id created_at subject_type subject_id digest nonce required_approvals required_by expires_at"
    " approved_at rejected_at owner_signature",
    "approval_signatures": "id created_at approval_id owner_address decision signature",
    "notification_channels": "id created_at type config priority enabled last_success_at last_failure_at mac",
    "tokens": "id created_at chain network asset symbol name decimals",
    "notification_outbox": "id created_at channel event payload attempts next_at delivered_at",
}

INDEXED = {
    "agents": ["chain network public_key", "status", "chain network", "owner_address"],
    "sessions": ["token_hash", "agent_id", "expires_at"],
    "transactions": [
        "tx_hash",
        "agent_id idempotency_key",
        "agent_id status",
        "session_id",
        "queued_at",
        "created_at",
        "due_at",
    ],
    "transaction_variants": ["chain network tx_hash"],
    "claims": ["agent_id claim"],
    "policies": ["agent_id enabled", "type"],
    "audit_log": ["timestamp", "event_type", "agent_id", "severity"],
    "pending_approvals": ["subject_type subject_id", "expires_at"],
    "approval_signatures": ["approval_id owner_address"],
    "notification_channels": ["type", "enabled"],
}

UNIQUE = {
    "agents": ["chain network public_key", "name"],
    "sessions": ["token_hash"],
    "transactions": ["tx_hash", "agent_id idempotency_key"],
    "transaction_variants": ["chain network tx_hash", "tx_id n"],
    "claims": ["agent_id claim"],
    "approval_signatures": ["approval_id owner_address"],
    "tokens": ["chain network asset"],
}

SHAPES: list[Shape[Any]] = [
    agents.AGENT,
    sessions.SESSION,
    transactions.TRANSACTION,
    variants.VARIANT,
    reservations.RESERVATION,
    ledger.LEDGER_ENTRY,
    policies.POLICY,
    policy_sets.POLICY_SET,
    audit.AUDIT_ROW,
    checkpoints.CHECKPOINT,
    approvals.APPROVAL,
    channels.CHANNEL,
    outbox.OUTBOX_ITEM,
    tokens.TOKEN,
]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, sqlite3.Connection]]:
    path = tmp_path_factory.mktemp("schema") / "waiaas.db"
    store = Store.open(path)
    connection = sqlite3.connect(path)
    yield store, connection
    connection.close()
    store.close()


@pytest.fixture(scope="module")
def made(opened: tuple[Store, sqlite3.Connection]) -> sqlite3.Connection:
    return opened[1]


def tables(made: sqlite3.Connection) -> set[str]:
    return {
        row[1] for row in made.execute("PRAGMA table_list") if row[2] == "table" and not row[1].startswith("sqlite_")
    }


def columns(made: sqlite3.Connection, table: str) -> dict[str, str]:
    """Name to type, computed ones apart."""
    return {row[1]: row[2] for row in made.execute(f"PRAGMA table_xinfo({table})") if not row[6]}


def indexes(made: sqlite3.Connection, table: str, *, only_unique: bool) -> set[str]:
    listed = made.execute(f"PRAGMA index_list({table})").fetchall()
    return {
        " ".join(part[2] for part in made.execute(f"PRAGMA index_info({row[1]})"))
        for row in listed
        if row[2] or not only_unique
    }


def test_every_promised_column_is_there(made: sqlite3.Connection) -> None:
    """Each table has the columns that scripts and people may rely on."""
    for table, names in PROMISED.items():
        found = {row[1] for row in made.execute(f"PRAGMA table_xinfo({table})")}
        assert set(names.split()) <= found, table


def test_every_promised_index_is_there(made: sqlite3.Connection) -> None:
    """Each table has the indexes and the uniqueness that the contract names."""
    for table, wanted in INDEXED.items():
        found = indexes(made, table, only_unique=False)
        assert all(any(f"{one} ".startswith(f"{names} ") for one in found) for names in wanted), table
    for table, wanted in UNIQUE.items():
        assert set(wanted) <= indexes(made, table, only_unique=True), table


def test_every_table_is_strict(made: sqlite3.Connection) -> None:
    """No table takes a text for a number."""
    assert {row[1] for row in made.execute("PRAGMA table_list") if row[1] in tables(made) and not row[5]} == set()


def test_amounts_are_text(made: sqlite3.Connection) -> None:
    """No amount is kept as a number of SQLite's, which would end at 63 bits or turn into a float."""
    words = ("amount", "cumulative", "session_cumulative", "fee_cap")
    kinds = {columns(made, table).get(word) for table in tables(made) for word in words}
    assert kinds == {"TEXT", None}
    assert all(kind in ("TEXT", "INTEGER") for table in tables(made) for kind in columns(made, table).values())


def test_every_foreign_key_has_an_index(made: sqlite3.Connection) -> None:
    """Deleting what rows refer to never scans them."""
    for table in tables(made):
        for _, _, _, column, *_ in made.execute(f"PRAGMA foreign_key_list({table})").fetchall():
            leading = {names.split()[0] for names in indexes(made, table, only_unique=False)}
            assert column in leading, (table, column)


def test_every_table_is_mapped(opened: tuple[Store, sqlite3.Connection]) -> None:
    """Pony's entities have the tables' columns, each of them and no other."""
    store, made = opened
    entities = vars(store._entities).values()
    mapped = {entity._table_: {attribute.column for attribute in entity._attrs_} for entity in entities}
    found = {table: set(columns(made, table)) for table in tables(made) - {"schema_version"}}
    assert mapped == found


def test_every_record_fits_its_table(made: sqlite3.Connection) -> None:
    """Each record's fields are columns of its table."""
    for shape in SHAPES:
        assert len(shape.column_names) == len(fields(shape.record))
        assert set(shape.column_names) <= set(columns(made, shape.table)), shape.table


def test_no_statement_sums_with_floats() -> None:
    """Nowhere in the store does SQLite's own SUM, TOTAL or AVG touch an amount: over text they answer with floats."""
    for file in (ROOT / "waiaas" / "store").glob("*.py"):
        assert not re.search(r"(?<!exact_)\b(SUM|TOTAL|AVG)\s*\(", file.read_text("utf-8")), file.name


def test_scripts_count_up_from_one() -> None:
    """The scripts of this checkout are the ones that the code finds, and have no gap."""
    assert schema_folder() == ROOT / "schema"
    assert [script.version for script in read_scripts()] == list(range(1, len(read_scripts()) + 1))


def test_the_page_is_current() -> None:
    """docs/schema.md is what the scripts say now; `python -m waiaas.store.diagram docs/schema.md` writes it."""
    assert (ROOT / "docs" / "schema.md").read_text("utf-8") == draw()


def test_the_page_shows_every_table_and_reference(made: sqlite3.Connection) -> None:
    """The diagram has a box for each table and a line for each foreign key."""
    page = draw()
    for table in tables(made):
        assert f"\n  {table} {{\n" in page
        assert f"\n## {table}\n" in page
        for _, _, target, column, *_ in made.execute(f"PRAGMA foreign_key_list({table})").fetchall():
            assert re.search(rf"\n  {target} (\|\||\|o)--o{{ {table} : \"{column},", page)
