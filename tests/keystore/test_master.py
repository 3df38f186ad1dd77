"""Making and opening master.json, and which passwords are worth anything."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waiaas.errors import StartRefused
from waiaas.keystore import envelope, sodium
from waiaas.keystore.argon import argon2id_into
from waiaas.keystore.files import write_private
from waiaas.keystore.master import ArgonParams, check_password_strength, create_master
from waiaas.keystore.memory import LockedMemory, Secret

CHEAP = ArgonParams(memory_kib=32768, time=1, parallelism=1)

WEAK = [
    "tiny",
    "elevenchars",
    "aaaaaaaaaaaaaaaa",
    "abababababababab",
    "abcabcabcabcabc",
    "abcdefabcdefabcdef",
    "123456789012",
    "1029384756102938",
    "qwertyuiop[]",
    "qwertyuiopasdfghjkl",
    "poiuytrewqlkjhgfdsa",
    "abcdefghijklmnop",
    "1qaz2wsx3edc4rfv",
    "password1234",
    "Password123!",
    "P@ssw0rd12345",
    "passwordpassword",
    "Passw0rd!Passw0rd!",
    "letmein123456",
    "administrator1",
    "AdminAdmin2024!",
    "welcome_to_2025",
    "iloveyou12345",
    "changeme-changeme",
    "Summer2024!!!",
    "waiaas-wallet-1",
    "bitcoin4ever!!",
    "correct horse battery staple",
    "CorrectHorseBatteryStaple!",
    "x" * 1025 + "unusual stuff",
]

GOOD = [
    "grizzled anvil lantern 9 quartz",
    "vQ7-mXn2.Lk9zR",
    "trombone gravel ukulele thicket",
    "Zwölf Boxkämpfer jagen Viktor",
    "パスフレーズは長いほど良いのです",
    "83920571649302847561",
    "7#4!9$2&8*1@5%",
]


@pytest.mark.parametrize("password", WEAK)
def test_weak_passwords(password: str) -> None:
    """Short, repeated, sequential and common passwords are refused, decorated or not, without being repeated back."""
    with pytest.raises(StartRefused) as caught:
        check_password_strength(bytearray(password.encode()), 12)
    assert caught.value.code == "WEAK_PASSWORD"
    assert password not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("password", GOOD)
def test_good_passwords(password: str) -> None:
    """Long and unusual passwords are taken, in any script, and left as they are."""
    given_ = bytearray(password.encode())
    check_password_strength(given_, 12)
    assert given_ == password.encode()


def test_length_counts_characters() -> None:
    """The minimal length is of characters, not of bytes, and can be raised."""
    check_password_strength(bytearray("鳥獣戯画絵巻物甲乙丙丁".encode()), 11)
    for minimum in (12, 128):
        with pytest.raises(StartRefused, match="shorter"):
            check_password_strength(bytearray("鳥獣戯画絵巻物甲乙丙丁".encode()), minimum)


@given(st.binary(min_size=12, max_size=12).map(lambda raw: bytearray(raw.hex().encode())))
def test_generated_passwords(password: bytearray) -> None:
    """What a password manager makes of 12 random bytes is refused for nothing but visible repetition."""
    if len(set(password)) > 8 and not re.search(rb"(.+)\1", password) and not password.isdigit():
        check_password_strength(password, 12)


def test_create(tmp_path: Path, password: bytearray) -> None:
    """A new keystore has a private folder and file, without the password, which stays the caller's."""
    folder = tmp_path / "keystore"
    before = bytes(password)
    create_master(folder, password, CHEAP)
    assert password == before
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "master.json").stat().st_mode & 0o777 == 0o600
    assert before not in (folder / "master.json").read_bytes()
    assert [entry.name for entry in folder.iterdir()] == ["master.json"]


def test_create_twice(tmp_path: Path, password: bytearray) -> None:
    """A master.json is never overwritten: every key hangs on it."""
    create_master(tmp_path / "keystore", password, CHEAP)
    text = (tmp_path / "keystore" / "master.json").read_bytes()
    with pytest.raises(StartRefused, match="exists"):
        create_master(tmp_path / "keystore", password, CHEAP)
    assert (tmp_path / "keystore" / "master.json").read_bytes() == text


def test_create_weak(tmp_path: Path) -> None:
    """A weak password makes no keystore."""
    with pytest.raises(StartRefused) as caught:
        create_master(tmp_path / "keystore", bytearray(b"password1234"), CHEAP)
    assert caught.value.code == "WEAK_PASSWORD"
    assert not (tmp_path / "keystore").exists()


