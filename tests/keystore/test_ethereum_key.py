"""Ethereum keystores of version 3: the definition's own vectors, what we write, what is refused before it costs anything."""

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from waiaas.errors import BadRequest, StartRefused
from waiaas.interfaces.signing import Scheme
from waiaas.keystore import ethereum_key
from waiaas.keystore.desk import Desk, HeldKey
from waiaas.keystore.key_files import read_key_file

PASSPHRASE = b"lighthouse-Banjo 71 thimble"
V3 = json.loads((Path(__file__).parents[1] / "vectors/keystore_v3.json").read_text())
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def passphrase() -> bytearray:
    return bytearray(PASSPHRASE)


def put(desk: Desk, secret: bytes, scheme: Scheme, chain: str) -> HeldKey:
    desk.secret.view[:] = secret
    return desk.hold(scheme, "keystore", chain, "address-of-the-agent")


def taken_up(desk: Desk, text: bytes, word: bytes = PASSPHRASE) -> bytes:
    """The secret that reading a file puts onto the desk."""
    desk.secret.wipe()
    read_key_file(desk, text, bytearray(word))
    return bytes(desk.secret.view)


@pytest.mark.parametrize("kdf", ["pbkdf2", "scrypt"])
def test_the_definitions_own_vectors(desk: Desk, kdf: str) -> None:
    """Both files of the Web3 Secret Storage Definition open to the key and the address that it states."""
    text = json.dumps(V3["files"][kdf]).encode()
    key = read_key_file(desk, text, bytearray(V3["passphrase"].encode()))
    assert bytes(desk.secret.view).hex() == V3["secret"]
    assert (key.scheme, key.chain, key.address) == (Scheme.ECDSA_SECP256K1, "evm", V3["address"])


def test_a_keystore_that_we_write(desk: Desk) -> None:
    """A written keystore opens again, names its address in lower case, and its counter has all 16 bytes."""
    secret = bytes.fromhex(V3["secret"])
    text = ethereum_key.encode(put(desk, secret, Scheme.ECDSA_SECP256K1, "evm"), passphrase(), work=4)
    document = json.loads(text)
    assert "0x" + document["address"] == V3["address"]
    assert len(document["crypto"]["cipherparams"]["iv"]) == 32
    assert taken_up(desk, text) == secret


def test_a_wrong_passphrase_is_told(desk: Desk) -> None:
    """Another passphrase, or an edited ciphertext, opens nothing and is named so."""
    key = put(desk, bytes.fromhex(V3["secret"]), Scheme.ECDSA_SECP256K1, "evm")
    document = json.loads(ethereum_key.encode(key, passphrase(), work=4))
    for word in (b"another", PASSPHRASE[:-1]):
        with pytest.raises(StartRefused) as wrong:
            taken_up(desk, json.dumps(document).encode(), word)
        assert wrong.value.code == "WRONG_PASSWORD"
    document["crypto"]["ciphertext"] = "00" * 32
    with pytest.raises(StartRefused):
        taken_up(desk, json.dumps(document).encode())


def test_another_address_is_refused(desk: Desk) -> None:
    """A file whose address is not its key's is refused; one without address, or with 0x, is taken."""
    key = put(desk, bytes.fromhex(V3["secret"]), Scheme.ECDSA_SECP256K1, "evm")
    document = json.loads(ethereum_key.encode(key, passphrase(), work=4))
    for address in (None, V3["address"], V3["address"].upper().replace("0X", "")):
        given_ = {**document, "address": address} if address else {k: v for k, v in document.items() if k != "address"}
        assert taken_up(desk, json.dumps(given_).encode()).hex() == V3["secret"]
    with pytest.raises(BadRequest, match="address"):
        taken_up(desk, json.dumps({**document, "address": "00" * 20}).encode())


