"""The chunks of a backup: whatever is done to them, they do not open; the whole of them opens to what was sealed."""

import os
from collections.abc import Iterator
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt

from tests.keystore.conftest import PASSWORD
from waiaas.errors import StartRefused
from waiaas.keystore.backup_cipher import (
    CHUNK_BYTES,
    backup_key,
    file_key,
    open_chunks,
    seal_chunks,
    sealed_bytes,
)
from waiaas.keystore.client import SignerClient

KEY = bytes(range(32))
BOUND = b"what it is bound to"
SEALED = CHUNK_BYTES + 16
LENGTHS = [1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 17]


def sealed(payload: bytes, piece: int = 50_000) -> bytes:
    pieces = (payload[at : at + piece] for at in range(0, len(payload), piece))
    return b"".join(seal_chunks(KEY, BOUND, len(payload), pieces))


def opened(text: bytes, size: int, key: bytes = KEY, bound: bytes = BOUND) -> bytes:
    return b"".join(open_chunks(key, bound, size, BytesIO(text).read))


@pytest.mark.parametrize("size", LENGTHS)
@pytest.mark.parametrize("piece", [1000, CHUNK_BYTES, 1_000_000])
def test_what_was_sealed_opens(size: int, piece: int) -> None:
    """Every length around a chunk's, in pieces of any length, comes out as it went in, and is as long as was promised."""
    payload = os.urandom(size)
    text = sealed(payload, piece)
    assert len(text) == sealed_bytes(size)
    assert opened(text, size) == payload


def test_the_documented_nonce_opens_each_chunk() -> None:
    """15 zeros, the number in 8 bytes, 1 for the last: with that and nothing else a chunk opens by PyNaCl alone."""
    payload = os.urandom(2 * CHUNK_BYTES + 5)
    text = sealed(payload)
    for number, is_last in ((0, 0), (1, 0), (2, 1)):
        nonce = bytes(15) + number.to_bytes(8, "big") + bytes([is_last])
        chunk = text[number * SEALED : (number + 1) * SEALED]
        plain = crypto_aead_xchacha20poly1305_ietf_decrypt(chunk, BOUND, nonce, KEY)
        assert plain == payload[number * CHUNK_BYTES : (number + 1) * CHUNK_BYTES]


def _tampered(text: bytes) -> Iterator[tuple[str, bytes]]:
    one, two, three, end = text[:SEALED], text[SEALED : 2 * SEALED], text[2 * SEALED : 3 * SEALED], text[3 * SEALED :]
    yield "exchanged", two + one + three + end
    yield "repeated", one + one + three + end
    yield "left out", one + three + end
    yield "the last left out", one + two + three
    yield "the last cut", text[:-1]
    yield "a bit of a tag", text[:-1] + bytes([text[-1] ^ 1])
    yield "nothing", b""


@pytest.mark.parametrize(
    "what", ["exchanged", "repeated", "left out", "the last left out", "the last cut", "a bit of a tag"]
)
def test_no_chunk_opens_in_another_place(what: str) -> None:
    """Chunks that changed places, went missing or were cut do not open; the error says that the backup is damaged."""
    payload = os.urandom(3 * CHUNK_BYTES + 100)
    with pytest.raises(StartRefused) as caught:
        opened(dict(_tampered(sealed(payload)))[what], len(payload))
    assert caught.value.code == "BACKUP_DAMAGED"


def test_a_shorter_payload_cannot_be_claimed() -> None:
    """Whole chunks cut off at the end do not make a shorter backup: no chunk but the last opens as the last."""
    payload = os.urandom(3 * CHUNK_BYTES)
    text = sealed(payload)
    for chunks in (1, 2):
        with pytest.raises(StartRefused):
            opened(text[: chunks * SEALED], chunks * CHUNK_BYTES)


@settings(max_examples=60, deadline=None)
@given(st.integers(min_value=0, max_value=sealed_bytes(CHUNK_BYTES + 40) - 1), st.integers(min_value=0, max_value=7))
def test_no_flipped_bit_passes(at: int, bit: int) -> None:
    """One bit anywhere, and nothing of that chunk comes out."""
    payload = bytes(CHUNK_BYTES + 40)
    text = bytearray(sealed(payload))
    text[at] ^= 1 << bit
    with pytest.raises(StartRefused):
        opened(bytes(text), len(payload))


def test_another_key_or_header_opens_nothing() -> None:
    """Chunks are bound to their file's key and to everything that stands before them."""
    text = sealed(b"hello")
    for wrong in ({"key": bytes(32)}, {"bound": b"something else"}):
        with pytest.raises(StartRefused):
            opened(text, 5, **wrong)


@pytest.mark.parametrize("real", [0, 3, 99, 101, CHUNK_BYTES + 1])
def test_a_file_that_changes_under_the_copy_ends_the_backup(real: int) -> None:
    """More or fewer bytes than were announced is an error, never a backup that pretends."""
    with pytest.raises(ValueError, match="changed its length"):
        list(seal_chunks(KEY, BOUND, 100, [bytes(real)]))


def test_each_file_has_its_own_key() -> None:
    """Another salt gives another key, since chunk numbers are the nonces."""
    assert file_key(KEY, bytes(32)) != file_key(KEY, b"\1" + bytes(31))


def test_the_password_gives_the_key_that_the_signer_gives(signer: SignerClient) -> None:
    """What the daemon seals under its signer's subkey, the password alone opens."""
    master = (signer._keystore / "master.json").read_bytes()
    assert backup_key(master, bytearray(PASSWORD)) == signer.subkey("backups")
    with pytest.raises(StartRefused) as caught:
        backup_key(master, bytearray(b"another password"))
    assert caught.value.code == "WRONG_PASSWORD"
