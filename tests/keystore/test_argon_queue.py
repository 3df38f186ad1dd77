"""Password checks take time: what goes on meanwhile, and how many may wait."""

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from waiaas.errors import NotReady, TooMany
from waiaas.interfaces.signing import Hash, Scheme
from waiaas.keystore.client import SignerClient
from waiaas.keystore.master import ArgonParams, create_master
from waiaas.keystore.records import KeyHeader

#: Slow enough to watch, about a third of a second of one core.
SLOW = ArgonParams(memory_kib=65536, time=4, parallelism=1)


def sign(signer: SignerClient, agent_id: str, preimage: bytes = b"x", epoch: int = 0, kind: str = "tx.other") -> bytes:
    return signer.sign(agent_id=agent_id, kind=kind, preimage=preimage, hash=Hash.SHA256, stop_epoch=epoch)


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
