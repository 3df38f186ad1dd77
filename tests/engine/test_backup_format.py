"""What a decoder of backups must reject, one by one, and that nothing of a refused one reaches its place."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.harness.data_directory import PASSWORD, copy_of, make_template
from tests.keystore.conftest import a_header
from waiaas.config import DataDir, create
from waiaas.engine.backup_format import DATABASE, MASTER, EntryReader, Header, describe, entry_head
from waiaas.engine.backup_reading import Contents, open_backup
from waiaas.engine.backup_writing import make_backup
from waiaas.errors import NotReady, StartRefused
from waiaas.interfaces.signing import Scheme
from waiaas.keystore.backup_cipher import backup_key, file_key, seal_chunks
from waiaas.store.database import Store

AGENT = "0199aaaa-0000-7000-8000-00000000000a"
Put = Callable[[bytes], Path]
_HEAD = 20  # preamble and length of the header


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    """A data directory with a database that has a name, and the key files of nobody yet."""
    paths = DataDir.at(make_template(tmp_path_factory.mktemp("made") / "data"))
    Store.open(paths.database).close()
    with closing(sqlite3.connect(paths.database, isolation_level=None)) as connection:
        connection.execute("INSERT INTO daemon_state (key, value) VALUES ('instance_id', 'of-a-test')")
    return paths


@pytest.fixture(scope="module")
def key(paths: DataDir) -> bytes:
    return backup_key((paths.keystore / "master.json").read_bytes(), bytearray(PASSWORD.encode()))


@pytest.fixture(scope="module")
def text(paths: DataDir, key: bytes) -> bytes:
    """A good backup, as bytes."""
    return make_backup(paths, key, 1_700_000_000).path.read_bytes()


@pytest.fixture
def put(tmp_path: Path) -> Put:
    def write(text: bytes) -> Path:
        path = tmp_path / "some.backup"
        path.write_bytes(text)
        return path

    return write


def opened(path: Path, password: str = PASSWORD) -> Contents:
    into = create(path.parent / f"opened-{os.urandom(4).hex()}")
    return open_backup(path, bytearray(password.encode()), into)


def refused(path: Path) -> str:
    with pytest.raises(StartRefused) as caught:
        opened(path)
    assert caught.value.message
    return caught.value.code


def header_of(text: bytes) -> tuple[dict[str, object], bytes]:
    """The header of a backup, and everything behind it."""
    size = int.from_bytes(text[16:_HEAD])
    return json.loads(text[_HEAD : _HEAD + size]), text[_HEAD + size :]


def with_header(text: bytes, encoded: bytes) -> bytes:
    return text[:16] + len(encoded).to_bytes(4) + encoded + header_of(text)[1]


def canonical(values: object) -> bytes:
    return json.dumps(values, sort_keys=True, separators=(",", ":")).encode()


def resealed(text: bytes, key: bytes, payload: bytes, **changes: object) -> bytes:
    """A backup with another payload, made by somebody who has the password."""
    header = replace(Header(**header_of(text)[0]), payload_bytes=len(payload), **changes)  # type: ignore[arg-type]
    own = file_key(key, bytes.fromhex(header.salt))
    return header.encoded() + b"".join(seal_chunks(own, header.associated(), len(payload), [payload]))


def payload_of(*entries: tuple[str, bytes]) -> bytes:
    return b"".join(entry_head(name, len(content)) + content for name, content in entries)


@pytest.fixture
def entries(paths: DataDir) -> list[tuple[str, bytes]]:
    """What a good backup holds."""
    copy = paths.database.read_bytes()
    return [
        (MASTER, (paths.keystore / "master.json").read_bytes()),
        ("config.toml", paths.config.read_bytes()),
        (DATABASE, copy),
    ]


def test_a_good_backup_opens(text: bytes, put: Put, paths: DataDir) -> None:
    """Its header tells without a password what it is; with it, everything comes out as it was."""
    path = put(text)
    header = describe(path)
    assert (header.instance_id, header.created_at) == ("of-a-test", 1_700_000_000)
    found = opened(path)
    assert found.files[0] == MASTER
    assert found.audit.is_intact


@pytest.mark.parametrize("keep", [0, 1, 13, 14, 15, 16, 18, 19, 20, 100, 2000, -1, -17, -70000])
def test_a_backup_that_was_cut_is_called_so(text: bytes, put: Put, keep: int) -> None:
    """Wherever it ends too early, in its preamble, its header or its chunks: BACKUP_TRUNCATED, before any password."""
    path = put(text[:keep])
    assert refused(path) == "BACKUP_TRUNCATED"
    with pytest.raises(StartRefused):
        describe(path)


def test_something_behind_the_end_is_refused(text: bytes, put: Put) -> None:
    """Not a byte may follow."""
    assert refused(put(text + b"\0")) == "BACKUP_DAMAGED"


@pytest.mark.parametrize("version", [0, 2, 256, 65535])
def test_another_version_is_named(text: bytes, put: Put, version: int) -> None:
    """Older and newer formats are refused as that, not as damage."""
    assert refused(put(text[:14] + version.to_bytes(2) + text[16:])) == "BACKUP_VERSION"


@pytest.mark.parametrize("other", [b"SQLite format 3\0" * 9, b"WAIaaS-backup " * 9, b"\0" * 99, b"{}" * 99])
def test_another_file_is_refused(put: Put, other: bytes) -> None:
    """What does not begin like a backup is none."""
    assert refused(put(other)) == "BACKUP_DAMAGED"


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(min_value=0), bit=st.integers(min_value=0, max_value=7))
def test_no_flipped_bit_is_restored(text: bytes, put: Put, at: int, bit: int) -> None:
    """One bit anywhere in the file, and it is refused under a name of its own."""
    changed = bytearray(text)
    changed[at % len(text)] ^= 1 << bit
    codes = {"BACKUP_DAMAGED", "BACKUP_TRUNCATED", "BACKUP_VERSION", "WRONG_PASSWORD"}
    assert refused(put(bytes(changed))) in codes


def test_a_wrong_password_is_one_error(text: bytes, put: Put) -> None:
    """It is not called damage."""
    with pytest.raises(StartRefused) as caught:
        opened(put(text), "another password")
    assert caught.value.code == "WRONG_PASSWORD"


@pytest.mark.parametrize(
    "change",
    [
        {"created_at": 5},
        {"instance_id": "another"},
        {"program": "9.9.9"},
        {"schema_version": 1},
        {"salt": "00" * 32},
    ],
)
def test_an_edited_header_opens_no_chunk(text: bytes, put: Put, change: dict[str, object]) -> None:
    """A header that is well-formed and not the one that was written is found at the first chunk."""
    values, _ = header_of(text)
    assert refused(put(with_header(text, canonical({**values, **change})))) == "BACKUP_DAMAGED"


@pytest.mark.parametrize(
    "change",
    [
        {"created_at": -1},
        {"created_at": True},
        {"created_at": 1.5},
        {"payload_bytes": 0},
        {"payload_bytes": 2**60},
        {"instance_id": ""},
        {"instance_id": "a b"},
        {"salt": "AB" * 32},
        {"salt": "ab"},
        {"master": "{}"},
        {"master": 5},
        {"more": 1},
        {"program": "x" * 65},
    ],
)
def test_a_header_of_another_form_is_refused(text: bytes, put: Put, change: dict[str, object]) -> None:
    """Types, ranges, lengths, unknown and missing fields, before any password."""
    values, _ = header_of(text)
    assert refused(put(with_header(text, canonical({**values, **change})))) == "BACKUP_DAMAGED"
    marked = {**values, "master": f"\ufeff{values['master']}"}  # JSON to a lenient reader, and not what was written
    assert refused(put(with_header(text, canonical(marked)))) == "BACKUP_DAMAGED"
    name = next(iter(change))
    without = {key: value for key, value in values.items() if key != name}
    if name in values:
        assert refused(put(with_header(text, canonical(without)))) == "BACKUP_DAMAGED"


@pytest.mark.parametrize("encoded", [b"", b"[]", b"nonsense", b"\xff", b"{" * 500])
def test_a_header_that_is_no_canonical_json_is_refused(text: bytes, put: Put, encoded: bytes) -> None:
    """Also one that says the same with other spaces, or more than its limit."""
    values, _ = header_of(text)
    assert refused(put(with_header(text, encoded))) == "BACKUP_DAMAGED"
    assert refused(put(with_header(text, json.dumps(values).encode()))) == "BACKUP_DAMAGED"
    assert refused(put(text[:16] + (32769).to_bytes(4) + text[20:])) == "BACKUP_DAMAGED"


BAD_ENTRIES: dict[str, Callable[[list[tuple[str, bytes]]], list[tuple[str, bytes]]]] = {
    "the database missing": lambda good: good[:2],
    "the master key missing": lambda good: good[1:],
    "the master key not first": lambda good: [good[1], good[0], good[2]],
    "twice the same": lambda good: [*good, good[1]],
    "a path that leaves": lambda good: [*good, ("../outside", b"x")],
    "an absolute path": lambda good: [*good, ("/tmp/outside", b"x")],
    "a file of the daemon's": lambda good: [*good, ("data/head", b"x")],
    "no key's name": lambda good: [*good, ("keystore/x.json", b"x")],
    "a key file too long": lambda good: [*good, (f"keystore/{AGENT}.json", bytes(8193))],
    "no name": lambda good: [*good, ("", b"x")],
    "another master key": lambda good: [(MASTER, good[0][1] + b" "), *good[1:]],
    "a database that is none": lambda good: [*good[:2], (DATABASE, b"x" * 5000)],
    "a damaged database": lambda good: [*good[:2], (DATABASE, good[2][1][:8192] + bytes(len(good[2][1]) - 8192))],
}


@pytest.mark.parametrize("what", BAD_ENTRIES)
def test_a_payload_of_another_form_is_refused(
    text: bytes, key: bytes, put: Put, entries: list[tuple[str, bytes]], what: str
) -> None:
    """Even sealed with the right key nothing comes out that is not on the list, and nothing outside of its folder."""
    path = put(resealed(text, key, payload_of(*BAD_ENTRIES[what](entries))))
    assert refused(path) == "BACKUP_DAMAGED"
    assert not (path.parent / "outside").exists()


def test_an_entry_that_ends_beyond_the_payload_is_refused(
    text: bytes, key: bytes, put: Put, entries: list[tuple[str, bytes]]
) -> None:
    """Lengths inside are held against what there is."""
    payload = payload_of(*entries)
    for size in (1, 2, 9, 30):
        assert refused(put(resealed(text, key, payload + entry_head("plugins.lock", 50)[:size]))) == "BACKUP_DAMAGED"


def test_a_database_of_another_installation_or_version_is_refused(
    text: bytes, key: bytes, put: Put, entries: list[tuple[str, bytes]]
) -> None:
    """Header and database have to say the same."""
    for change in ({"instance_id": "another"}, {"schema_version": 1}):
        assert refused(put(resealed(text, key, payload_of(*entries), **change))) == "BACKUP_DAMAGED"


def test_an_agent_without_its_key_is_missed(paths: DataDir, key: bytes, tmp_path: Path) -> None:
    """A backup whose database has an agent and whose keystore has not is no backup to rely on."""
    copy = copy_of(paths.root, tmp_path / "copy")
    shutil.rmtree(copy.backups)
    header = a_header(Scheme.ED25519, "nochain", bytes(32))
    with closing(sqlite3.connect(copy.database, isolation_level=None)) as connection:
        connection.execute(
            "INSERT INTO agents (id, created_at, name, chain, network, form, key_scheme, public_key, address, status,"
            " updated_at) VALUES (?, 1, 'bob', 'nochain', 'main', '', 'ed25519', ?, 'there', 'ACTIVE', 1)",
            (header.agent_id, header.public_key),
        )
    assert refused(make_backup(copy, key, 1).path) == "BACKUP_DAMAGED"
    (copy.keystore / f"{header.agent_id}.json").write_bytes(b"{}")
    (copy.keystore / f"{header.agent_id}.json").chmod(0o600)
    assert opened(make_backup(copy, key, 1).path).agents == 1


def test_a_disk_without_room_leaves_nothing_behind(
    paths: DataDir, key: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup that cannot be finished is none: neither a file under its name nor a copy of the database stays."""
    copy = copy_of(paths.root, tmp_path / "copy")
    shutil.rmtree(copy.backups)

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "link", fail)
    with pytest.raises(NotReady) as caught:
        make_backup(copy, key, 1)
    assert caught.value.code == "STORE_FULL"
    assert list(copy.backups.iterdir()) == []


