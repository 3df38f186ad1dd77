"""Files that a promise rests on are on the disk, content first, name second, folder last, before anybody is told of them."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.harness.data_directory import CHEAP, PASSWORD, copy_of, make_template
from tests.harness.durability import watched_disk
from waiaas.cli.audit_export import write_lines
from waiaas.cli.backup_files import restore_backup
from waiaas.config import DataDir, create, write_private
from waiaas.engine.backup_reading import open_backup
from waiaas.engine.backup_writing import make_backup
from waiaas.engine.rekeying import rekey
from waiaas.keystore import files
from waiaas.keystore.backup_cipher import backup_key
from waiaas.keystore.desk import Desk
from waiaas.keystore.rewrapping import change_password
from waiaas.store.database import Store
from waiaas.store.file_copy import copy_database_file
from waiaas.store.migrator import migrate
from waiaas.store.schema_files import read_scripts
from waiaas.testing.clock import FrozenClock


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    """A data directory with a keystore and a database of a daemon that has started once."""
    paths = DataDir.at(make_template(tmp_path_factory.mktemp("durable") / "data"))
    store = Store.open(paths.database)
    with store.write() as unit:
        unit.state.set("instance_id", "0199aaaa-0000-7000-8000-00000000000f")
    store.close()
    return paths


@pytest.fixture
def paths(template: DataDir, tmp_path: Path) -> DataDir:
    """One for the test alone."""
    return copy_of(template.root, tmp_path / "data")


def _password() -> bytearray:
    return bytearray(PASSWORD.encode())


def _backup(paths: DataDir) -> Path:
    key = backup_key((paths.keystore / "master.json").read_bytes(), _password())
    return make_backup(paths, key, 1_800_000_000).path


def _unpacked(paths: DataDir) -> list[Path]:
    into = create(paths.root.with_name("unpacked"))
    open_backup(_backup(paths), _password(), into)
    return [into.database, into.keystore / "master.json", into.config, into.plugins_lock]


def _copied(paths: DataDir) -> list[Path]:
    copy_database_file(paths.database, paths.root / "copy.db")
    return [paths.root / "copy.db"]


def _before_migration(paths: DataDir) -> list[Path]:
    old = paths.root / "old.db"
    migrate(old, read_scripts()[:1], backups=paths.backups, clock=FrozenClock())
    migrate(old, read_scripts(), backups=paths.backups, clock=FrozenClock())
    return sorted(paths.backups.glob("old-before-schema-*.db"))


def _settings(paths: DataDir) -> list[Path]:
    write_private(paths.config, b"")
    return [paths.config]


def _key_file(paths: DataDir) -> list[Path]:
    files.write_private(paths.keystore / "a.json", b"{}")
    return [paths.keystore / "a.json"]


def _exported_key(paths: DataDir) -> list[Path]:
    files.write_new(paths.root / "exported.json", b"{}")
    return [paths.root / "exported.json"]


def _exported_log(paths: DataDir) -> list[Path]:
    write_lines(paths.root / "audit.jsonl", iter(["{}\n"]), force=False)
    return [paths.root / "audit.jsonl"]


def _new_password(paths: DataDir) -> list[Path]:
    with Desk() as desk:
        new = bytearray(b"another-Gravel 8 heron")
        change_password(paths.keystore, desk, _password(), new, CHEAP, min_length=12, observe=lambda step: None)
    return [paths.keystore / "master.json"]


def _new_key(paths: DataDir) -> list[Path]:
    with Desk() as desk:
        rekey(paths, desk, _password(), bytearray(b"another-Gravel 8 heron"), CHEAP, min_length=12)
    return [paths.keystore / "master.json"]


MADE: dict[str, Callable[[DataDir], list[Path]]] = {
    "a backup": lambda paths: [_backup(paths)],
    "what a backup held": _unpacked,
    "a copy of the database": _copied,
    "the copy before a migration": _before_migration,
    "a private file": _settings,
    "a key file": _key_file,
    "an exported key": _exported_key,
    "an exported audit log": _exported_log,
    "the master key under another password": _new_password,
    "another data key": _new_key,
}


@pytest.mark.parametrize("what", MADE)
def test_what_was_made_outlives_a_power_cut(paths: DataDir, what: str) -> None:
    """When the call returns, content, name and folder of each file are on the disk, in this order."""
    with watched_disk() as disk:
        made = MADE[what](paths)
        assert made
        assert [why for path in made for why in disk.missing(path)] == []


def test_a_restored_directory_outlives_a_power_cut(
    paths: DataDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder that holds the restored directory is synced after both renames."""
    monkeypatch.setenv("WAIAAS_MASTER_PASSWORD", PASSWORD)
    kept = tmp_path / "kept.backup"
    _backup(paths).rename(kept)
    with watched_disk() as disk:
        restore_backup(paths.root, kept, force=True)
        events = disk._events
    assert ("named", str(paths.root)) in events
    last = max(at for at, event in enumerate(events) if event == ("named", str(paths.root)))
    assert ("synced", paths.root.parent.stat().st_ino) in events[last:]


def test_a_copy_is_whole(paths: DataDir) -> None:
    """It is one file, with everything in it, and nobody else may read it."""
    (copy,) = _copied(paths)
    with closing(sqlite3.connect(f"{copy.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        assert connection.execute("SELECT value FROM daemon_state WHERE key = 'instance_id'").fetchone()
    assert copy.stat().st_mode & 0o777 == 0o600
