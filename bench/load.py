"""The load generator, a process of its own: ``python -m bench.load``, a plan on standard input, the result on standard output.

A plan names the port and, for each client, its requests. With ``seconds`` each client repeats its requests for so long.
Without, it sends each once, and the run ends when all payments are CONFIRMED and in the ledger of ``database``, which is read
beside the server, without asking it. A payment that failed has a fee in the ledger, and counts as lost.
"""

import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from bench.servers import Server, cpu_seconds
from bench.wire import Connection

_LOOK_SECONDS = 0.004
_PATIENCE_SECONDS = 60.0
_CONFIRMED = """
SELECT booked.id, booked.tx_id FROM spend_ledger AS booked JOIN transactions AS paid ON paid.id = booked.tx_id
WHERE booked.id > ? AND paid.status = 'CONFIRMED' ORDER BY booked.id
"""


@dataclass(slots=True, kw_only=True)
class LoadResult:
    """What a run gave.

    :param seconds: from the first request to the last answer, or to the last payment in the ledger
    :param statuses: answers by HTTP status
    :param latencies: seconds to each answer, in order of size
    :param final_latencies: seconds from a request to its payment in the ledger, in order of size
    :param lost: payments that were accepted and not seen in the ledger as confirmed in time
    :param cpu_seconds: what the server's processes used meanwhile
    """

    seconds: float
    statuses: dict[str, int]
    latencies: list[float]
    final_latencies: list[float] = field(default_factory=list)
    lost: int = 0
    cpu_seconds: float = 0.0

    @property
    def cpu_milliseconds(self) -> float:
        """The server's processor time for an answer."""
        return 1000 * self.cpu_seconds / len(self.latencies)

    @property
    def rate(self) -> float:
        """Answers (or final payments) a second."""
        return (len(self.final_latencies) or len(self.latencies)) / self.seconds


def run_load(server: Server, clients: list[list[bytes]], *, seconds: float | None = None) -> LoadResult:
    """Run a plan in a process of its own and wait for it.

    :param seconds: repeat the requests for so long; None sends each once and waits until their payments are in the ledger
    """
    plan = {
        "port": server.port,
        "clients": [[request.decode("latin-1") for request in requests] for requests in clients],
        "seconds": seconds,
        "database": str(server.database) if seconds is None else None,
    }
    before = cpu_seconds(server.pids())
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"], input=json.dumps(plan).encode(), stdout=subprocess.PIPE, check=True
    )
    result = LoadResult(**json.loads(done.stdout))
    result.cpu_seconds = cpu_seconds(server.pids()) - before
    return result


class _Client(threading.Thread):
    """One caller on one connection."""

    def __init__(self, port: int, requests: list[bytes], seconds: float | None, start: threading.Event) -> None:
        super().__init__()
        self._connection = Connection("127.0.0.1", port)
        self._requests = requests
        self._seconds = seconds
        self._start_signal = start
        self.statuses: Counter[int] = Counter()
        self.latencies: list[float] = []
        self.sent_at: dict[str, float] = {}

    def run(self) -> None:
        """Ask and note."""
        self._start_signal.wait()
        end = None if self._seconds is None else time.perf_counter() + self._seconds
        for request in self._requests if end is None else cycle(self._requests):
            began = time.perf_counter()
            if end is not None and began >= end:
                break
            status, body = self._connection.ask(request)
            self.latencies.append(time.perf_counter() - began)
            self.statuses[status] += 1
            if end is None and status in (201, 202):
                self.sent_at[json.loads(body)["id"]] = began
        self._connection.close()


class _Ledger(threading.Thread):
    """Looks for confirmed payments in the ledger. :param seen: when each was first there"""

    def __init__(self, database: str) -> None:
        super().__init__(daemon=True)
        self._path = database
        self.seen: dict[str, float] = {}

    def run(self) -> None:
        """Look until the process ends."""
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=10)) as connection:
            last = connection.execute("SELECT COALESCE(MAX(id), 0) FROM spend_ledger").fetchone()[0]
            while True:
                rows = connection.execute(_CONFIRMED, (last,))
                for row_id, tx_id in rows.fetchall():
                    last = row_id
                    self.seen.setdefault(tx_id, time.perf_counter())
                time.sleep(_LOOK_SECONDS)


def _carry_out(plan: dict[str, Any]) -> LoadResult:
    start = threading.Event()
    clients = [
        _Client(plan["port"], [text.encode("latin-1") for text in requests], plan["seconds"], start)
        for requests in plan["clients"]
    ]
    ledger = _Ledger(plan["database"]) if plan["database"] else None
    for thread in (*clients, *([ledger] if ledger else [])):
        thread.start()
    began = time.perf_counter()
    start.set()
    for client in clients:
        client.join()
    answered = time.perf_counter()
    sent = {tx_id: at for client in clients for tx_id, at in client.sent_at.items()}
    finals = _finals(ledger, sent, answered) if ledger else {}
    return LoadResult(
        seconds=max(finals.values(), default=answered) - began,
        statuses={str(status): n for status, n in sum((client.statuses for client in clients), Counter()).items()},
        latencies=sorted(latency for client in clients for latency in client.latencies),
        final_latencies=sorted(at - sent[tx_id] for tx_id, at in finals.items()),
        lost=len(sent) - len(finals) if ledger else 0,
    )


def _finals(ledger: _Ledger, sent: dict[str, float], since: float) -> dict[str, float]:
    while not sent.keys() <= ledger.seen.keys() and time.perf_counter() < since + _PATIENCE_SECONDS:
        time.sleep(_LOOK_SECONDS)
    return {tx_id: at for tx_id, at in list(ledger.seen.items()) if tx_id in sent}


if __name__ == "__main__":
    result = _carry_out(json.load(sys.stdin))
    json.dump({name: getattr(result, name) for name in LoadResult.__slots__}, sys.stdout)
