"""The pinned head: a database that is behind it, elsewhere, or without it, is told from the one it was (invariant 14)."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from waiaas.config import write_private
from waiaas.engine.head import HeadKeeper
from waiaas.engine.restored import RestoreMark
from waiaas.store.database import Store
from waiaas.store.records import Agent

KEY = b"k" * 32


class Place:
    """A database with its head."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database, self.head = folder / "waiaas.db", folder / "head"
        self.store = Store.open(self.database)

    def keeper(self) -> HeadKeeper:
        return HeadKeeper(self.head, self.database, self.store, write_private, RestoreMark(self.head.with_name("mark")))

    def happen(self, what: str = "daemon.started") -> None:
        with self.store.write() as unit:
            unit.audit.append(
                timestamp=1,
                event_type=what,
                actor="system",
                agent_id=None,
                session_id=None,
                tx_id=None,
                details="{}",
                severity="info",
                ip_address=None,
            )

    def keep(self) -> None:
        keeper = self.keeper()
        keeper.open(KEY)
        keeper.begin()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A directory of one's own."""
    made = Place(tmp_path)
    yield made
    made.store.close()


def test_a_new_directory_needs_no_head(place: Place) -> None:
    """Before anything could be signed for, a missing head is no sign of anything."""
    place.happen()
    assert place.keeper().open(KEY) is None


def test_the_directory_it_was_is_recognised(place: Place) -> None:
    """The head may lag: rows that were written after it do not matter."""
    place.happen()
    place.keep()
    place.happen()
    assert place.keeper().open(KEY) is None


def test_a_database_behind_its_head_is_found(place: Place) -> None:
    """A head that speaks of rows which the database does not hold means that the database was rolled back."""
    place.happen()
    place.keep()
    ahead = json.loads(place.head.read_text())
    place.store.close()
    for name in place.folder.iterdir():
        if name.name.startswith("waiaas.db"):
            name.write_bytes(b"") if name.name == "waiaas.db" else name.unlink()
    place.store = Store.open(place.database)  # the same inode, an empty history
    assert ahead["inode"] == place.database.stat().st_ino
    assert "older than its pinned head" in str(place.keeper().open(KEY))


def test_another_history_is_found(place: Place) -> None:
    """The same number of rows with another content is not the same history."""
    place.happen()
    place.keep()
    place.store.close()
    for name in place.folder.iterdir():
        if name.name.startswith("waiaas.db"):
            name.write_bytes(b"") if name.name == "waiaas.db" else name.unlink()
    place.store = Store.open(place.database)
    place.happen("daemon.stopped")
    assert "older than its pinned head" in str(place.keeper().open(KEY))


def test_a_copy_is_found(place: Place, tmp_path: Path) -> None:
    """A head beside another file than its own was copied or moved."""
    place.happen()
    place.keep()
    copy = tmp_path / "copy"
    copy.mkdir()
    other = Place(copy)
    other.happen()
    (copy / "head").write_bytes(place.head.read_bytes())
    assert "copied or moved" in str(other.keeper().open(KEY))
    other.store.close()


@pytest.mark.parametrize("field", ["machine", "device", "inode", "ledger_id", "audit_id", "audit_hash", "mac"])
def test_an_edited_head_is_found(place: Place, field: str) -> None:
    """No field can be changed without the signer's key."""
    place.happen()
    place.keep()
    document = json.loads(place.head.read_text())
    document[field] = document[field] + 1 if isinstance(document[field], int) else "0" + document[field][1:] + "0"
    place.head.write_text(json.dumps(document))
    assert "damaged" in str(place.keeper().open(KEY))


_FOREIGN = dict.fromkeys(("machine", "device", "inode", "ledger_id", "audit_id", "audit_hash", "mac"), "\u00e9")


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"mac": 1}', b"\xff", b"[" * 100_000, json.dumps(_FOREIGN).encode()]
)
def test_rubbish_is_no_head(place: Place, content: bytes) -> None:
    """What is not a head is refused, never guessed at."""
    place.happen()
    place.head.write_bytes(content)
    assert "damaged" in str(place.keeper().open(KEY))


def test_another_keystore_opens_no_head(place: Place) -> None:
    """A head that another data key sealed is another's."""
    place.happen()
    place.keep()
    assert "damaged or another's" in str(place.keeper().open(b"o" * 32))


def test_what_is_pinned_is_the_last_row(place: Place) -> None:
    """The row that verification holds the chain against is the last one kept, and none before the key is known."""
    place.happen()
    place.keep()
    keeper = place.keeper()
    assert keeper.pinned() is None
    keeper.open(KEY)
    with place.store.read() as unit:
        assert keeper.pinned() == unit.audit.head()


def test_a_head_that_is_gone_is_missed_once_there_are_agents(place: Place) -> None:
    """Deleting the head does not make a directory new."""
    with place.store.write() as unit:
        unit.agents.insert(
            Agent(
                id="a",
                created_at=1,
                updated_at=1,
                name="a",
                chain="c",
                network="n",
                form="f",
                key_scheme="ed25519",
                public_key="00",
                address="x",
                status="ACTIVE",
            )
        )
    assert place.keeper().open(KEY) == "its pinned head is gone"


def test_a_head_that_is_gone_is_missed_once_there_was_one(place: Place) -> None:
    """A directory without agents had a head too, and may hold keys that wait to be adopted."""
    keeper = place.keeper()
    assert keeper.open(KEY) is None
    keeper.begin()
    place.head.unlink()
    assert place.keeper().open(KEY) == "its pinned head is gone"
