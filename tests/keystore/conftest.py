"""A keystore with the cheapest Argon2 that a reader accepts, and signers of it as real processes."""

import dataclasses
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from waiaas.interfaces.signing import Scheme
from waiaas.keystore import envelope, schemes, sodium
from waiaas.keystore.client import SignerClient
from waiaas.keystore.desk import Desk
from waiaas.keystore.files import write_private
from waiaas.keystore.master import ArgonParams, create_master
from waiaas.keystore.memory import LockedMemory, Secret
from waiaas.keystore.records import KeyHeader

PASSWORD = b"grizzled anvil lantern 9 quartz"
CHEAP = ArgonParams(memory_kib=32768, time=1, parallelism=1)


@pytest.fixture
def password() -> bytearray:
    """The master password of every keystore here, fresh for each use."""
    return bytearray(PASSWORD)


@pytest.fixture(scope="session")
def _master(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("master") / "keystore"
    create_master(folder, bytearray(PASSWORD), CHEAP)
    return (folder / "master.json").read_bytes()


@pytest.fixture
def keystore(tmp_path: Path, _master: bytes) -> Path:
    """A folder with a master.json."""
    folder = tmp_path / "keystore"
    folder.mkdir(mode=0o700)
    write_private(folder / "master.json", _master)
    return folder


@pytest.fixture
def locked(keystore: Path) -> Iterator[SignerClient]:
    """A signer that nobody has unlocked."""
    client = SignerClient.start(keystore)
    yield client
    client.close()


@pytest.fixture
def signer(locked: SignerClient, password: bytearray) -> SignerClient:
    """An unlocked signer."""
    locked.unlock(password)
    return locked


@pytest.fixture
def new_agent(signer: SignerClient) -> Callable[[Scheme, str], KeyHeader]:
    """Generates and seals a key; gives its header."""

    def make(scheme: Scheme, chain: str) -> KeyHeader:
        handle, public = signer.generate(scheme)
        header = a_header(scheme, chain, public.data)
        signer.seal(handle, header)
        return header

    return make


def a_header(scheme: Scheme, chain: str, public: bytes) -> KeyHeader:
    return KeyHeader(
        agent_id=str(uuid.uuid4()),
        chain=chain,
        chain_id="test:chain",
        scheme=scheme,
        public_key=public.hex(),
        address="address-of-the-agent",
        created_at=1_700_000_000,
    )


@pytest.fixture
def memory() -> LockedMemory:
    """Locked memory of the test's own process."""
    return LockedMemory(8192)


@pytest.fixture
def data_key(keystore: Path, password: bytearray, memory: LockedMemory) -> Secret:
    """The keystore's data key, unwrapped by the test itself."""
    held, out, run = memory.slot(len(password)), memory.slot(32), memory.slot(envelope.RUN_BYTES)
    held.view[:] = password
    envelope.open_master((keystore / "master.json").read_bytes(), held, out, run)
    return out


@pytest.fixture
def put_key(keystore: Path, data_key: Secret, memory: LockedMemory) -> Callable[[bytes, Scheme, str], KeyHeader]:
    """Seals a known secret into the keystore, as an importer would; gives its header."""
    secret, work, subkey = memory.slot(32), memory.slot(schemes.WORK_BYTES), memory.slot(32)

    def put(known: bytes, scheme: Scheme, chain: str) -> KeyHeader:
        secret.view[:] = known
        header = a_header(scheme, chain, schemes.public_key(secret, work, scheme))
        sodium.derive_into(subkey, data_key, envelope.AGENT_KEYS)
        write_private(keystore / f"{header.agent_id}.json", envelope.seal_key(header, secret, subkey))
        return header

    return put


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A command's desk in the test's own process, which stays open to debuggers."""
    monkeypatch.setattr("waiaas.keystore.desk.harden_process", lambda: None)
    with Desk() as made:
        yield made


@pytest.fixture
def changed() -> Callable[..., KeyHeader]:
    """A header with some fields replaced."""
    return dataclasses.replace


@pytest.fixture
def until() -> Callable[..., None]:
    """Waits for a condition, at most some seconds."""

    def wait(condition: Callable[[], bool], seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "the condition did not come true in time"
            time.sleep(0.005)

    return wait
