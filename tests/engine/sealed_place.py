"""A database with sealed rows that daemons open one after the other, and into which anybody may write between them."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.store.samples import agent, policy, session
from waiaas.engine.journal import Journal
from waiaas.engine.row_watch import RowWatch
from waiaas.store.database import Store
from waiaas.store.records import Channel
from waiaas.testing.clock import FrozenClock

KEY = b"k" * 32
AGENT = agent(name="payer")
SESSION = session(AGENT.id)
GRANT = policy(agent_id=AGENT.id, id="0190-grant")
BAN = policy(agent_id=AGENT.id, id="0191-ban")
GLOBAL = policy(agent_id=None, id="0192-global")
CHANNELS = [Channel(id=f"channel-{n}", created_at=1, type="LOG", config=json.dumps({"sealed": n})) for n in (1, 2)]


class Place:
    """A database that daemons open one after the other; between them anybody may write into it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pinned = 0
        self.begin()

    def begin(self, key: bytes = KEY) -> str | None:
        """Another daemon. Returns what it finds wrong."""
        self.store = Store.open(self.path)
        self.rows = RowWatch(self.store, Journal(FrozenClock()))
        return self.rows.open(key, pinned=self.pinned, is_sound=True)

    def end(self) -> None:
        self.pinned = self.store.seals.position.number
        self.store.close()

    def again(self, key: bytes = KEY) -> str | None:
        self.end()
        return self.begin(key)

    def tamper(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute("PRAGMA ignore_check_constraints = ON")
            for statement in statements:
                connection.execute(statement)

    def told(self) -> list[tuple[str, str, str]]:
        """Every finding that people were told."""
        sql = "SELECT details FROM audit_log WHERE event_type IN ('row.tampered', 'policy.tampered') ORDER BY id"
        with closing(sqlite3.connect(self.path)) as connection:
            found = [json.loads(row[0]) for row in connection.execute(sql)]
        return [(one["table"], one["key"], one["how"]) for one in found]

    def row(self, table: str, key: str) -> dict[str, object]:
        with closing(sqlite3.connect(self.path)) as connection:
            connection.row_factory = sqlite3.Row
            column = {"daemon_state": "key", "policy_sets": "scope"}.get(table, "id")
            (row,) = connection.execute(f"SELECT * FROM {table} WHERE {column} = ?", (key,)).fetchall()
        return dict(row)

    def put_back(self, table: str, row: dict[str, object]) -> None:
        """An older copy of a row, with the MAC that it had."""
        marks = ", ".join("?" * len(row))
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute(
                f"INSERT OR REPLACE INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values())
            )


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """One with an agent, its session, two policies of its own and a global one, and two channels."""
    made = Place(tmp_path / "waiaas.db")
    with made.store.write() as unit:
        unit.agents.insert(AGENT)
        unit.sessions.insert(SESSION)
        for one in (GRANT, BAN, GLOBAL):
            unit.policies.insert(one)
        for channel in CHANNELS:
            unit.channels.insert(channel)
        unit.state.set("generation", "3")
    yield made
    made.store.close()


def live(place: Place) -> tuple[bool, bool, bool]:
    """Whether agent, session and policies decide."""
    with place.store.read() as unit:
        found, caller = unit.agents.get(AGENT.id), unit.sessions.get(SESSION.id)
        _, are_whole = unit.policies.sealed_for(AGENT.id)
    assert found is not None
    return found.status == "ACTIVE", caller is not None and caller.revoked_at is None, are_whole
