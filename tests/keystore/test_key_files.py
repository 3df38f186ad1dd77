"""Files that hold one key: our own, and id.json of the Solana tools; what is refused, and how kinds are told apart."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import argon2.low_level
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt, crypto_aead_xchacha20poly1305_ietf_encrypt

from waiaas.errors import BadRequest, StartRefused, WaiaasError
from waiaas.interfaces.signing import Scheme
from waiaas.keystore import solana_key, waiaas_key
from waiaas.keystore.desk import Desk, HeldKey
from waiaas.keystore.key_files import KeyFormat, read_key_file, recognise, write_key_file
from waiaas.keystore.master import ArgonParams

CHEAP = ArgonParams(memory_kib=32768, time=1, parallelism=1)
PASSPHRASE = b"lighthouse-Banjo 71 thimble"
V3 = json.loads((Path(__file__).parents[1] / "vectors/keystore_v3.json").read_text())
# RFC 8032, 7.1, test 1
ED25519_SECRET = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
ED25519_PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")


def passphrase() -> bytearray:
    return bytearray(PASSPHRASE)


def put(desk: Desk, secret: bytes, scheme: Scheme, chain: str = "solana") -> HeldKey:
    desk.secret.view[:] = secret
    return desk.hold(scheme, "keystore", chain, "address-of-the-agent")


def taken_up(desk: Desk, text: bytes, word: bytes | None = PASSPHRASE) -> bytes:
    """The secret that reading a file puts onto the desk."""
    desk.secret.wipe()
    read_key_file(desk, text, None if word is None else bytearray(word))
    return bytes(desk.secret.view)


# --- id.json -----------------------------------------------------------------------------------------------------------


def test_id_json_both_ways(desk: Desk) -> None:
    """The key of RFC 8032's first test goes into an id.json and comes back with its public half."""
    key = put(desk, ED25519_SECRET, Scheme.ED25519)
    text = solana_key.encode(key)
    assert json.loads(text) == [*ED25519_SECRET, *ED25519_PUBLIC]
    assert taken_up(desk, text, None) == ED25519_SECRET
    assert solana_key.decode(desk, text).public_key == ED25519_PUBLIC


GOOD = [*ED25519_SECRET, *ED25519_PUBLIC]


@pytest.mark.parametrize(
    "numbers",
    [
        [],
        GOOD[:32],
        GOOD[:63],
        [*GOOD, 0],
        [256, *GOOD[1:]],
        [-1, *GOOD[1:]],
        [float(GOOD[0]), *GOOD[1:]],
        [str(GOOD[0]), *GOOD[1:]],
        [True, *GOOD[1:]],
        [None, *GOOD[1:]],
        [[GOOD[0]], *GOOD[1:]],
        [GOOD[0] ^ 1, *GOOD[1:]],
        [*GOOD[:63], GOOD[63] ^ 1],
        [0] * 64,
        {"0": GOOD},
    ],
    ids=range(15),
)
def test_what_an_id_json_may_not_be(desk: Desk, numbers: Any) -> None:
    """Anything but 64 whole numbers of a byte each, the second half being the first half's public key, is refused."""
    with pytest.raises(BadRequest):
        solana_key.decode(desk, json.dumps(numbers).encode())


# --- our own file ------------------------------------------------------------------------------------------------------

OURS = [
    (Scheme.ED25519, ED25519_SECRET),
    (Scheme.ECDSA_SECP256K1, bytes.fromhex(V3["secret"])),
    (Scheme.BIP340_SECP256K1, bytes.fromhex(V3["secret"])),
]


@pytest.mark.parametrize(("scheme", "secret"), OURS, ids=[scheme.value for scheme, _ in OURS])
def test_our_own_file_both_ways(desk: Desk, scheme: Scheme, secret: bytes) -> None:
    """A key of every scheme goes into our own file and comes back with scheme, chain, address and public key."""
    before = put(desk, secret, scheme)
    text = write_key_file(desk, before, KeyFormat.WAIAAS, passphrase(), CHEAP)
    desk.secret.wipe()
    after = read_key_file(desk, text, passphrase())
    assert bytes(desk.secret.view) == secret
    assert (after.scheme, after.public_key, after.chain, after.address) == (
        before.scheme,
        before.public_key,
        before.chain,
        before.address,
    )


