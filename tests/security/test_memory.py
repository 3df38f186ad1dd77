"""What a stranger, and what an agent, can make the daemon hold in memory; and that it comes back."""

import contextlib
import json
import resource
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import httpx
import pytest

from tests.harness.chains import TestChain
from tests.harness.data_directory import copy_of
from tests.harness.deadline import until
from tests.harness.house import House
from tests.harness.solana_chain import SolanaCase

_MIB = 1024
"""In KiB, as the kernel counts."""
_STRANGER, _AGENT = 300 * _MIB, 400 * _MIB
_QUICK = 2.0
"""Seconds; of the middle one, on a machine that does other things."""
_USUAL = {"WAIAAS_DAEMON_THREADS": "16", "WAIAAS_SECURITY_RATE_LIMIT_GLOBAL_RPM": "6000"}
"""As shipped."""
_SEND = "/v1/transactions/send"
_HOSTILE = {
    "as many objects as are read": b"[" + b'{"a":{}},' * 17_000 + b"{}]",
    "more lists than are read": b"[" + b"[]," * 600_000 + b"[]]",
}


class FloodingNode:
    """Answers each request with an array of a great many values."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.body = b""
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            sock, _ = self._socket.accept()
            threading.Thread(target=self._answer, args=(sock,), daemon=True).start()

    def _answer(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock:
            sock.recv(65536)
            sock.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(self.body) + self.body)
            sock.recv(1)


@pytest.fixture(scope="module")
def node() -> FloodingNode:
    return FloodingNode()


@pytest.fixture(scope="module")
def house(template: Path, tmp_path_factory: pytest.TempPathFactory, node: FloodingNode) -> Iterator[House]:
    root = tmp_path_factory.mktemp("memory") / "house"
    copy_of(template, root)
    house = House(root, SolanaCase(), cast(TestChain, None), urls=(node.url,), environ=_USUAL)
    yield house.start(executed=True)
    house.close()


@pytest.fixture(scope="module")
def token(house: House) -> str:
    agent = house.operator.agents.create("flooder", "solana", "localnet")
    return house.operator.sessions.issue(agent.id).token


def held(house: House) -> int:
    """KiB of the daemon now."""
    status = Path(f"/proc/{house.daemon.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


@contextlib.contextmanager
def highest(house: House) -> Iterator[list[int]]:
    """What the daemon holds from now to the end of the block; the first is the most."""
    over, most = threading.Event(), [held(house)]

    def look() -> None:
        while not over.wait(0.01):
            most[0] = max(most[0], held(house))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield most
    finally:
        over.set()
        thread.join()


def settled(house: House) -> None:
    """Wait until the daemon has taken in whatever it takes."""
    seen: list[int] = []

    def is_steady() -> bool:
        seen.append(held(house))
        return len(seen) > 20 and max(seen[-20:]) - min(seen[-20:]) < _MIB

    until(is_steady, "the daemon to grow no further")


def health(house: House) -> float:
    """Seconds until the daemon said that it is up."""
    began = time.monotonic()
    assert httpx.get(house.daemon.url + "/health", timeout=60, trust_env=False).status_code == 200
    return time.monotonic() - began


def connections(house: House, count: int, sent: bytes) -> list[socket.socket]:
    """So many connections that each send this as far as it is taken, and stay."""
    port = httpx.URL(house.daemon.url).port or 0
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    made: list[socket.socket] = []

    def one(_: int) -> None:
        with contextlib.suppress(OSError):
            sock = socket.create_connection(("127.0.0.1", port), timeout=10)
            made.append(sock)
            sock.sendall(sent)

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(one, range(count)))
    return made


def head(path: str, length: int, more: bytes = b"") -> bytes:
    lines = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n"
    return lines.encode() + more + b"\r\n"


STRANGERS = {
    "bodies that lack a byte": head(_SEND, 65_536) + b"x" * 65_535,
    "large bodies that lack a byte": head("/v1/policies", 1_048_576) + b"x" * 1_048_575,
    "whole large bodies": head("/v1/policies", 1_048_576) + b"x" * 1_048_576,
    "headers that do not end": b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 16_200,
    "headers of many fields": head(_SEND, 9, b"".join(b"a%d:\r\n" % n for n in range(90))),
    "answers that nobody reads": b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 170,
    "errors that nobody reads": b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % (b"n" * 8000) * 20,
}


@pytest.mark.parametrize("what", STRANGERS)
def test_nobody_without_a_credential_lifts_the_daemon_far(house: House, what: str) -> None:
    """Hundreds of connections of each kind, all at once: the daemon's highest stays under 300 MB, and it answers."""
    took: list[float] = []
    with highest(house) as most:
        socks = connections(house, 990, STRANGERS[what])
        try:
            for _ in range(3):
                took.append(health(house))
            settled(house)
            took.append(health(house))
        finally:
            for sock in socks:
                sock.close()
    assert most[0] < _STRANGER
    assert statistics.median(took) < _QUICK


@pytest.mark.parametrize("what", _HOSTILE)
def test_no_session_lifts_the_daemon_far(house: House, node: FloodingNode, token: str, what: str) -> None:
    """Hostile bodies by two dozen connections, and a node that answers the same to what the agent asks for: under 400 MB."""
    node.body = _HOSTILE[what][:1_900_000]
    bearer = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Prefer": "respond-async"}
    body = b'{"note":' + _HOSTILE[what][:65_000] + b"]}"
    few = b'{"note":' + _HOSTILE[what][:6_000].rsplit(b",", 1)[0] + b"]}"
    payment = json.dumps({"to": "5wszgQNPLrKMquchw6gru8ybfkg1TVyGbVGMRrGYe6zg", "amount": "1"}).encode()

    def flood(_: int) -> None:
        with httpx.Client(base_url=house.daemon.url, timeout=120, headers=bearer) as client:
            for content in (body, few, body, payment):
                assert client.post(_SEND, content=content).status_code in (202, 400, 403, 429, 502, 503)

    with highest(house) as most, ThreadPoolExecutor(24) as pool:
        list(pool.map(flood, range(24)))
    assert most[0] < _AGENT


def test_memory_comes_back(house: House) -> None:
    """After all of it the daemon is soon small again."""
    until(lambda: held(house) < 200 * _MIB, lambda: f"{held(house) // _MIB} MB to be given back")
