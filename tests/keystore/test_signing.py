"""Signing through the client: which key, which file, which epoch, and many at once."""

import json
import shutil
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nacl.signing
import pytest

from waiaas.errors import BadRequest, Denied, NotFound, StartRefused, Stopped
from waiaas.interfaces.signing import Hash, Scheme
from waiaas.keystore.checkpoints import is_checkpoint
from waiaas.keystore.client import SignerClient
from waiaas.keystore.master import ArgonParams, create_master
from waiaas.keystore.records import KeyHeader

NewAgent = Callable[[Scheme, str], KeyHeader]

PREIMAGE = b"some bytes of a transaction"


def sign(
    signer: SignerClient, agent_id: str, preimage: bytes = PREIMAGE, epoch: int = 0, kind: str = "tx.other"
) -> bytes:
    return signer.sign(agent_id=agent_id, kind=kind, preimage=preimage, hash=Hash.SHA256, stop_epoch=epoch)


def test_other_chains_are_refused(signer: SignerClient, new_agent: NewAgent) -> None:
    """A key signs kinds of its own chain alone: the chain in its authenticated header, not in the request."""
    header = new_agent(Scheme.ECDSA_SECP256K1, "evm")
    for kind in ("tx.other", "tx.solana", "msg.solana", "tx", "nonsense"):
        with pytest.raises(Denied) as caught:
            sign(signer, header.agent_id, kind=kind)
        assert caught.value.code == "FORBIDDEN"


def test_missing_key(signer: SignerClient) -> None:
    """An agent without a key file is an error that names the file; an id that is no id names nothing."""
    agent_id = str(uuid.uuid4())
    with pytest.raises(StartRefused, match=agent_id) as caught:
        sign(signer, agent_id)
    assert caught.value.code == "KEYSTORE_DAMAGED"
    for strange in ("../master", "master", "", "é", "x" * 1000):
        with pytest.raises((NotFound, BadRequest)):
            sign(signer, strange)


EDITS: dict[str, Callable[[str], Any]] = {
    "version": lambda value: 2,
    "agent_id": lambda value: str(uuid.uuid4()),
    "chain": lambda value: "evm",
    "chain_id": lambda value: "eip155:1",
    "scheme": lambda value: "bip340-secp256k1",
    "public_key": lambda value: "00" + value[2:],
    "address": lambda value: value + "x",
    "created_at": lambda value: 1,
    "nonce": lambda value: "00" * 24,
    "ciphertext": lambda value: f"{int(value[0], 16) ^ 1:x}{value[1:]}",
}


def test_edited_files_do_not_open(keystore: Path, signer: SignerClient, new_agent: NewAgent) -> None:
    """An edit of any single field of a key file is found and the file named; put back, it works again."""
    header = new_agent(Scheme.ED25519, "other")
    path = keystore / f"{header.agent_id}.json"
    good = path.read_bytes()
    assert EDITS.keys() == json.loads(good).keys()
    for field, edit in EDITS.items():
        document = json.loads(good)
        path.write_text(json.dumps({**document, field: edit(document[field])}))
        with pytest.raises(StartRefused, match=f"keystore/{path.name}") as caught:
            sign(signer, header.agent_id)
        assert caught.value.code == "KEYSTORE_DAMAGED", field
    path.write_bytes(good)
    assert sign(signer, header.agent_id)


def test_swapped_files_do_not_open(keystore: Path, signer: SignerClient, new_agent: NewAgent) -> None:
    """One agent's file under another's name is found, also when the name inside was changed to match."""
    mine, theirs = new_agent(Scheme.ED25519, "other"), new_agent(Scheme.ED25519, "other")
    path = keystore / f"{mine.agent_id}.json"
    shutil.copy(keystore / f"{theirs.agent_id}.json", path)
    with pytest.raises(StartRefused, match=theirs.agent_id):
        sign(signer, mine.agent_id)
    path.write_text(path.read_text().replace(theirs.agent_id, mine.agent_id))
    with pytest.raises(StartRefused, match=path.name):
        sign(signer, mine.agent_id)
    assert sign(signer, theirs.agent_id)


def test_another_keystores_file_does_not_open(
    tmp_path: Path, keystore: Path, signer: SignerClient, new_agent: NewAgent, password: bytearray
) -> None:
    """A key sealed under another data key does not open, though password and header are the same."""
    header = new_agent(Scheme.ED25519, "other")
    create_master(tmp_path / "second", password, ArgonParams(memory_kib=32768, time=1, parallelism=1))
    shutil.copy(keystore / f"{header.agent_id}.json", tmp_path / "second")
    second = SignerClient.start(tmp_path / "second")
    try:
        second.unlock(password)
        with pytest.raises(StartRefused, match=header.agent_id):
            sign(second, header.agent_id)
    finally:
        second.close()


def test_unsafe_key_files(keystore: Path, signer: SignerClient, new_agent: NewAgent) -> None:
    """A key file that others can reach, or that is a link, is not used."""
    header = new_agent(Scheme.ED25519, "other")
    path = keystore / f"{header.agent_id}.json"
    path.chmod(0o644)
    with pytest.raises(StartRefused) as caught:
        sign(signer, header.agent_id)
    assert caught.value.code == "DATA_DIR_UNSAFE"
    path.chmod(0o600)
    path.rename(keystore / "elsewhere.json")
    path.symlink_to("elsewhere.json")
    with pytest.raises(StartRefused) as caught:
        sign(signer, header.agent_id)
    assert caught.value.code == "DATA_DIR_UNSAFE"


