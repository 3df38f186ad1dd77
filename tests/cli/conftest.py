"""Fixtures: the program in processes of its own, data directories, and one running daemon with its chain."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.harness import forks
from tests.harness.data_directory import copy_of

PASSWORD = "violin-tarpaulin-89-grommet-xylem"
ROOT = Path(__file__).parents[2]
CHEAP = {"WAIAAS_KEYSTORE_ARGON2_MEMORY": "32768", "WAIAAS_KEYSTORE_ARGON2_TIME": "1"}


@dataclass
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """stdout as JSON."""
        return json.loads(self.out)

    @property
    def line(self) -> str:
        """stderr, which has to be one line."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        return lines[0]


@dataclass
class Program:
    """``waiaas`` on one data directory. :param executed: commands are new images, not forks of one that has imported all"""

    data_dir: Path
    environ: dict[str, str] = field(default_factory=dict)
    executed: bool = False

    def command(self, *arguments: str) -> list[str]:
        """The command line."""
        return [sys.executable, "-P", "-m", "waiaas.cli", "--data-dir", str(self.data_dir), *arguments]

    def variables(self, **more: str) -> dict[str, str]:
        """The environment, without what the machine's own installation may have set."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WAIAAS_")}
        return {**kept, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "sdk/src")]), **self.environ, **more}

    def __call__(self, *arguments: str, **more: str) -> Done:
        """Run a command without a terminal, to its end. :param more: further variables"""
        return self.within(60, *arguments, **more)

    def within(self, seconds: float, /, *arguments: str, **more: str) -> Done:
        """As a call, with another deadline."""
        run = forks.execute if self.executed else forks.run
        done = run(
            "waiaas.cli",
            ["--data-dir", str(self.data_dir), *arguments],
            env=self.variables(**more),
            timeout=seconds,
            new_session=True,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def json(self, *arguments: str, **more: str) -> Any:
        """Run a command that has to succeed, with ``--json``."""
        done = self(*arguments, "--json", **more)
        assert done.code == 0, done.err
        return done.document


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def write_password(folder: Path, password: str = PASSWORD) -> Path:
    """A password file that is private."""
    path = folder / "password"
    path.write_text(password + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def bare(tmp_path: Path) -> Program:
    """No data directory yet, no password anywhere."""
    return Program(tmp_path / "data", dict(CHEAP))


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``waiaas init`` made. No daemon has seen it, so that a copy of it is as good as it is."""
    folder = tmp_path_factory.mktemp("initialised")
    done = Program(folder / "data", {**CHEAP, "WAIAAS_MASTER_PASSWORD_FILE": str(write_password(folder))})("init")
    assert done.code == 0, done.err
    return folder / "data"


@pytest.fixture
def made(tmp_path: Path, initialised: Path) -> Iterator[Program]:
    """An initialised data directory with a password file; what runs on it at the end is stopped."""
    environ = {**CHEAP, "WAIAAS_MASTER_PASSWORD_FILE": str(write_password(tmp_path))}
    program = Program(tmp_path / "data", {**environ, "WAIAAS_DAEMON_PORT": str(free_port())})
    copy_of(initialised, program.data_dir)
    yield program
    program("stop", "--timeout", "20")


@dataclass
class Running:
    """A daemon that runs, with a chain, an agent that has funds and policies, and its session."""

    program: Program
    agent: dict[str, Any]
    token: str

    def __call__(self, *arguments: str, **more: str) -> Done:
        """Run a command against it."""
        return self.program(*arguments, **more)

    def json(self, *arguments: str, **more: str) -> Any:
        """Run a command against it that has to succeed."""
        return self.program.json(*arguments, **more)


RULES = {
    "instant_max": "10000000",
    "notify_max": "20000000",
    "delay_max": "30000000",
    "delay_seconds": 600,
    "daily_limit": "900000000",
}
FRIEND = "6tvocoi47xNi7ffVrCp5XKZpV8Z67D7fAQABp7xnxdpe"


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, initialised: Path) -> Iterator[Running]:
    """One daemon for all tests of a worker; they use names of their own."""
    folder = tmp_path_factory.mktemp("running")
    environ = {
        **CHEAP,
        "WAIAAS_MASTER_PASSWORD_FILE": str(write_password(folder)),
        "WAIAAS_DAEMON_PORT": str(free_port()),
    }
    program = Program(folder / "data", environ)
    options = program.command("localnet", "solana", "--port", "0", "--block-seconds", "0.05")
    with subprocess.Popen(options, env=program.variables(), stdout=subprocess.PIPE, text=True) as chain:
        try:
            assert chain.stdout is not None
            url = chain.stdout.readline().strip()
            copy_of(initialised, program.data_dir)
            config = program.data_dir / "config.toml"
            config.write_text(config.read_text() + f'\n[rpc.solana]\nlocalnet = "{url}"\n')
            started = program("start", "--detach")
            assert started.code == 0, started.err
            yield _peopled(program)
        finally:
            program("stop", "--timeout", "20")
            chain.send_signal(signal.SIGTERM)


def _peopled(program: Program) -> Running:
    agent = program.json("agent", "create", "bot", "--chain", "solana", "--network", "localnet")
    assert program("agent", "fund", "bot", "10SOL").code == 0
    assert program("policy", "create", "SPENDING_LIMIT", "--agent", "bot", "--rules", json.dumps(RULES)).code == 0
    return Running(program, agent, program.json("session", "issue", "bot")["token"])
