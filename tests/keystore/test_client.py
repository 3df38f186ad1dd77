"""The signer's operations through its client, with a real process behind it."""

import json
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from coincurve import PublicKey as CurveKey
from coincurve import PublicKeyXOnly
from nacl.signing import VerifyKey

from waiaas.errors import NotFound, NotReady, StartRefused
from waiaas.interfaces.signing import Hash, Scheme
from waiaas.keystore.client import SignerClient
from waiaas.keystore.hashes import HASHES
from waiaas.keystore.records import KeyHeader
from waiaas.keystore.wire import encode

NewAgent = Callable[[Scheme, str], KeyHeader]

PREIMAGE = b"some bytes of a transaction"


def sign(
    signer: SignerClient, agent_id: str, preimage: bytes = PREIMAGE, epoch: int = 0, kind: str = "tx.other"
) -> bytes:
    return signer.sign(agent_id=agent_id, kind=kind, preimage=preimage, hash=Hash.SHA256, stop_epoch=epoch)


def test_ed25519_verifies(signer: SignerClient, new_agent: NewAgent) -> None:
    """An Ed25519 signature verifies under the public key that generate gave."""
    header = new_agent(Scheme.ED25519, "other")
    made = sign(signer, header.agent_id)
    VerifyKey(bytes.fromhex(header.public_key)).verify(HASHES[Hash.SHA256](PREIMAGE), made)


def test_ecdsa_recovers(signer: SignerClient, new_agent: NewAgent) -> None:
    """From an ECDSA signature and its recovery id the public key comes back, and s is low."""
    header = new_agent(Scheme.ECDSA_SECP256K1, "other")
    for number in range(8):
        preimage = PREIMAGE + bytes([number])
        made = sign(signer, header.agent_id, preimage)
        recovered = CurveKey.from_signature_and_message(made, HASHES[Hash.SHA256](preimage), hasher=None)
        assert recovered.format().hex() == header.public_key
        assert int.from_bytes(made[32:64]) <= 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


def test_bip340_verifies(signer: SignerClient, new_agent: NewAgent) -> None:
    """A BIP-340 signature verifies under the x-only public key."""
    header = new_agent(Scheme.BIP340_SECP256K1, "other")
    made = sign(signer, header.agent_id)
    assert PublicKeyXOnly(bytes.fromhex(header.public_key)).verify(made, HASHES[Hash.SHA256](PREIMAGE))


def test_keys_differ(signer: SignerClient) -> None:
    """Every generated key is a new one, of the size its scheme says."""
    for scheme, size in ((Scheme.ED25519, 32), (Scheme.ECDSA_SECP256K1, 33), (Scheme.BIP340_SECP256K1, 32)):
        made = [signer.generate(scheme) for _ in range(3)]
        assert len({public.data for _, public in made}) == len({handle for handle, _ in made}) == 3
        assert all(public.scheme is scheme and len(public.data) == size for _, public in made)


def test_key_file(keystore: Path, new_agent: NewAgent) -> None:
    """A sealed key is one private file named after the agent, with the header in clear."""
    header = new_agent(Scheme.ED25519, "solana")
    path = keystore / f"{header.agent_id}.json"
    document = json.loads(path.read_bytes())
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(header.to_json()).items() <= document.items()
    assert sorted(entry.name for entry in keystore.iterdir()) == sorted(["master.json", path.name])


def test_key_survives_the_process(
    keystore: Path, new_agent: NewAgent, signer: SignerClient, password: bytearray
) -> None:
    """Another signer process of the same keystore signs the same bytes alike."""
    header = new_agent(Scheme.ED25519, "other")
    first = sign(signer, header.agent_id)
    other = SignerClient.start(keystore)
    try:
        other.unlock(password)
        assert sign(other, header.agent_id) == first
    finally:
        other.close()


