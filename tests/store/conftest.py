"""A real database in a temporary folder, and an agent to hang rows on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.store.samples import agent
from waiaas.store.database import Store

Tamper = Callable[..., None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "waiaas.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = Store.open(path)
    yield opened
    opened.close()


@pytest.fixture
def agent_id(store: Store) -> str:
    row = agent()
    with store.write() as unit:
        unit.agents.insert(row)
    return row.id


@pytest.fixture
def tamper(path: Path) -> Tamper:
    """Run statements past every trigger and check, as somebody with the file would."""

    def run(*statements: str) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            triggers = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
            connection.execute("PRAGMA ignore_check_constraints = ON")
            for trigger in triggers:
                connection.execute(f"DROP TRIGGER {trigger}")
            for statement in statements:
                connection.execute(statement)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    return run
