"""The two file formats: what comes back, and what a decoder rejects."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waiaas.errors import StartRefused
from waiaas.interfaces.signing import Scheme
from waiaas.keystore import sodium
from waiaas.keystore.argon import ArgonParams
from waiaas.keystore.records import (
    PUBLIC_KEY_BYTES,
    KeyHeader,
    KeyRecord,
    MasterRecord,
    decode_key,
    decode_master,
    encode_key,
    encode_master,
    parse_object,
)

HEADER = KeyHeader(
    agent_id="0190a0b0-0000-7000-8000-000000000001",
    chain="solana",
    chain_id="solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1",
    scheme=Scheme.ED25519,
    public_key="ab" * 32,
    address="So11111111111111111111111111111111111111112",
    created_at=1_700_000_000,
)
KEY = KeyRecord(header=HEADER, nonce=bytes(24), ciphertext=bytes(48))
MASTER = MasterRecord(
    params=ArgonParams(),
    salt=bytes(16),
    check=bytes(32),
    created_at=1_700_000_000,
    nonce=bytes(24),
    ciphertext=bytes(48),
)

WRONG_VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    1.0,
    float("nan"),
    float("inf"),
    2**53,
    "",
    "zz",
    "AB" * 32,
    "x" * 10_000,
    [],
    {},
    "０",
]

#: Of these, what is well-formed in one field all the same.
RIGHT_HERE = [("created_at", 0), ("address", "zz"), ("address", "AB" * 32), ("chain", "zz")]

uuids = st.uuids().map(str)
printable = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=256)


@given(st.builds(tuple, st.tuples(uuids, printable, st.sampled_from(Scheme), st.integers(0, 2**53 - 1), st.binary())))
def test_key_records_come_back(values: tuple[str, str, Scheme, int, bytes]) -> None:
    """Whatever a key record holds, its text reads back as the same record."""
    agent_id, address, scheme, created_at, noise = values
    size = PUBLIC_KEY_BYTES[scheme]
    header = KeyHeader(
        agent_id=agent_id,
        chain="some-chain",
        chain_id="eip155:1",
        scheme=scheme,
        public_key=noise[:size].ljust(size, b"\1").hex(),
        address=address,
        created_at=created_at,
    )
    record = KeyRecord(header=header, nonce=noise[:24].ljust(24, b"\2"), ciphertext=noise[:48].ljust(48, b"\3"))
    assert decode_key(encode_key(record), "x.json") == record


def test_master_record_comes_back() -> None:
    """A master record's text reads back as the same record."""
    assert decode_master(encode_master(MASTER, sodium.blake2b_256), "master.json", sodium.blake2b_256) == MASTER


def test_canonical_bytes_are_fixed() -> None:
    """The authenticated bytes are exactly these, for ever: a change would make every existing key unreadable."""
    assert HEADER.canonical() == (
        b"waiaas/agent-key/v1\0"
        b'{"address":"So11111111111111111111111111111111111111112","agent_id":"0190a0b0-0000-7000-8000-000000000001",'
        b'"chain":"solana","chain_id":"solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1","created_at":1700000000,'
        b'"public_key":"' + b"ab" * 32 + b'","scheme":"ed25519","version":1}'
    )
    assert MASTER.canonical() == (
        b"waiaas/master/v1\0"
        b'{"check":"' + b"00" * 32 + b'","created_at":1700000000,"kdf":"argon2id","memory_kib":65536,"parallelism":4,'
        b'"salt":"' + b"00" * 16 + b'","time":3,"version":1}'
    )


def wrong_values(field: str) -> list[Any]:
    return [value for value in WRONG_VALUES if (field, value) not in RIGHT_HERE]


def remake_key(without: str = "", **changes: Any) -> bytes:
    document = {**json.loads(encode_key(KEY)), **changes}
    document.pop(without, None)
    return json.dumps(document).encode()


