"""The migrator: forward only, all or nothing, and never on a database it does not understand."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from waiaas.clock import SystemClock
from waiaas.errors import StartRefused
from waiaas.store.database import Store
from waiaas.store.migrator import migrate
from waiaas.store.schema_files import Script, read_scripts

FIRST = "CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;\nINSERT INTO things (name) VALUES ('a;b');"
SECOND = """-- a comment; with a semicolon
CREATE TABLE parts (thing INTEGER NOT NULL REFERENCES things (id)) STRICT;
CREATE TRIGGER parts_stay BEFORE DELETE ON parts
BEGIN
  SELECT RAISE(ABORT, 'no; never');
END;
"""


class FixedClock(SystemClock):
    def now(self) -> int:
        return 1234


def scripts(*texts: str) -> tuple[Script, ...]:
    return tuple(
        Script(version=number, name=f"step_{number}", checksum=hashlib.sha256(text.encode()).hexdigest(), sql=text)
        for number, text in enumerate(texts, start=1)
    )


def run(path: Path, *texts: str) -> int:
    return migrate(path, scripts(*texts), backups=path.parent / "backups", clock=FixedClock())


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_database_is_private(tmp_path: Path) -> None:
    """The file and its companions are readable by their owner alone, whatever the umask."""
    before = os.umask(0)
    try:
        store = Store.open(tmp_path / "waiaas.db")
        with store.write() as unit:
            unit.state.set("key", "value")
        assert {file.name: mode(file) for file in tmp_path.iterdir()} == dict.fromkeys(
            ("waiaas.db", "waiaas.db-wal", "waiaas.db-shm"), 0o600
        )
        store.close()
    finally:
        os.umask(before)


def test_scripts_are_recorded_and_run_once(path: Path) -> None:
    """Every script leaves its version, name, checksum and time; a second start runs none."""
    assert run(path, FIRST, SECOND) == 2
    assert run(path, FIRST, SECOND) == 2
    wanted = [(one.version, one.name, one.checksum, 1234) for one in scripts(FIRST, SECOND)]
    assert rows(path, "SELECT * FROM schema_version") == wanted
    assert rows(path, "SELECT name FROM things") == [("a;b",)]
    assert rows(path, "PRAGMA journal_mode") == [("wal",)]


def test_the_store_knows_its_version(store: Store) -> None:
    """An open store tells the number of the last script."""
    assert store.schema_version == len(read_scripts())


def test_a_copy_is_made_before_a_migration(path: Path) -> None:
    """Before an existing database is changed, a whole copy with the old schema lies in the backups, private and complete."""
    run(path, FIRST)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO things (name) VALUES ('new')")
        connection.commit()
        run(path, FIRST, SECOND)
    (copy,) = (path.parent / "backups").iterdir()
    assert (copy.name, mode(copy), mode(copy.parent)) == ("waiaas-before-schema-0002.db", 0o600, 0o700)
    assert copy.read_bytes()[18:20] == bytes([1, 1]), "a copy in WAL mode would need files beside it"
    assert rows(copy, "SELECT name FROM things") == [("a;b",), ("new",)]
    assert rows(copy, "SELECT MAX(version) FROM schema_version") == [(1,)]
    assert [file.name for file in copy.parent.iterdir()] == [copy.name]


def test_copies_are_never_overwritten(path: Path) -> None:
    """A second migration to the same version makes a second copy."""
    run(path, FIRST)
    with pytest.raises(StartRefused):
        run(path, FIRST, "CREATE TABLE broken (;")
    run(path, FIRST, SECOND)
    assert len(list((path.parent / "backups").iterdir())) == 2


def test_no_copy_is_made_of_a_new_database(path: Path) -> None:
    """There is nothing to save before the first script, nor where no script is waiting."""
    run(path, FIRST, SECOND)
    run(path, FIRST, SECOND)
    assert not (path.parent / "backups").exists()


@pytest.mark.parametrize(
    ("second", "words"),
    [
        ("CREATE TABLE parts (id INTEGER);\nCREATE TABLE things (id INTEGER);", "already exists"),
        ("CREATE TABLE parts (id INTEGER);\nCOMMIT;", "not authorized"),
        ("CREATE TABLE parts (id INTEGER);\nPRAGMA foreign_keys = ON;", "not authorized"),
        ("CREATE TABLE parts (id INTEGER);\nCREATE TABLE more (id", "inside a statement"),
        (
            "CREATE TABLE parts (thing INTEGER REFERENCES things (id));\nINSERT INTO parts VALUES (77);",
            "row of parts would refer to nothing",
        ),
    ],
)
def test_a_script_is_all_or_nothing(path: Path, second: str, words: str) -> None:
    """A script that fails, ends its own transaction, or leaves dangling references changes nothing."""
    run(path, FIRST)
    before = rows(path, "SELECT name, sql FROM sqlite_master")
    with pytest.raises(StartRefused, match=words):
        run(path, FIRST, second)
    assert rows(path, "SELECT name, sql FROM sqlite_master") == before
    assert rows(path, "SELECT MAX(version) FROM schema_version") == [(1,)]


def test_a_script_may_rebuild_a_table_that_others_refer_to(path: Path) -> None:
    """Dropping and remaking a referred table keeps the rows that refer to it."""
    rebuild = (
        "CREATE TABLE new_things (id INTEGER PRIMARY KEY, name TEXT NOT NULL, more TEXT) STRICT;\n"
        "INSERT INTO new_things (id, name) SELECT id, name FROM things;\n"
        "DROP TABLE things;\n"
        "ALTER TABLE new_things RENAME TO things;\n"
    )
    run(path, FIRST, SECOND)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO parts (thing) VALUES (1)")
        connection.commit()
    assert run(path, FIRST, SECOND, rebuild) == 3
    assert rows(path, "SELECT name, more, thing FROM things JOIN parts ON thing = things.id") == [("a;b", None, 1)]


def test_a_damaged_database_is_not_migrated(path: Path) -> None:
    """Rows that break a rule of their table stop a migration, and nothing is changed."""
    first = "CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT NOT NULL CHECK (name <> 'bad')) STRICT;"
    run(path, first)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("INSERT INTO things (name) VALUES ('bad')")
        connection.commit()
    with pytest.raises(StartRefused, match="the database is damaged"):
        run(path, first, SECOND)
    assert rows(path, "SELECT name FROM sqlite_master WHERE name = 'parts'") == []


def test_a_changed_script_is_refused(path: Path) -> None:
    """A script that is not the one which made the database stops the start."""
    run(path, FIRST)
    with pytest.raises(StartRefused, match=r"0001_step_1\.sql is not the one") as caught:
        run(path, FIRST + "\n")
    assert caught.value.code == "SCHEMA_MISMATCH"


def test_a_newer_database_is_refused(path: Path) -> None:
    """A database of a later version is not touched."""
    run(path, FIRST, SECOND)
    with pytest.raises(StartRefused, match="has schema version 2, this program knows 1"):
        run(path, FIRST)


def test_a_gap_in_the_record_is_refused(path: Path) -> None:
    """A database that lacks a version in the middle is not touched."""
    run(path, FIRST, SECOND)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM schema_version WHERE version = 1")
        connection.commit()
    with pytest.raises(StartRefused, match="lacks schema version 1 but has 2"):
        run(path, FIRST, SECOND)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["0001_one.sql", "0003_three.sql"], "0002 is missing"),
        (["0001_one.sql", "0001_two.sql"], "0002 is missing or doubled"),
        (["0001_one.sql", "second.sql"], "second.sql is not a schema script"),
    ],
)
def test_a_gap_in_the_scripts_is_refused(tmp_path: Path, names: list[str], words: str) -> None:
    """Scripts count up from one without gap, double or stranger."""
    for name in names:
        (tmp_path / name).write_text("")
    with pytest.raises(StartRefused, match=words):
        read_scripts(tmp_path)


def test_a_foreign_database_is_refused(path: Path) -> None:
    """A database of another program is left alone."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    with pytest.raises(StartRefused, match="of another program"):
        run(path, FIRST)
    assert rows(path, "SELECT name FROM sqlite_master") == [("bookmarks",)]


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    """A damaged file is named, and stays as it is."""
    path.write_bytes(b"not a database at all, " * 100)
    with pytest.raises(StartRefused, match=r"waiaas\.db cannot be opened"):
        run(path, FIRST)
    assert path.read_bytes().startswith(b"not a database")