def opened_by_the_page(text: bytes, word: bytes) -> bytes:
    """The key of a file, by another implementation of docs/keystore.md."""
    document = json.loads(text)
    nonce, sealed = (bytes.fromhex(document.pop(name)) for name in ("nonce", "ciphertext"))
    return crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, covered(document), nonce, wrapping(document, word))


def wrapping(document: dict[str, Any], word: bytes) -> bytes:
    stretched = argon2.low_level.hash_secret_raw(
        word,
        bytes.fromhex(document["salt"]),
        time_cost=document["time"],
        memory_cost=document["memory_kib"],
        parallelism=document["parallelism"],
        hash_len=32,
        type=argon2.low_level.Type.ID,
    )
    return hashlib.blake2b(key=stretched, digest_size=32, person=b"waiaas.expkey.v1").digest()


def covered(document: dict[str, Any]) -> bytes:
    return b"waiaas/key-file/v1\0" + json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def test_the_page_describes_the_file(desk: Desk) -> None:
    """A reader written from the page alone opens what we write."""
    key = put(desk, ED25519_SECRET, Scheme.ED25519)
    text = write_key_file(desk, key, KeyFormat.WAIAAS, passphrase(), CHEAP)
    assert opened_by_the_page(text, PASSPHRASE) == ED25519_SECRET
    assert ED25519_SECRET.hex().encode() not in text


@pytest.fixture
def ours(desk: Desk) -> dict[str, Any]:
    """One of our own files, parsed."""
    key = put(desk, ED25519_SECRET, Scheme.ED25519)
    document: dict[str, Any] = json.loads(write_key_file(desk, key, KeyFormat.WAIAAS, passphrase(), CHEAP))
    return document


def test_another_passphrase(desk: Desk, ours: dict[str, Any]) -> None:
    """Another passphrase opens nothing, and is named so."""
    for word in (PASSPHRASE + b" ", PASSPHRASE[:-1], b"x"):
        with pytest.raises(StartRefused) as wrong:
            taken_up(desk, json.dumps(ours).encode(), word)
        assert wrong.value.code == "WRONG_PASSWORD"


def flipped(text: str) -> str:
    return f"{int(text[0], 16) ^ 1:x}{text[1:]}"


EDITS: dict[str, Callable[[Any], Any]] = {
    "format": lambda value: "waiaas-keys",
    "version": lambda value: 2,
    "kdf": lambda value: "scrypt",
    "chain": lambda value: "evm",
    "scheme": lambda value: "bip340-secp256k1",
    "public_key": flipped,
    "address": lambda value: value + "x",
    "created_at": lambda value: value + 1,
    "memory_kib": lambda value: value + 1,
    "time": lambda value: value + 1,
    "parallelism": lambda value: value + 1,
    "salt": flipped,
    "nonce": flipped,
    "ciphertext": flipped,
}