def remake_master(*, without: str = "", **changes: Any) -> bytes:
    document = {**json.loads(encode_master(MASTER, sodium.blake2b_256)), **changes}
    document.pop(without, None)
    del document["checksum"]
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    return json.dumps({**document, "checksum": sodium.blake2b_256(canonical).hex()}).encode()


def refuses_key(text: bytes) -> bool:
    with pytest.raises(StartRefused) as caught:
        decode_key(text, "x.json")
    return caught.value.code == "KEYSTORE_DAMAGED" and "keystore/x.json" in caught.value.message


def refuses_master(text: bytes) -> bool:
    with pytest.raises(StartRefused) as caught:
        decode_master(text, "master.json", sodium.blake2b_256)
    return caught.value.code == "KEYSTORE_DAMAGED" and "keystore/master.json" in caught.value.message


@pytest.mark.parametrize("field", sorted(json.loads(encode_key(KEY))))
def test_malformed_key_fields(field: str) -> None:
    """A missing, mistyped or out-of-range value in any field of a key file is damage."""
    for value in wrong_values(field):
        assert refuses_key(remake_key(**{field: value})), value
    assert refuses_key(remake_key(without=field))


@pytest.mark.parametrize("field", sorted(set(json.loads(encode_master(MASTER, sodium.blake2b_256))) - {"checksum"}))
def test_malformed_master_fields(field: str) -> None:
    """The same of master.json, even when its checksum was made to match."""
    for value in wrong_values(field):
        assert refuses_master(remake_master(**{field: value})), value
    assert refuses_master(remake_master(without=field))


def test_unknown_fields() -> None:
    """A field that nobody knows is damage, in both files."""
    assert refuses_key(remake_key(more=1))
    assert refuses_master(remake_master(more=1))


def test_broken_checksum() -> None:
    """A master.json whose checksum does not match is damaged, before any password is tried."""
    text = encode_master(MASTER, sodium.blake2b_256).replace(b'"time": 3', b'"time": 2')
    assert refuses_master(text)


@pytest.mark.parametrize(
    ("name", "low", "high"), [("memory_kib", 32768, 1048576), ("time", 1, 20), ("parallelism", 1, 16)]
)
def test_argon_limits(name: str, low: int, high: int) -> None:
    """Nobody can have a reader spend more, or trust less, than the limits of the parameters."""
    for value in (low - 1, high + 1):
        with pytest.raises(ValueError, match=name):
            ArgonParams(**{name: value})
        assert refuses_master(remake_master(without="", **{name: value}))
    ArgonParams(**{name: low})
    ArgonParams(**{name: high})


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"\xff\xfe",
        b"[" * 8000,
        b'{"a": NaN}',
        encode_key(KEY).replace(b'"version": 1', b'"version": 1, "version": 1'),
        encode_key(KEY).replace(b'"version": 1', b'"version": 1.0'),
        encode_key(KEY) + b"{}",
    ],
)
def test_what_is_no_document(text: bytes) -> None:
    """Text that is not one object with each key once and integers for numbers is damage."""
    assert refuses_key(text)
    assert refuses_master(text)


@given(st.binary(max_size=400))
def test_noise_is_damage(noise: bytes) -> None:
    """No bytes make the decoders fail in any other way."""
    assert refuses_key(noise)
    assert refuses_master(noise)


@given(st.integers(0, len(encode_key(KEY)) - 1), st.integers(0, 255))
def test_flipped_bytes(at: int, byte: int) -> None:
    """A key file with one byte changed is refused, or reads as a record whose authenticated bytes or seal differ."""
    text = bytearray(encode_key(KEY))
    text[at] = byte
    try:
        record = decode_key(bytes(text), "x.json")
    except StartRefused:
        return
    is_same = record == KEY
    assert not is_same or json.loads(text) == json.loads(encode_key(KEY))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_json_is_utf8_and_nothing_else(encoding: str) -> None:
    """No other reader has to guess an encoding: what one reads another reads."""
    assert parse_object(b'{"a":1}') == {"a": 1}
    with pytest.raises(ValueError, match=r"."):
        parse_object('{"a":1}'.encode(encoding))
