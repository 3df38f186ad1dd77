"""The signer's operations through its client, with a real process behind it."""

import json
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from coincurve import PublicKey as CurveKey
from coincurve import PublicKeyXOnly
from nacl.signing import VerifyKey

from waiaas.errors import BadRequest, Conflict, Denied, NotFound, NotReady, StartRefused, Stopped, TooMany
from waiaas.interfaces.signing import Hash, Scheme
from waiaas.keystore.client import SignerClient
from waiaas.keystore.hashes import HASHES
from waiaas.keystore.master import ArgonParams, create_master
from waiaas.keystore.records import KeyHeader
from waiaas.keystore.wire import encode

NewAgent = Callable[[Scheme, str], KeyHeader]

PREIMAGE = b"some bytes of a transaction"
#: Slow enough to watch, about a third of a second of one core.
SLOW = ArgonParams(memory_kib=65536, time=4, parallelism=1)


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
        lambda: locked.checkpoint("head"),
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


# --- sealing -----------------------------------------------------------------------------------------------------------


def test_header_must_be_the_keys_own(
    signer: SignerClient, changed: Callable[..., KeyHeader], new_agent: NewAgent
) -> None:
    """A handle's key is not sealed under another key's public key, nor under another scheme."""
    header = changed(new_agent(Scheme.ED25519, "other"), agent_id=str(uuid.uuid4()))
    handle, public = signer.generate(Scheme.BIP340_SECP256K1)
    with pytest.raises(Denied):
        signer.seal(handle, header)
    with pytest.raises(Denied):
        signer.seal(handle, changed(header, public_key=public.data.hex()))
    with pytest.raises(Denied):
        signer.seal(handle, changed(header, scheme=Scheme.BIP340_SECP256K1))
    signer.seal(handle, changed(header, public_key=public.data.hex(), scheme=Scheme.BIP340_SECP256K1))


def test_a_key_is_never_overwritten(
    keystore: Path, signer: SignerClient, changed: Callable[..., KeyHeader], new_agent: NewAgent
) -> None:
    """A second key for the same agent is refused, the first file stays, and the handle is still good."""
    header = new_agent(Scheme.ED25519, "other")
    text = (keystore / f"{header.agent_id}.json").read_bytes()
    handle, public = signer.generate(Scheme.ED25519)
    second = changed(header, public_key=public.data.hex())
    with pytest.raises(Conflict):
        signer.seal(handle, second)
    assert (keystore / f"{header.agent_id}.json").read_bytes() == text
    signer.seal(handle, changed(second, agent_id=str(uuid.uuid4())))


def test_a_handle_is_good_once(signer: SignerClient, changed: Callable[..., KeyHeader], new_agent: NewAgent) -> None:
    """A sealed handle is gone; an invented one never was."""
    header = new_agent(Scheme.ED25519, "other")
    handle, public = signer.generate(Scheme.ED25519)
    fresh = changed(header, public_key=public.data.hex(), agent_id=str(uuid.uuid4()))
    signer.seal(handle, fresh)
    for unknown in (handle, "0" * 32, "", "é" * 100):
        with pytest.raises((NotFound, BadRequest)):
            signer.seal(unknown, changed(fresh, agent_id=str(uuid.uuid4())))


@pytest.mark.parametrize(
    "fields",
    [
        {"agent_id": "../../etc/passwd"},
        {"agent_id": "master"},
        {"agent_id": str(uuid.uuid4()).upper()},
        {"chain": "UPPER"},
        {"chain": ""},
        {"chain_id": "nocolon"},
        {"address": "two words"},
        {"address": ""},
        {"public_key": "AB" * 32},
        {"created_at": -1},
        {"created_at": True},
        {"version": 2},
        {"scheme": "rot13"},
    ],
)
def test_malformed_headers(signer: SignerClient, changed: Callable[..., KeyHeader], fields: dict[str, Any]) -> None:
    """A header that a reader would reject is not written."""
    handle, public = signer.generate(Scheme.ED25519)
    good = KeyHeader(
        agent_id=str(uuid.uuid4()),
        chain="other",
        chain_id="test:chain",
        scheme=Scheme.ED25519,
        public_key=public.data.hex(),
        address="x",
        created_at=0,
    )
    with pytest.raises(BadRequest):
        signer.seal(handle, changed(good, **fields))
    signer.seal(handle, good)


def test_many_unsealed_keys(signer: SignerClient, new_agent: NewAgent, changed: Callable[..., KeyHeader]) -> None:
    """Keys that nobody seals are bounded: the newest 64 can be sealed, the oldest is forgotten."""
    template = new_agent(Scheme.ED25519, "other")
    made = [signer.generate(Scheme.ED25519) for _ in range(65)]

    def seal(number: int) -> None:
        handle, public = made[number]
        signer.seal(handle, changed(template, agent_id=str(uuid.uuid4()), public_key=public.data.hex()))

    with pytest.raises(NotFound):
        seal(0)
    for number in range(1, 65):
        seal(number)


# --- signing -----------------------------------------------------------------------------------------------------------


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


