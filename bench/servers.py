"""What is measured, as processes: the shipped daemon as a user starts it, and the floor."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

from waiaas_sdk import Operator

from bench.coins import Coin

PASSWORD = "gravel-Umbra7 otter"
THREADS = 48
"""Three eighths of them may wait for outcomes, 18: each of 16 clients has a seat, and no answer is given early."""

_PROGRAM = Path(sys.executable).with_name("waiaas")
_ENVIRON = {
    "WAIAAS_MASTER_PASSWORD": PASSWORD,
    "WAIAAS_DAEMON_PORT": "0",
    "WAIAAS_SECURITY_RATE_LIMIT_TX_RPM": "10000000",
    "WAIAAS_SECURITY_RATE_LIMIT_SESSION_RPM": "10000000",
    "WAIAAS_SECURITY_RATE_LIMIT_GLOBAL_RPM": "10000000",
}


class Server(ABC):
    """A child process that is ended with its block."""

    process: subprocess.Popen[str]
    port: int
    database: Path

    @abstractmethod
    def node_requests(self) -> int:
        """HTTP requests to nodes since the start."""

    def close(self) -> None:
        """End it. May be called again."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def line(self) -> str:
        """The next line that it prints. :raises RuntimeError: when it ends first"""
        assert self.process.stdout is not None
        found = self.process.stdout.readline().strip()
        if not found:
            raise RuntimeError(f"{self.process.args!r} ended with {self.process.wait()}")
        return found

    def pids(self) -> list[int]:
        """Its processes."""
        return [self.process.pid]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Daemon(Server):
    """The shipped daemon on a data directory of its own.

    :param folder: an empty folder; its ``data`` becomes the data directory
    :param coin: what is paid with
    :param threads: None leaves the default
    """

    def __init__(self, folder: Path, coin: Coin, threads: int | None = THREADS) -> None:
        self.root = folder / "data"
        self.database = self.root / "data" / "waiaas.db"
        self._errors = folder / "errors"
        self._coin = coin
        self._environ = {**os.environ, **_ENVIRON, **coin.environ(), "WAIAAS_DATA_DIR": str(self.root)}
        if threads is not None:
            self._environ["WAIAAS_DAEMON_THREADS"] = str(threads)
        subprocess.run([_PROGRAM, "init"], env=self._environ, check=True, stdout=subprocess.DEVNULL)

    def start(self) -> float:
        """Start it in the foreground; the seconds until it says that it is ready."""
        began = time.perf_counter()
        with self._errors.open("w") as errors:
            self.process = subprocess.Popen(
                self.command(), env=self._environ, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        try:
            self.line()
        except RuntimeError as problem:
            raise RuntimeError(f"{problem}: {self._errors.read_text()[-1000:]}") from None
        seconds = time.perf_counter() - began
        self.port = int(json.loads((self.root / "daemon.json").read_text())["url"].rpartition(":")[2])
        return seconds

    def command(self) -> list[str]:
        """What is started: the program, as a user does."""
        return [str(_PROGRAM), "start"]

    def pids(self) -> list[int]:
        """The daemon and its signer."""
        pid = self.process.pid
        children = [path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/children")]
        return [pid, *(int(child) for some in children for child in some)]

    def wallets(self, count: int) -> list[str]:
        """Tokens of new funded agents whose payments up to the coin's limit go at once; more is denied."""
        tokens, coin = [], self._coin
        with Operator.over_socket(self.root / "run" / "admin.sock", PASSWORD) as operator:
            for _ in range(count):
                agent = operator.agents.create(f"bench-{time.time_ns()}", coin.chain, coin.network)
                assert agent.address is not None
                coin.fund(agent.address)
                for kind, rules in coin.policies():
                    operator.policies.create(kind, rules, agent_id=agent.id)
                issued = operator.sessions.issue(agent.id, constraints=coin.constraints())
                tokens.append(issued.token)
        return tokens

    def node_requests(self) -> int:
        """HTTP requests to nodes since the start."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/metrics", headers={"X-Master-Password": PASSWORD}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return _sum_of(answer.read().decode(), "waiaas_node_requests_total")


class Floor(Server):
    """The bare application; see :mod:`bench.floor`. :param ready_seconds: how long its start took"""

    def __init__(self, folder: Path, coin: Coin, wallets: int) -> None:
        self.database = folder / "floor.db"
        orders = {
            "database": str(self.database),
            "node": coin.url,
            "wallets": wallets,
            "threads": THREADS,
            "argon2": True,
            "coin": coin.floor(),
        }
        began = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.floor"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(orders) + "\n")
        self.process.stdin.flush()
        ready = json.loads(self.line())
        self.ready_seconds = time.perf_counter() - began
        self.port = ready["port"]
        self.tokens: list[str] = [token for token, _ in ready["wallets"]]
        self.addresses: list[str] = [address for _, address in ready["wallets"]]

    def node_requests(self) -> int:
        """HTTP requests to nodes since the start."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/node-requests", timeout=30) as answer:
            return int(answer.read())


def cpu_seconds(pids: list[int]) -> float:
    """Processor time that processes have used so far, user and system: it hardly depends on what else the machine does."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _sum_of(text: str, metric: str) -> int:
    """All samples of a metric in Prometheus' text format together."""
    samples = [line.split() for line in text.splitlines() if line.startswith((metric + "{", metric + " "))]
    return int(sum(float(sample[-1]) for sample in samples))


def pss_bytes(pids: list[int]) -> int:
    """Proportional set size of processes, from the kernel's own sum."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total