def test_everything_needs_unlocking(locked: SignerClient, password: bytearray) -> None:
    """Until the password comes, everything that needs a key is SIGNER_LOCKED; checking the password is not."""
    header = KeyHeader(
        agent_id=str(uuid.uuid4()),
        chain="other",
        chain_id="test:chain",
        scheme=Scheme.ED25519,
        public_key="ab" * 32,
        address="x",
        created_at=0,
    )
    calls: list[Callable[[], object]] = [
        lambda: locked.generate(Scheme.ED25519),
        lambda: locked.seal("x", header),
        lambda: sign(locked, header.agent_id),
        lambda: locked.checkpoint("instance", 1, "0" * 64),
        lambda: locked.subkey("row-macs"),
    ]
    for call in calls:
        with pytest.raises(NotReady) as caught:
            call()
        assert caught.value.code == "SIGNER_LOCKED"
    assert not locked.is_unlocked
    assert locked.verify_password(password)
    assert not locked.is_unlocked


def test_lock_forgets(signer: SignerClient, new_agent: NewAgent, password: bytearray) -> None:
    """After lock nothing is signed, unsealed keys are gone, and unlock makes sealed ones work again."""
    header = new_agent(Scheme.ED25519, "other")
    handle, _ = signer.generate(Scheme.ED25519)
    signer.lock()
    signer.lock()
    assert not signer.is_unlocked
    with pytest.raises(NotReady):
        sign(signer, header.agent_id)
    signer.unlock(password)
    assert sign(signer, header.agent_id)
    with pytest.raises(NotFound):
        signer.seal(handle, header)


def test_lock_holds_in_the_process_too(signer: SignerClient, new_agent: NewAgent) -> None:
    """The process itself refuses after a lock, whatever the daemon believes."""
    header = new_agent(Scheme.ED25519, "other")
    signer.lock()
    assert signer._process is not None
    signer._process.is_unlocked = True
    with pytest.raises(NotReady) as caught:
        sign(signer, header.agent_id)
    assert caught.value.code == "SIGNER_LOCKED"


def test_wrong_password(locked: SignerClient, password: bytearray) -> None:
    """A wrong password unlocks nothing, verifies as False, and leaves the caller's bytes alone."""
    for wrong in (b"wrong", b"", bytes(password) + b"\0", b"x" * 1024, b"x" * 5000):
        given = bytearray(wrong)
        assert locked.verify_password(given) is False
        with pytest.raises(StartRefused) as caught:
            locked.unlock(given)
        assert caught.value.code == "WRONG_PASSWORD"
        assert given == wrong
    assert not locked.is_unlocked
    before = bytes(password)
    locked.unlock(password)
    assert password == before


def test_damaged_master(keystore: Path, locked: SignerClient, password: bytearray) -> None:
    """A damaged or missing master.json is named, with what to restore, and never called a wrong password."""
    path = keystore / "master.json"
    path.write_bytes(path.read_bytes()[:-30])
    for _ in range(2):
        for call in (locked.unlock, locked.verify_password):
            with pytest.raises(StartRefused) as caught:
                call(password)
            assert caught.value.code == "KEYSTORE_DAMAGED"
            assert "keystore/master.json" in caught.value.message
            assert "restore keystore/master.json" in caught.value.hint
        path.unlink(missing_ok=True)


def test_packets_with_passwords_are_wiped(
    locked: SignerClient, password: bytearray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The daemon keeps no packet in which it sent a password."""
    packets: list[bytearray] = []

    def note(code: int, number: int, fields: Sequence[bytes]) -> bytearray:
        packets.append(encode(code, number, fields))
        return packets[-1]

    monkeypatch.setattr("waiaas.keystore.connection.encode", note)
    locked.unlock(password)
    locked.verify_password(password)
    assert len(packets) == 2
    assert not any(any(packet) for packet in packets)


def test_unlock_twice(signer: SignerClient, password: bytearray, new_agent: NewAgent) -> None:
    """Unlocking an unlocked signer changes nothing; a wrong password then does not lock it."""
    header = new_agent(Scheme.ED25519, "other")
    signer.unlock(password)
    with pytest.raises(StartRefused):
        signer.unlock(bytearray(b"wrong"))
    assert sign(signer, header.agent_id)