# --- subkeys, checkpoints ----------------------------------------------------------------------------------------------


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
    """A checkpoint is repeatable, differs for every head, and is not made with a key that the daemon can have."""
    one, two = signer.checkpoint("head one"), signer.checkpoint("head two")
    assert (one, len(one)) == (signer.checkpoint("head one"), 32)
    assert one != two
    assert one not in {signer.subkey(purpose) for purpose in ("row-macs", "channel-configs", "backups", "audit-head")}


# --- many at once ------------------------------------------------------------------------------------------------------


def test_concurrent_signatures(signer: SignerClient, new_agent: NewAgent) -> None:
    """Requests of many threads are each answered with their own signature."""
    agents = [new_agent(scheme, "other") for scheme in Scheme]
    expected = {(a.agent_id, n): sign(signer, a.agent_id, bytes([n])) for a in agents for n in range(1, 20)}

    def check(job: tuple[str, int]) -> bool:
        agent_id, number = job
        return sign(signer, agent_id, bytes([number])) == expected[job]

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(check, list(expected) * 10))


@pytest.fixture
def slow(tmp_path: Path, password: bytearray) -> Any:
    """A signer whose Argon2 takes long enough to look at."""
    create_master(tmp_path / "slow", password, SLOW)
    client = SignerClient.start(tmp_path / "slow")
    client.unlock(password)
    yield client
    client.close()


def test_signing_goes_on_during_argon2(slow: SignerClient, password: bytearray) -> None:
    """While a password is being checked, signatures are made as before."""
    handle, public = slow.generate(Scheme.ED25519)
    header = KeyHeader(
        agent_id=str(uuid.uuid4()),
        chain="other",
        chain_id="test:chain",
        scheme=Scheme.ED25519,
        public_key=public.data.hex(),
        address="x",
        created_at=0,
    )
    slow.seal(handle, header)
    with ThreadPoolExecutor(1) as pool:
        check = pool.submit(slow.verify_password, password)
        made = 0
        while not check.done():
            sign(slow, header.agent_id)
            made += 1
        assert check.result() is True
    assert made > 20


def test_too_many_passwords(slow: SignerClient) -> None:
    """Beyond a short queue, passwords are refused at once with when to come back, and the queue is worked off."""

    def attempt(_: int) -> tuple[object, float]:
        started = time.monotonic()
        try:
            return slow.verify_password(bytearray(b"wrong")), time.monotonic() - started
        except TooMany as failure:
            return failure, time.monotonic() - started

    with ThreadPoolExecutor(24) as pool:
        attempts = list(pool.map(attempt, range(24)))
    refusals = [(outcome, took) for outcome, took in attempts if isinstance(outcome, TooMany)]
    answers = [(outcome, took) for outcome, took in attempts if outcome is False]
    assert len(refusals) + len(answers) == 24
    assert 1 <= len(answers) <= 10
    assert all(refusal.code == "RATE_LIMITED" and refusal.retry_after for refusal, _ in refusals)
    assert max(took for _, took in refusals) < min(took for _, took in answers)


def test_lock_wins_over_an_unlock_under_way(slow: SignerClient, password: bytearray) -> None:
    """A lock ordered while an unlock is still stretching the password leaves the signer locked."""
    slow.lock()
    failures: list[BaseException] = []
    begun = threading.Event()

    def unlock() -> None:
        begun.set()
        try:
            slow.unlock(password)
        except NotReady as failure:
            failures.append(failure)

    thread = threading.Thread(target=unlock)
    with ThreadPoolExecutor(1) as pool:
        # Keeps the one Argon2 thread busy, so that the unlock is surely still waiting when the lock comes.
        ahead = pool.submit(slow.verify_password, bytearray(b"wrong"))
        while slow._process is None or not slow._process._waiting:
            time.sleep(0.001)
        thread.start()
        begun.wait()
        while len(slow._process._waiting) < 2:
            time.sleep(0.001)
        slow.lock()
        assert ahead.result() is False
    thread.join()
    assert len(failures) == 1
    assert not slow.is_unlocked
    with pytest.raises(NotReady):
        slow.generate(Scheme.ED25519)


def test_oversized_preimage(signer: SignerClient, new_agent: NewAgent) -> None:
    """A preimage beyond the protocol's limit is refused before it is sent; one just below is signed."""
    header = new_agent(Scheme.ED25519, "other")
    with pytest.raises(BadRequest):
        sign(signer, header.agent_id, bytes(160 * 1024))
    assert sign(signer, header.agent_id, b"x" * (159 * 1024))


def test_disk_full_is_not_a_crash(keystore: Path, signer: SignerClient, new_agent: NewAgent) -> None:
    """When the key file cannot be written the error says so, and the same handle can be sealed later."""
    handle, public = signer.generate(Scheme.ED25519)
    header = KeyHeader(
        agent_id=str(uuid.uuid4()),
        chain="other",
        chain_id="test:chain",
        scheme=Scheme.ED25519,
        public_key=public.data.hex(),
        address="x",
        created_at=0,
    )
    moved = keystore.rename(keystore.with_name("away"))
    with pytest.raises(NotReady) as caught:
        signer.seal(handle, header)
    assert caught.value.code == "STORE_FULL"
    moved.rename(keystore)
    signer.seal(handle, header)
    assert sign(signer, header.agent_id)
