"""Signatures through the signer process, beside a bare child process that signs whatever comes over its socket pair."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from solders.hash import Hash as Blockhash
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from bench.figures import Figure, alternate
from waiaas.interfaces.signing import Hash, Scheme
from waiaas.keystore.client import SignerClient
from waiaas.keystore.master import ArgonParams, create_master
from waiaas.keystore.records import KeyHeader

_THREADS = 8
_PASSWORD = b"gravel-Umbra7 otter"
_CHEAP = ArgonParams(memory_kib=32768, time=1, parallelism=1)
_SIZE = 4
_ANSWER = 64


def signatures(folder: Path, rounds: int, seconds: float) -> Figure:
    """From eight threads, as the lanes of one network have; each a transfer of Solana."""
    create_master(folder / "keystore", bytearray(_PASSWORD), _CHEAP)
    signer = SignerClient.start(folder / "keystore")
    child = _BareChild()
    try:
        signer.unlock(bytearray(_PASSWORD))
        agent, message = _sealed_agent(signer)

        def sign() -> None:
            signer.sign(agent_id=agent, kind="tx.solana", preimage=message, hash=Hash.NONE, stop_epoch=0)

        ours, floor = alternate(
            rounds, lambda: _rate(sign, seconds), lambda: _rate(lambda: child.sign(message), seconds)
        )
    finally:
        child.close()
        signer.close()
    return Figure(
        name="signatures", unit="/s", ours=ours, floor=floor, limit=2000, details={"in process": _in_process(message)}
    )


def _sealed_agent(signer: SignerClient) -> tuple[str, bytes]:
    handle, public = signer.generate(Scheme.ED25519)
    payer = Pubkey(public.data)
    header = KeyHeader(
        agent_id=str(uuid.uuid4()),
        chain="solana",
        chain_id="solana:localnet",
        scheme=Scheme.ED25519,
        public_key=public.data.hex(),
        address=str(payer),
        created_at=int(time.time()),
    )
    signer.seal(handle, header)
    move = transfer(TransferParams(from_pubkey=payer, to_pubkey=Pubkey.new_unique(), lamports=1))
    return header.agent_id, b"\x80" + bytes(MessageV0.try_compile(payer, [move], [], Blockhash.new_unique()))


def _rate(sign: Callable[[], object], seconds: float) -> float:
    counts = [0] * _THREADS
    end = time.perf_counter() + seconds

    def work(index: int) -> None:
        while time.perf_counter() < end:
            sign()
            counts[index] += 1

    threads = [threading.Thread(target=work, args=(index,)) for index in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


def _in_process(message: bytes) -> str:
    from nacl.bindings import crypto_sign, crypto_sign_seed_keypair  # noqa: PLC0415 - the bare child needs it alone

    _, secret = crypto_sign_seed_keypair(os.urandom(32))
    began, count = time.perf_counter(), 2000
    for _ in range(count):
        crypto_sign(message, secret)
    return f"{count / (time.perf_counter() - began):.0f} /s"


class _BareChild:
    """The unavoidable of a signer that is a process: a socket pair, one request at a time."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        self._turn = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.signatures", json.dumps(theirs.fileno())], pass_fds=[theirs.fileno()]
        )
        theirs.close()

    def sign(self, message: bytes) -> bytes:
        """One signature."""
        with self._turn:
            self._socket.sendall(len(message).to_bytes(_SIZE, "big") + message)
            return _exactly(self._socket, _ANSWER)

    def close(self) -> None:
        """End it."""
        self._socket.close()
        self._process.wait(10)


def _exactly(end: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        part = end.recv(size - len(found))
        if not part:
            raise EOFError
        found += part
    return found


def _serve(descriptor: int) -> None:
    from nacl.bindings import crypto_sign, crypto_sign_seed_keypair  # noqa: PLC0415 - the bare child needs it alone

    _, secret = crypto_sign_seed_keypair(os.urandom(32))
    with socket.socket(fileno=descriptor) as end:
        while True:
            try:
                message = _exactly(end, int.from_bytes(_exactly(end, _SIZE), "big"))
            except EOFError:
                return
            end.sendall(crypto_sign(message, secret)[:_ANSWER])


if __name__ == "__main__":
    _serve(json.loads(sys.argv[1]))