def test_every_field_is_authenticated(desk: Desk, ours: dict[str, Any]) -> None:
    """An edit of any field opens nothing; there is no field without an edit here."""
    assert EDITS.keys() == ours.keys()
    for name, edit in EDITS.items():
        with pytest.raises(WaiaasError):
            taken_up(desk, json.dumps({**ours, name: edit(ours[name])}).encode())
        assert not any(desk.secret.view), name


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1},
        {"version": True},
        {"version": 1.0},
        {"memory_kib": 1024},
        {"memory_kib": 2**21},
        {"time": 0},
        {"time": 21},
        {"parallelism": 17},
        {"created_at": -1},
        {"created_at": "1"},
        {"salt": "00"},
        {"nonce": "AA" * 24},
        {"ciphertext": "00" * 47},
        {"ciphertext": None},
        {"scheme": "rsa"},
        {"scheme": []},
        {"chain": "Solana"},
        {"address": "a b"},
        {"public_key": "00" * 33},
    ],
    ids=str,
)
def test_what_our_own_file_may_not_be(
    desk: Desk, ours: dict[str, Any], monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    """A malformed file is refused before its passphrase is stretched."""

    def stretch(*arguments: Any) -> None:
        raise AssertionError("the passphrase was stretched")

    monkeypatch.setattr(waiaas_key, "argon2id_into", stretch)
    with pytest.raises(BadRequest):
        taken_up(desk, json.dumps({**ours, **change}).encode())


def test_missing_and_doubled_fields(desk: Desk, ours: dict[str, Any]) -> None:
    """A file without one of its fields, with one twice, or too long, is refused."""
    for name in ours.keys() - {"format"}:
        with pytest.raises(BadRequest):
            taken_up(desk, json.dumps({key: value for key, value in ours.items() if key != name}).encode())
    text = json.dumps(ours)
    for bad in (text[:-1] + ', "version": 1}', text + " " * 8192):
        with pytest.raises(BadRequest):
            taken_up(desk, bad.encode())


def test_a_public_key_of_another(desk: Desk, ours: dict[str, Any]) -> None:
    """Who knows the passphrase still cannot give a key another public key: signing with it would give the key away."""
    ours["public_key"] = "00" * 32
    nonce = bytes.fromhex(ours.pop("nonce"))
    ours.pop("ciphertext")
    key = wrapping(ours, PASSPHRASE)
    sealed = crypto_aead_xchacha20poly1305_ietf_encrypt(ED25519_SECRET, covered(ours), nonce, key)
    with pytest.raises(BadRequest, match="public_key"):
        taken_up(desk, json.dumps({**ours, "nonce": nonce.hex(), "ciphertext": sealed.hex()}).encode())


# --- telling them apart ------------------------------------------------------------------------------------------------


def test_kinds_are_told_apart(ours: dict[str, Any]) -> None:
    """Each kind of file is recognised by its outermost form, in whatever case Ethereum's writers spell it."""
    assert recognise(b" \n[1,2]") is KeyFormat.SOLANA
    assert recognise(json.dumps(ours).encode()) is KeyFormat.WAIAAS
    assert recognise(json.dumps(V3["files"]["scrypt"]).encode()) is KeyFormat.ETHEREUM
    assert recognise(b'{"Crypto": {}}') is KeyFormat.ETHEREUM


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_anything_else_is_refused(text: bytes) -> None:
    """Whatever a file holds, it is recognised or refused in one sentence."""
    try:
        assert recognise(text) in KeyFormat
    except BadRequest:
        return


def test_a_kind_that_cannot_hold_the_key(desk: Desk) -> None:
    """An Ethereum keystore holds no Ed25519 key, an id.json no other, and encrypted kinds want a passphrase."""
    key = put(desk, ED25519_SECRET, Scheme.ED25519)
    with pytest.raises(BadRequest, match="ed25519"):
        write_key_file(desk, key, KeyFormat.ETHEREUM, passphrase(), CHEAP)
    with pytest.raises(BadRequest, match="passphrase"):
        write_key_file(desk, key, KeyFormat.WAIAAS, None, CHEAP)
    other = put(desk, bytes.fromhex(V3["secret"]), Scheme.ECDSA_SECP256K1)
    with pytest.raises(BadRequest, match="ed25519"):
        write_key_file(desk, other, KeyFormat.SOLANA, None, CHEAP)


def test_the_desk_is_wiped(desk: Desk) -> None:
    """When a command is done with its desk, nothing is left on it."""
    put(desk, ED25519_SECRET, Scheme.ED25519)
    desk.word(passphrase())
    desk.wipe()
    assert not any(desk.secret.view)
    assert not any(desk.run.view)