def test_two_keystores_differ(tmp_path: Path, password: bytearray) -> None:
    """The same password makes different salts, nonces and data keys."""
    texts = []
    for name in ("one", "two"):
        create_master(tmp_path / name, password, CHEAP)
        texts.append(json.loads((tmp_path / name / "master.json").read_bytes()))
    for field in ("salt", "check", "nonce", "ciphertext"):
        assert texts[0][field] != texts[1][field]


Outcome = Callable[[bytes, bytes], str | None]


@pytest.fixture
def outcome(memory: LockedMemory) -> Outcome:
    """Opens a text with a password: None when it opens, else the error's code. The room is wiped afterwards."""
    held, data_key, run = memory.slot(64), memory.slot(32), memory.slot(envelope.RUN_BYTES)

    def attempt(text: bytes, password: bytes) -> str | None:
        held.view[: len(password)] = password
        try:
            envelope.open_master(text, held.part(0, len(password)), data_key, run)
        except StartRefused as failure:
            assert not any(data_key.view)
            return failure.code
        finally:
            assert not any(held.view)
            assert not any(run.view)
        data_key.wipe()
        return None

    return attempt


def test_right_and_wrong_password(keystore: Path, password: bytearray, outcome: Outcome) -> None:
    """The right password opens; every other is one error, and nothing of the attempt stays in memory."""
    text = (keystore / "master.json").read_bytes()
    assert outcome(text, bytes(password)) is None
    for wrong in (bytes(password) + b" ", bytes(password)[:-1], bytes(password).upper(), b"x"):
        assert outcome(text, wrong) == "WRONG_PASSWORD"


def with_field(text: bytes, field: str, value: Any, is_mended: bool) -> bytes:
    document = {**json.loads(text), field: value}
    if is_mended:
        checksum = document.pop("checksum")
        canonical = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
        checksum = sodium.blake2b_256(canonical).hex()
        document["checksum"] = checksum
    return json.dumps(document).encode()


def flipped(value: str) -> str:
    return f"{int(value[0], 16) ^ 1:x}{value[1:]}"


EDITS: dict[str, Callable[[Any], Any]] = {
    "memory_kib": lambda value: value + 1,
    "time": lambda value: value + 1,
    "parallelism": lambda value: value + 1,
    "created_at": lambda value: value + 1,
    "salt": flipped,
    "check": flipped,
    "nonce": flipped,
    "ciphertext": flipped,
    "checksum": flipped,
    "version": lambda value: 2,
    "kdf": lambda value: "scrypt",
}


def test_every_edit_is_damage(keystore: Path, password: bytearray, outcome: Outcome) -> None:
    """An edit of any field is named as damage, not blamed on the password."""
    text = (keystore / "master.json").read_bytes()
    assert EDITS.keys() == json.loads(text).keys()
    for field, edit in EDITS.items():
        edited = with_field(text, field, edit(json.loads(text)[field]), is_mended=False)
        assert outcome(edited, bytes(password)) == "KEYSTORE_DAMAGED", field


@pytest.mark.parametrize("field", sorted(EDITS.keys() - {"checksum", "version", "kdf"}))
def test_mended_edits_do_not_open(keystore: Path, password: bytearray, outcome: Outcome, field: str) -> None:
    """With the checksum mended an edit still opens nothing; what can be told from a wrong password is."""
    text = (keystore / "master.json").read_bytes()
    edited = with_field(text, field, EDITS[field](json.loads(text)[field]), is_mended=True)
    is_known = field in ("nonce", "ciphertext", "created_at")
    assert outcome(edited, bytes(password)) == ("KEYSTORE_DAMAGED" if is_known else "WRONG_PASSWORD")


def test_damage_costs_no_argon2(
    keystore: Path, password: bytearray, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A damaged file is refused before any password is stretched; a wrong password after exactly one run."""
    runs: list[Secret] = []
    stretch = argon2id_into

    def count(out: Secret, held: Secret, salt: bytes, params: ArgonParams) -> None:
        runs.append(out)
        stretch(out, held, salt, params)

    monkeypatch.setattr(envelope, "argon2id_into", count)
    text = (keystore / "master.json").read_bytes()
    assert outcome(text[:-40], bytes(password)) == "KEYSTORE_DAMAGED"
    assert runs == []
    assert outcome(text, b"wrong") == "WRONG_PASSWORD"
    assert len(runs) == 1


def test_wide_open_keystore(tmp_path: Path, password: bytearray) -> None:
    """A keystore folder that others can reach is refused, not used."""
    (tmp_path / "keystore").mkdir(mode=0o755)
    (tmp_path / "keystore").chmod(0o755)
    with pytest.raises(StartRefused) as caught:
        create_master(tmp_path / "keystore", password, CHEAP)
    assert caught.value.code == "DATA_DIR_UNSAFE"
    with pytest.raises(StartRefused):
        write_private(tmp_path / "keystore" / "x", b"")
