"""Imports and notes: what a command seals, what the signer adopts of it, and what is refused."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from uuid6 import uuid7

from waiaas.errors import BadRequest, Conflict, Denied, NotFound, StartRefused
from waiaas.interfaces.signing import Hash, Scheme
from waiaas.keystore import imports, notes
from waiaas.keystore.client import SignerClient
from waiaas.keystore.desk import Desk, HeldKey
from waiaas.keystore.opened import locked as hold_lock
from waiaas.keystore.opened import opened
from waiaas.keystore.records import KeyHeader

SECRET = bytes(range(1, 33))


def held(desk: Desk, scheme: Scheme = Scheme.ED25519, secret: bytes = SECRET) -> HeldKey:
    desk.secret.view[:] = secret
    return desk.hold(scheme, "solana", "solana")


Sealed = Callable[..., str]


@pytest.fixture
def sealed(keystore: Path, desk: Desk, password: bytearray) -> Sealed:
    """Seals a key as an import; gives the agent's id to be."""

    def seal(scheme: Scheme = Scheme.ED25519, secret: bytes = SECRET, **wish: str) -> str:
        with opened(keystore, desk, password) as command:
            key = held(desk, scheme, secret)
            return command.seal(key, **{"name": "bob", "chain": "solana", "network": "devnet", **wish})

    return seal


def header_of(text: bytes, agent_id: str, **changes: Any) -> KeyHeader:
    record = imports.decode_import(text, agent_id)
    header = KeyHeader(
        agent_id=agent_id,
        chain=record.chain,
        chain_id="test:chain",
        scheme=record.scheme,
        public_key=record.public_key,
        address="address",
        created_at=record.created_at,
    )
    return dataclasses.replace(header, **changes)


def text_of(keystore: Path, agent_id: str) -> bytes:
    return (keystore / imports.file_name(agent_id)).read_bytes()


def test_an_import_is_private_and_sealed(keystore: Path, sealed: Sealed) -> None:
    """The file has mode 0600, says who and where in clear, and the key nowhere."""
    agent_id = sealed()
    path = keystore / imports.file_name(agent_id)
    assert path.stat().st_mode & 0o777 == 0o600
    document = json.loads(path.read_bytes())
    assert (document["name"], document["chain"], document["network"]) == ("bob", "solana", "devnet")
    assert SECRET.hex() not in path.read_text()


@pytest.mark.parametrize("scheme", list(Scheme), ids=lambda scheme: scheme.value)
def test_the_signer_adopts(keystore: Path, sealed: Sealed, signer: SignerClient, scheme: Scheme) -> None:
    """An adopted key signs; adopting it again changes nothing."""
    agent_id = sealed(scheme, chain="other")
    text = text_of(keystore, agent_id)
    signer.adopt(text, header_of(text, agent_id))
    file = (keystore / f"{agent_id}.json").read_bytes()
    signer.adopt(text, header_of(text, agent_id))
    assert (keystore / f"{agent_id}.json").read_bytes() == file
    hash_ = Hash.NONE if scheme is Scheme.ED25519 else Hash.SHA256
    signature = signer.sign(agent_id=agent_id, kind="tx.other", preimage=b"hello", hash=hash_, stop_epoch=0)
    assert len(signature) == (65 if scheme is Scheme.ECDSA_SECP256K1 else 64)


@pytest.mark.parametrize(
    "changes",
    [
        {"chain": "evm"},
        {"public_key": "00" * 32},
        {"created_at": 1},
        {"scheme": Scheme.BIP340_SECP256K1},
    ],
    ids=str,
)
def test_a_header_of_another_key(keystore: Path, sealed: Sealed, signer: SignerClient, changes: dict[str, Any]) -> None:
    """A header that does not describe the import is refused, and writes no file."""
    agent_id = sealed()
    text = text_of(keystore, agent_id)
    with pytest.raises(Denied):
        signer.adopt(text, header_of(text, agent_id, **changes))
    assert not (keystore / f"{agent_id}.json").exists()


def test_a_public_key_that_is_not_the_keys_own(
    keystore: Path, desk: Desk, password: bytearray, signer: SignerClient
) -> None:
    """Even a command of ours that states a wrong public key gets no key file: signing with it would give the key away."""
    with opened(keystore, desk, password) as command:
        wrong = dataclasses.replace(held(desk), public_key=bytes(32))
        agent_id = command.seal(wrong, name="bob", chain="solana", network="devnet")
    text = text_of(keystore, agent_id)
    with pytest.raises(Denied):
        signer.adopt(text, header_of(text, agent_id))
    assert not (keystore / f"{agent_id}.json").exists()


FIELDS: dict[str, Any] = {
    "version": 2,
    "agent_id": "01890000-0000-7000-8000-000000000000",
    "name": "mallory",
    "chain": "evm",
    "network": "mainnet",
    "scheme": "bip340-secp256k1",
    "public_key": "00" * 32,
    "source": "waiaas",
    "created_at": 1,
    "nonce": "00" * 24,
    "ciphertext": "00" * 48,
}


