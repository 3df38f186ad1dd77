"""One password is one password, however its letters are encoded and whichever door it comes through."""

import unicodedata
from pathlib import Path
from typing import Any

import pytest

from tests.keystore.conftest import CHEAP
from waiaas.errors import StartRefused
from waiaas.interfaces.signing import Scheme
from waiaas.keystore import envelope, sodium
from waiaas.keystore.backup_cipher import backup_key
from waiaas.keystore.client import SignerClient
from waiaas.keystore.desk import Desk
from waiaas.keystore.key_files import KeyFormat, read_key_file, write_key_file
from waiaas.keystore.master import create_master
from waiaas.keystore.opened import opened
from waiaas.keystore.password_text import as_sealed, with_any_reading
from waiaas.keystore.rewrapping import change_password

TEXT = "crème brûlée vierzehn Mäuse"
COMPOSED = unicodedata.normalize("NFC", TEXT).encode()
DECOMPOSED = unicodedata.normalize("NFD", TEXT).encode()
MARKED = b"\xef\xbb\xbf" + COMPOSED
SPELLINGS = {"composed": COMPOSED, "decomposed": DECOMPOSED, "with a mark": MARKED}
ASCII = b"correct staple battery horse"


@pytest.fixture(scope="module", params=SPELLINGS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A keystore made with one of the spellings."""
    made = tmp_path_factory.mktemp("made") / "keystore"
    create_master(made, bytearray(SPELLINGS[request.param]), CHEAP)
    return made


@pytest.mark.parametrize("given", SPELLINGS)
def test_every_spelling_opens_the_keystore(folder: Path, given: str) -> None:
    """Composed or decomposed, with a byte order mark or without: the signer, commands and backups take it."""
    signer = SignerClient.start(folder)
    try:
        assert signer.verify_password(bytearray(SPELLINGS[given]))
        signer.unlock(bytearray(SPELLINGS[given]))
        assert signer.is_unlocked
    finally:
        signer.close()
    with Desk() as desk, opened(folder, desk, bytearray(SPELLINGS[given])):
        pass
    assert backup_key((folder / "master.json").read_bytes(), bytearray(SPELLINGS[given]))


@pytest.mark.parametrize("before", [DECOMPOSED, MARKED, b"\xef\xbb\xbf" + ASCII, b"latin \xe9t\xe9 password"])
def test_a_keystore_made_with_other_bytes_still_opens(tmp_path: Path, before: bytes) -> None:
    """What was sealed with the bytes as they came opens with the same bytes, and after a change with every spelling."""
    path = tmp_path / "keystore"
    path.mkdir(mode=0o700)
    with Desk() as desk:
        sodium.random_into(desk.data_key)
        text = envelope.seal_master(desk.data_key, desk.word(bytearray(before)), CHEAP, desk.run, 1)
    (path / "master.json").write_bytes(text)
    (path / "master.json").chmod(0o600)
    with Desk() as desk:
        change_password(path, desk, bytearray(before), bytearray(DECOMPOSED), CHEAP, min_length=12)
    with Desk() as desk, opened(path, desk, bytearray(COMPOSED)):
        pass


def test_a_keystore_sealed_decomposed_opens_composed(tmp_path: Path) -> None:
    """A keyboard that gives one sign opens what a keyboard that gave two has sealed before."""
    with Desk() as desk:
        sodium.random_into(desk.data_key)
        text = envelope.seal_master(desk.data_key, desk.word(bytearray(DECOMPOSED)), CHEAP, desk.run, 1)
        desk.open_master(text, bytearray(COMPOSED))


@pytest.mark.parametrize(
    ("given", "tries"), [(ASCII, 1), (COMPOSED, 2), (DECOMPOSED, 2), (MARKED, 3), (b"\xff\xfe\xe9", 1)]
)
def test_a_wrong_password_costs_as_few_tries_as_it_can(given: bytes, tries: int) -> None:
    """One for ASCII; each try is an Argon2 run that anybody can ask for."""
    seen: list[bytes] = []

    def attempt(reading: bytearray) -> Any:
        seen.append(bytes(reading))
        raise StartRefused("wrong", code="WRONG_PASSWORD")

    with pytest.raises(StartRefused):
        with_any_reading(bytearray(given), attempt)
    assert len(seen) == len(set(seen)) == tries


def test_another_fault_is_not_tried_again() -> None:
    """A damaged file is a damaged file under every spelling."""
    seen: list[bytes] = []

    def attempt(reading: bytearray) -> Any:
        seen.append(bytes(reading))
        raise StartRefused("damaged", code="KEYSTORE_DAMAGED")

    with pytest.raises(StartRefused):
        with_any_reading(bytearray(DECOMPOSED), attempt)
    assert len(seen) == 1


def test_ascii_is_never_copied() -> None:
    """The caller's own object, which it wipes, goes through."""
    given = bytearray(ASCII)
    assert with_any_reading(given, lambda reading: reading) is given
    assert as_sealed(given) == ASCII


@pytest.mark.parametrize("kind", [KeyFormat.WAIAAS, KeyFormat.ETHEREUM])
def test_a_passphrase_of_a_key_file_is_a_text_too(kind: KeyFormat) -> None:
    """A file written with one spelling is read with another."""
    with Desk() as desk:
        desk.secret.view[:32] = bytes(range(1, 33))
        key = desk.hold(Scheme.ECDSA_SECP256K1, "keystore", "evm", "0x" + "1" * 40)
        text = write_key_file(desk, key, kind, bytearray(DECOMPOSED), CHEAP)
        assert read_key_file(desk, text, bytearray(COMPOSED)).public_key == key.public_key
