"""A data directory, its chain, and the daemon that runs on it, if any."""

import json
import sqlite3
import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waiaas_sdk import Client, Operator, Retry, Transaction

from tests.harness.chains import ChainCase, TestChain
from tests.harness.daemon_process import DaemonProcess
from tests.harness.data_directory import PASSWORD, trust_plugins
from tests.harness.deadline import until
from tests.harness.shifted_clock import ShiftedClock, make_offset
from tests.harness.watch import At, Watch, opened_file, reached_file
from waiaas.config import DataDir

ONCE = Retry(attempts=1)
RICH = 1_000
"""So many times its usual amount is an agent given."""

_ENVIRON = {
    "WAIAAS_DAEMON_PORT": "0",
    "WAIAAS_DAEMON_LOG_LEVEL": "debug",
    "WAIAAS_DAEMON_THREADS": "32",
    "WAIAAS_SECURITY_RATE_LIMIT_TX_RPM": "1000000",
    "WAIAAS_SECURITY_RATE_LIMIT_SESSION_RPM": "1000000",
    "WAIAAS_SECURITY_RATE_LIMIT_GLOBAL_RPM": "1000000",
    "WAIAAS_SECURITY_MAX_PENDING_TX": "1000",
    "WAIAAS_SECURITY_MAX_SESSIONS_PER_AGENT": "100",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wallet:
    """An agent, funded, with one session."""

    agent_id: str
    address: str
    session_id: str
    token: str


class House:
    """One data directory through all its daemons' lives.

    :param root: the data directory; a folder beside it holds the clock, the gates and the daemon's output
    :param environ: configuration on top of the tests' usual one
    """

    def __init__(
        self,
        root: Path,
        case: ChainCase,
        chain: TestChain,
        *,
        environ: Mapping[str, str] | None = None,
        urls: Sequence[str] = (),
    ) -> None:
        self.root = root
        self.case = case
        self.chain = chain
        self.paths = DataDir.at(root)
        self.environ = {**_ENVIRON, **case.environ(*(urls or (chain.url,))), **(environ or {})}
        self.beside = root.with_name(root.name + ".beside")
        (self.beside / "gates").mkdir(parents=True)
        make_offset(self.beside / "clock")
        self.clock = ShiftedClock(self.beside / "clock")
        self._process: DaemonProcess | None = None
        self._operator: Operator | None = None
        self._clients: list[Client] = []

    # --- the daemon's life

    def start(self, watch: Watch | None = None, *, password: str | None = PASSWORD, executed: bool = False) -> "House":
        """Start a daemon and wait until it answers.

        :param executed: by a new image, for claims about a process's life; else by a fork of one that has imported everything
        """
        assert self._process is None or not self._process.is_alive, "a daemon runs already"
        for file in (self.beside / "gates").iterdir():
            file.unlink()
        self._forget()
        trust_plugins(self.paths)
        self._process = DaemonProcess(
            self.root,
            self.beside,
            environ=self.environ,
            password=password,
            watch=watch or Watch(),
            executed=executed,
        )
        return self

    @property
    def daemon(self) -> DaemonProcess:
        """The present process, or the last one."""
        assert self._process is not None, "no daemon was started"
        return self._process

    def kill(self) -> None:
        """SIGKILL."""
        self.daemon.kill()

    def died(self) -> None:
        """Wait until the daemon has killed itself."""
        code = self.daemon.wait()
        assert code == -9, f"the daemon was to be killed, and ended with {code}: {self.daemon.last_words()}"

    def stop(self) -> int:
        """SIGTERM, and the exit code. May be called again."""
        if self._process is None or not self._process.is_alive:
            return 0
        self._process.terminate()
        return self._process.wait()

    def close(self) -> None:
        """Leave nothing running."""
        self._forget()
        if self._process is not None and self._process.is_alive:
            self._process.kill()

    def held(self, step: str, nth: int = 1) -> str:
        """Wait until a thread of the daemon is held at a step; the id of its transaction."""
        file = reached_file(self.beside / "gates", At(step, nth))
        return until(lambda: file.read_text() if file.exists() else "", f"a thread to be held at {step}, {nth}")

    def let_go(self, step: str, nth: int = 1) -> None:
        """Open the gate."""
        opened_file(self.beside / "gates", At(step, nth)).touch()

    # --- who talks to it

    @property
    def operator(self) -> Operator:
        """The operator, over the admin socket."""
        if self._operator is None:
            self._operator = Operator.over_socket(self.paths.admin_socket, PASSWORD, retry=ONCE)
        return self._operator

    def client(self, wallet: Wallet | str, *, retry: Retry = ONCE, timeout: float = 60.0) -> Client:
        """An agent's program. :param wallet: or a token"""
        token = wallet if isinstance(wallet, str) else wallet.token
        client = Client(self.daemon.url, token=token, retry=retry, timeout=timeout)
        self._clients.append(client)
        return client

    def wallet(
        self, *, units: int | None = None, policies: Iterable[tuple[str, Mapping[str, Any]]] | None = None
    ) -> Wallet:
        """A new agent with a session, funded.

        :param policies: its own, as (type, rules); left out, those under which every payment needs approval
        """
        name = f"agent-{uuid.uuid4().hex[:12]}"
        agent = self.operator.agents.create(name, self.case.chain, self.case.network)
        assert agent.address is not None
        self.chain.fund(agent.address, RICH * self.case.amount if units is None else units)
        for kind, rules in self.case.asking() if policies is None else policies:
            self.operator.policies.create(kind, rules, agent_id=agent.id)
        session = self.operator.sessions.issue(agent.id)
        return Wallet(agent_id=agent.id, address=agent.address, session_id=session.id, token=session.token)

    def instant(self, **rules: Any) -> Wallet:
        """A wallet whose usual payments go through at once."""
        return self.wallet(policies=self.case.spending(**{"instant_max": 100 * self.case.amount, **rules}))

    def starve(self, is_starved: bool = True) -> None:
        """No payment can be built: the node is away, or answers what admission asks where that needs a node."""
        if self.case.resolves_offline:
            self.chain.away(is_starved)
        else:
            self.chain.withhold_building(is_starved)

    # --- what it has written

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """Rows of the database, read beside the daemon and without it."""
        with closing(sqlite3.connect(f"file:{self.paths.database}?mode=ro", uri=True, timeout=10)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, values)]

    def row(self, tx_id: str) -> dict[str, Any]:
        """One transaction's row."""
        (found,) = self.rows("SELECT * FROM transactions WHERE id = ?", tx_id)
        return found

    def until_status(self, tx_id: str, *statuses: str, seconds: float = 30.0) -> dict[str, Any]:
        """Wait until a row has one of these statuses."""
        until(
            lambda: self.row(tx_id)["status"] in statuses,
            lambda: f"{tx_id} to be {' or '.join(statuses)}; it is {self._state(tx_id)}",
            seconds,
        )
        return self.row(tx_id)

    def _state(self, tx_id: str) -> dict[str, Any]:
        return {name: self.row(tx_id)[name] for name in ("status", "tier", "error_code", "error", "tx_hash")}

    def events(self, tx_id: str) -> list[str]:
        """The audited events of a transaction, in order."""
        return [row["event_type"] for row in self.rows("SELECT * FROM audit_log WHERE tx_id = ? ORDER BY id", tx_id)]

    def log(self) -> list[dict[str, Any]]:
        """The daemon's log."""
        return [json.loads(line) for line in self.paths.log.read_text().splitlines()]

    def _forget(self) -> None:
        for client in self._clients:
            client.close()
        self._clients.clear()
        if self._operator is not None:
            self._operator.close()
            self._operator = None


def confirmed(house: House, tx: Transaction | str) -> dict[str, Any]:
    """Wait until a payment is CONFIRMED. :raises AssertionError: also as soon as it ended otherwise"""
    tx_id = tx if isinstance(tx, str) else tx.id
    row = house.until_status(tx_id, "CONFIRMED", "FAILED", "CANCELLED", "EXPIRED")
    assert row["status"] == "CONFIRMED", f"it ended {row['status']}: {row['error_code']} {row['error']}"
    return row