def test_every_field_of_an_import_is_authenticated(keystore: Path, sealed: Sealed, signer: SignerClient) -> None:
    """An edit of any field, a copy under another name, or another keystore's file is refused."""
    agent_id = sealed()
    document = json.loads(text_of(keystore, agent_id))
    header = header_of(text_of(keystore, agent_id), agent_id)
    assert FIELDS.keys() == document.keys()
    for name, value in FIELDS.items():
        text = json.dumps({**document, name: value}).encode()
        with pytest.raises(StartRefused) as refused:
            signer.adopt(text, header)
        assert refused.value.code == "KEYSTORE_DAMAGED", name
    other = str(uuid7())
    with pytest.raises(StartRefused):
        signer.adopt(text_of(keystore, agent_id), dataclasses.replace(header, agent_id=other))
    assert [path.name for path in keystore.glob("*.json") if "import" not in path.name] == ["master.json"]


def test_no_key_file_is_overwritten(
    keystore: Path, sealed: Sealed, signer: SignerClient, changed: Callable[..., KeyHeader]
) -> None:
    """An agent that has another key file keeps it."""
    agent_id = sealed()
    text = text_of(keystore, agent_id)
    signer.adopt(text, header_of(text, agent_id))
    with pytest.raises(Conflict):
        signer.adopt(text, header_of(text, agent_id, address="elsewhere"))


@pytest.mark.parametrize(
    "wish",
    [{"name": ""}, {"name": "x" * 65}, {"name": "a\nb"}, {"chain": "Solana"}, {"network": "../x"}, {"network": ""}],
    ids=str,
)
def test_a_wish_that_no_file_holds(keystore: Path, sealed: Sealed, wish: dict[str, str]) -> None:
    """A name, chain or network that cannot be is refused before anything is written."""
    with pytest.raises(BadRequest):
        sealed(**wish)
    assert [path.name for path in keystore.iterdir()] == ["master.json"]


def test_export_opens_what_was_sealed(
    keystore: Path, desk: Desk, password: bytearray, put_key: Callable[..., KeyHeader]
) -> None:
    """A command with the password gets an agent's key with its chain and address, and nothing for an unknown agent."""
    header = put_key(SECRET, Scheme.ED25519, "solana")
    with opened(keystore, desk, password) as command:
        key = command.export_key(header.agent_id)
        assert bytes(desk.secret.view) == SECRET
        assert (key.chain, key.address, key.public_key.hex()) == ("solana", header.address, header.public_key)
        with pytest.raises(NotFound):
            command.export_key(str(uuid7()))
        with pytest.raises(BadRequest):
            command.export_key("../master")


def test_a_wrong_password_opens_nothing(keystore: Path, desk: Desk) -> None:
    """Commands want the master password, as everybody does."""
    with pytest.raises(StartRefused) as wrong, opened(keystore, desk, bytearray(b"guess")):
        raise AssertionError("it opened")
    assert wrong.value.code == "WRONG_PASSWORD"
    assert not any(desk.data_key.view)


def test_one_command_at_a_time(keystore: Path, desk: Desk, password: bytearray) -> None:
    """While one command works on a keystore another is refused, and the data key is gone from the desk afterwards."""
    with hold_lock(keystore), pytest.raises(StartRefused, match="another command"), opened(keystore, desk, password):
        raise AssertionError("it opened")
    with opened(keystore, desk, password):
        assert any(desk.data_key.view)
    assert not any(desk.data_key.view)


def test_a_note_verifies_under_the_subkey(
    keystore: Path, desk: Desk, password: bytearray, signer: SignerClient
) -> None:
    """The daemon can check who wrote a note; an edit of any field shows, and only known events can be noted."""
    agent_id = str(uuid7())
    with opened(keystore, desk, password) as command:
        command.note("agent.exported", agent_id, {"format": "waiaas"})
        with pytest.raises(Conflict):
            command.note("daemon.started", agent_id, {})
    (path,) = keystore.glob("*.note.json")
    assert path.stat().st_mode & 0o777 == 0o600
    note_id, key = path.name.removesuffix(notes.SUFFIX), signer.subkey(notes.PURPOSE)
    note = notes.decode_note(path.read_bytes(), note_id)
    assert note.is_from(key)
    assert (note.event, note.agent_id, note.details) == ("agent.exported", agent_id, {"format": "waiaas"})
    assert not note.is_from(bytes(32))
    edits: list[dict[str, Any]] = [{"at": 1}, {"agent_id": str(uuid7())}, {"details": {}}]
    assert not any(dataclasses.replace(note, **edit).is_from(key) for edit in edits)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"version": True},
        {"id": "x"},
        {"event": "daemon.started"},
        {"agent_id": "x"},
        {"at": -1},
        {"details": {"a": 1}},
        {"details": []},
        {"mac": "00"},
        {"more": 1},
    ],
    ids=str,
)
def test_what_a_note_may_not_be(change: dict[str, Any]) -> None:
    """A malformed note is refused by name."""
    note_id = str(uuid7())
    note = notes.Note(id=note_id, event="agent.exported", agent_id=note_id, at=1, details={}).signed(bytes(32))
    assert notes.decode_note(note.encode(), note_id) == note
    with pytest.raises(StartRefused) as refused:
        notes.decode_note(json.dumps({**json.loads(note.encode()), **change}).encode(), note_id)
    assert refused.value.code == "KEYSTORE_DAMAGED"