@pytest.mark.parametrize("number", [0, ORDER, ORDER + 1, 2**256 - 1])
def test_no_key_of_the_curve(desk: Desk, number: int) -> None:
    """Zero and numbers from the curve's order on are refused, however well they are encrypted."""
    from eth_keyfile.keyfile import encrypt_aes_ctr
    from eth_utils.crypto import keccak

    document = copy.deepcopy(V3["files"]["pbkdf2"])
    crypto = document["crypto"]
    crypto["kdfparams"]["c"] = 1
    salt = bytes.fromhex(crypto["kdfparams"]["salt"])
    derived = hashlib.pbkdf2_hmac("sha256", PASSPHRASE, salt, 1, 32)
    sealed = encrypt_aes_ctr(number.to_bytes(32), derived[:16], int(crypto["cipherparams"]["iv"], 16))
    crypto |= {"ciphertext": sealed.hex(), "mac": keccak(derived[16:32] + sealed).hex()}
    with pytest.raises(BadRequest, match="zero or too large"):
        taken_up(desk, json.dumps(document).encode())


def edited(path: str, value: Any) -> bytes:
    document = copy.deepcopy(V3["files"]["scrypt"])
    *parents, last = path.split(".")
    part = document
    for name in parents:
        part = part[name]
    if value is None:
        del part[last]
    else:
        part[last] = value
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("version", 4),
        ("version", "3"),
        ("version", True),
        ("version", None),
        ("crypto", []),
        ("crypto.cipher", "aes-256-ctr"),
        ("crypto.cipher", None),
        ("crypto.cipherparams", None),
        ("crypto.cipherparams.iv", "00" * 17),
        ("crypto.cipherparams.iv", "zz"),
        ("crypto.ciphertext", "00" * 31),
        ("crypto.ciphertext", "00" * 33),
        ("crypto.ciphertext", 7),
        ("crypto.mac", "00" * 31),
        ("crypto.mac", None),
        ("crypto.kdf", "argon2"),
        ("crypto.kdf", None),
        ("crypto.kdf", "pbkdf2"),
        ("crypto.kdfparams", None),
        ("crypto.kdfparams.salt", ""),
        ("crypto.kdfparams.dklen", 16),
        ("crypto.kdfparams.dklen", 64),
        ("crypto.kdfparams.n", 3),
        ("crypto.kdfparams.n", 0),
        ("crypto.kdfparams.n", 1),
        ("crypto.kdfparams.n", 2**25),
        ("crypto.kdfparams.n", 2**24),
        ("crypto.kdfparams.n", 1024.0),
        ("crypto.kdfparams.r", 0),
        ("crypto.kdfparams.r", 64),
        ("crypto.kdfparams.p", 65),
        ("crypto.kdfparams.p", None),
    ],
)
def test_what_a_keystore_may_not_be(desk: Desk, monkeypatch: pytest.MonkeyPatch, path: str, value: Any) -> None:
    """A malformed, unknown or too costly keystore is refused before any key is derived."""
    from eth_keyfile import keyfile

    def derive(*arguments: Any, **named: Any) -> bytes:
        raise AssertionError("a key was derived")

    monkeypatch.setattr(keyfile, "_scrypt_hash", derive)
    monkeypatch.setattr(keyfile, "_pbkdf2_hash", derive)
    with pytest.raises(BadRequest):
        ethereum_key.decode(desk, edited(path, value), passphrase())


def test_costly_rounds(desk: Desk) -> None:
    """PBKDF2 with more than ten million rounds or another hash is refused."""
    document = copy.deepcopy(V3["files"]["pbkdf2"])
    for name, value in (("c", 10_000_001), ("c", 0), ("prf", "hmac-sha1")):
        worse = copy.deepcopy(document)
        worse["crypto"]["kdfparams"][name] = value
        with pytest.raises(BadRequest):
            ethereum_key.decode(desk, json.dumps(worse).encode(), passphrase())


def test_doubled_names(desk: Desk) -> None:
    """Names that differ in case alone make a keystore ambiguous, and it is refused."""
    text = json.dumps(V3["files"]["scrypt"])[:-1] + ', "Crypto": {}}'
    with pytest.raises(BadRequest, match="duplicate"):
        ethereum_key.decode(desk, text.encode(), passphrase())