def test_a_dangling_link_is_not_followed(path: Path) -> None:
    """A symbolic link in the database's place does not become a file elsewhere."""
    elsewhere = path.parent / "elsewhere.db"
    path.symlink_to(elsewhere)
    with pytest.raises(StartRefused, match="File exists"):
        run(path, FIRST)
    assert not elsewhere.exists()


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DROP TRIGGER audit_log_no_update", "trigger audit_log_no_update is missing"),
        ("DROP INDEX transactions_idempotency_key", "index transactions_idempotency_key is missing"),
        ("CREATE TRIGGER spy AFTER INSERT ON agents BEGIN SELECT 1; END", "trigger spy was added"),
        ("ALTER TABLE agents ADD COLUMN extra TEXT", "table agents was changed"),
    ],
)
def test_an_altered_schema_is_refused(path: Path, statement: str, words: str) -> None:
    """A start notices a trigger, index or table that somebody dropped, added or changed."""
    Store.open(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
    with pytest.raises(StartRefused, match=words):
        Store.open(path)


def test_statistics_of_sqlite_are_no_change(path: Path) -> None:
    """ANALYZE leaves tables of SQLite's own, which are nobody's business."""
    Store.open(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ANALYZE")
    Store.open(path).close()


def test_an_old_sqlite_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without STRICT tables and JSON functions nothing is made."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))
    with pytest.raises(StartRefused, match="too old"):
        run(path, FIRST)
    assert not path.exists()