def test_stop_epoch(signer: SignerClient, new_agent: NewAgent) -> None:
    """What was judged before a stop is not signed after it; the epoch never goes back."""
    header = new_agent(Scheme.ED25519, "other")
    assert sign(signer, header.agent_id, epoch=0)
    signer.raise_stop_epoch(5)
    signer.raise_stop_epoch(3)
    for epoch in (0, 4):
        with pytest.raises(Stopped) as caught:
            sign(signer, header.agent_id, epoch=epoch)
        assert caught.value.code == "KILL_SWITCH"
    assert sign(signer, header.agent_id, epoch=5)
    assert sign(signer, header.agent_id, epoch=6)


def test_stop_epoch_while_locked(locked: SignerClient, password: bytearray) -> None:
    """A stop can be ordered while the signer is locked, and holds when it is unlocked."""
    locked.raise_stop_epoch(1)
    locked.unlock(password)
    with pytest.raises(Stopped):
        sign(locked, str(uuid.uuid4()))


def test_subkeys(signer: SignerClient, keystore: Path, password: bytearray) -> None:
    """Each purpose has its own 32 bytes, the same in every process; no other purpose has any."""
    purposes = ("row-macs", "channel-configs", "backups", "audit-head")
    first = [signer.subkey(purpose) for purpose in purposes]
    assert len(set(first)) == 4
    assert {len(subkey) for subkey in first} == {32}
    other = SignerClient.start(keystore)
    try:
        other.unlock(password)
        assert [other.subkey(purpose) for purpose in purposes] == first
    finally:
        other.close()
    for purpose in ("", "agent-keys", "waiaas.keys.v1", "checkpoints", "data-key", "é"):
        with pytest.raises((Denied, BadRequest)):
            signer.subkey(purpose)


def test_checkpoints(signer: SignerClient) -> None:
    """A checkpoint is repeatable, differs for every head, and its key is none of those that the daemon can have."""
    head = ("0199aaaa-0000-7000-8000-000000000001", 7, "ab" * 32)
    key, one = signer.checkpoint(*head)
    assert (key, one) == signer.checkpoint(*head)
    assert signer.checkpoint(head[0], 8, head[2]) == (key, signer.checkpoint(head[0], 8, head[2])[1])
    others = [signer.checkpoint("another", 7, head[2]), signer.checkpoint(head[0], 8, head[2])]
    others.append(signer.checkpoint(head[0], 7, "cd" * 32))
    assert len({one, *(signature for _, signature in others)}) == 4
    for purpose in ("row-macs", "channel-configs", "backups", "audit-head"):
        subkey = signer.subkey(purpose)
        assert key != subkey
        assert bytes(nacl.signing.SigningKey(subkey).verify_key) != key


def test_anybody_with_the_public_key_can_check_a_checkpoint(signer: SignerClient) -> None:
    """The documented bytes, put together by hand, verify under the public key (RFC 8032); any other value does not."""
    key, signature = signer.checkpoint("instance-1", 41, "ab" * 32)
    message = b'waiaas/audit-checkpoint/v1\0{"audit_hash":"%s","audit_id":41,"instance_id":"instance-1"}' % (b"ab" * 32)
    nacl.signing.VerifyKey(key).verify(message, signature)
    values = {"instance_id": "instance-1", "audit_id": 41, "audit_hash": "ab" * 32}
    assert is_checkpoint(**values, public_key=key.hex(), signature=signature.hex())  # type: ignore[arg-type]
    for name, other in (("instance_id", "instance-2"), ("audit_id", 42), ("audit_hash", "ac" * 32)):
        changed = {**values, name: other}
        assert not is_checkpoint(**changed, public_key=key.hex(), signature=signature.hex())  # type: ignore[arg-type]
    assert not is_checkpoint(**values, public_key="00" * 32, signature=signature.hex())  # type: ignore[arg-type]
    assert not is_checkpoint(**values, public_key=key.hex(), signature="zz")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "head", [("", 1, "ab" * 32), ("x" * 65, 1, "ab" * 32), ("i", 0, "ab" * 32), ("i", 1, "AB" * 32), ("i", 1, "ab")]
)
def test_what_is_no_audit_head_is_not_signed(signer: SignerClient, head: tuple[str, int, str]) -> None:
    """The signer puts the message together itself, from values of their own form alone."""
    with pytest.raises(BadRequest):
        signer.checkpoint(*head)


def test_concurrent_signatures(signer: SignerClient, new_agent: NewAgent) -> None:
    """Requests of many threads are each answered with their own signature."""
    agents = [new_agent(scheme, "other") for scheme in Scheme]
    expected = {(a.agent_id, n): sign(signer, a.agent_id, bytes([n])) for a in agents for n in range(1, 20)}

    def check(job: tuple[str, int]) -> bool:
        agent_id, number = job
        return sign(signer, agent_id, bytes([number])) == expected[job]

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(check, list(expected) * 10))


def test_oversized_preimage(signer: SignerClient, new_agent: NewAgent) -> None:
    """A preimage beyond the protocol's limit is refused before it is sent; one just below is signed."""
    header = new_agent(Scheme.ED25519, "other")
    with pytest.raises(BadRequest):
        sign(signer, header.agent_id, bytes(160 * 1024))
    assert sign(signer, header.agent_id, b"x" * (159 * 1024))