def test_what_a_power_cut_left_is_removed_by_the_next_one(paths: DataDir, key: bytes, tmp_path: Path) -> None:
    """Half-written files of an earlier backup go; finished backups and what else lies there stay."""
    copy = copy_of(paths.root, tmp_path / "copy")
    shutil.rmtree(copy.backups)
    copy.backups.mkdir(mode=0o700)
    for name in (".database.00.backup.tmp", ".sealed.00.backup.tmp", ".database.00.backup.tmp-journal", "mine.txt"):
        (copy.backups / name).write_text("x")
    first, second = make_backup(copy, key, 1).path, make_backup(copy, key, 1).path
    assert {path.name for path in copy.backups.iterdir()} == {"mine.txt", first.name, second.name}
    assert first.name != second.name
    assert first.stat().st_mode & 0o777 == 0o600


@given(st.lists(st.integers(min_value=1, max_value=50), max_size=40))
def test_entries_are_found_however_the_payload_is_cut(cuts: list[int]) -> None:
    """Pieces of any length give the same entries."""
    good = [(MASTER, b"{}"), (DATABASE, bytes(77)), ("config.toml", b"")]
    payload, pieces = payload_of(*good), []
    for cut in cuts:
        pieces.append(payload[:cut])
        payload = payload[cut:]
    reader = EntryReader(iter([*pieces, payload]))
    assert [(name, b"".join(reader.content(size))) for name, size in reader.entries()] == good
