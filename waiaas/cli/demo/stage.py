"""The stage: a temporary folder, a local chain and a daemon, all through the command line, and cleared away at the end."""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from waiaas_sdk import Operator

from waiaas.cli.demo.chains import DemoChain, Witness
from waiaas.cli.exits import Failure, one_line
from waiaas.cli.launching import program
from waiaas.cli.processes import find_daemon
from waiaas.config.password_file import VARIABLE as FILE_VARIABLE

_SECONDS = 90
_PORT = re.compile(r"^port = 3100$", re.MULTILINE)


class Stage:
    """Where the story plays.

    :param chain: the chain family
    """

    def __init__(self, chain: DemoChain) -> None:
        self.chain = chain
        self.folder = Path(tempfile.mkdtemp(prefix="waiaas-demo-"))
        self.data_dir = self.folder / "data"
        self.password_file = self.folder / "master-password"
        self.url = ""
        self.chain_url = ""
        self._is_kept = False
        self._localnet: subprocess.Popen[str] | None = None
        self._witness: Witness | None = None
        self._operator: Operator | None = None

    # --- as a user would ------------------------------------------------------------------------------------------------

    def waiaas(self, *arguments: str) -> Any:
        """Run a command with ``--json`` and return its document.

        :raises Failure: with the command's own words when it fails
        """
        done = self._run([*arguments, "--json"])
        if done.returncode != 0:
            said = done.stderr.strip().splitlines() or ["it said nothing"]
            raise Failure(f"`waiaas {' '.join(arguments[:2])}` failed: {one_line(said[-1]).removeprefix('waiaas: ')}")
        return json.loads(done.stdout)

    def _run(self, arguments: list[str]) -> "subprocess.CompletedProcess[str]":
        command = [*program(), "--data-dir", str(self.data_dir), *arguments]
        try:
            return subprocess.run(
                command, env=self._environ(), capture_output=True, text=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise Failure(f"`waiaas {' '.join(arguments[:2])}` took more than {_SECONDS} seconds") from None

    def _environ(self) -> dict[str, str]:
        """The user's environment without settings of a real installation."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WAIAAS_")}
        return {**kept, FILE_VARIABLE: str(self.password_file)}

    # --- the chain ------------------------------------------------------------------------------------------------------

    def start_chain(self) -> str:
        """``waiaas localnet``, in a process of its own. Returns its URL."""
        options = ["localnet", self.chain.name, "--port", "0", "--block-seconds", str(self.chain.block_seconds)]
        with (self.folder / "localnet.log").open("w") as log:
            self._localnet = subprocess.Popen(
                [*program(), "--data-dir", str(self.data_dir), *options],
                env=self._environ(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        assert self._localnet.stdout is not None
        self.chain_url = self._localnet.stdout.readline().strip()
        if not self.chain_url:
            said = (self.folder / "localnet.log").read_text("utf-8").strip().splitlines() or ["it said nothing"]
            raise Failure(f"the local chain did not start: {one_line(said[-1]).removeprefix('waiaas: ')}")
        return self.chain_url

    @property
    def witness(self) -> Witness:
        """The chain's own view."""
        if self._witness is None:
            self._witness = self.chain.witness(self.chain_url)
        return self._witness

    # --- the daemon -----------------------------------------------------------------------------------------------------

    def init(self) -> Any:
        """``waiaas init`` under a fresh password, and the two settings that differ: a free port and the local chain."""
        descriptor = os.open(self.password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(24))
        made = self.waiaas("init")
        config = self.data_dir / "config.toml"
        text, count = _PORT.subn(f"port = {_free_port()}", config.read_text("utf-8"))
        if count != 1:
            raise Failure("config.toml has no line `port = 3100`")
        config.write_text(text + self.chain.config(self.witness.url), "utf-8")
        return made

    def start_daemon(self) -> Any:
        """``waiaas start --detach``. Returns {pid, url, ...}."""
        started = self.waiaas("start", "--detach")
        self.url = started["url"]
        return started

    @property
    def operator(self) -> Operator:
        """The daemon as its person sees it, over the admin socket; logs in once, and again after a restart."""
        if self._operator is None:
            socket_path = self.data_dir / "run" / "admin.sock"
            self._operator = Operator.over_socket(socket_path, self.password_file.read_text("utf-8"))
        return self._operator

    def kill_daemon(self) -> int:
        """SIGKILL: no handler, no goodbye. Returns the process id, once it is gone."""
        import signal

        found = find_daemon(self.data_dir)
        if found is None:
            raise Failure("the daemon is not there to be killed")
        with found:
            found.signal(signal.SIGKILL)
            if not found.wait(10):
                raise Failure("the daemon survived SIGKILL")
            return found.pid

    # --- the end --------------------------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Leave everything as it is; a daemon that asked through the demo itself is led to the node and started again."""
        self._is_kept = True
        if self.witness.url != self.chain_url:
            config = self.data_dir / "config.toml"
            config.write_text(config.read_text("utf-8").replace(self.witness.url, self.chain_url), "utf-8")
            self._end_daemon()
            self.start_daemon()

    def directions(self) -> dict[str, Any]:
        """How to go on with what is left running, and how to end it."""
        chain_pid = self._localnet.pid if self._localnet is not None else 0
        shop = self.chain.people.coffee_shop
        return {
            "folder": str(self.folder),
            "url": self.url,
            "chainUrl": self.chain_url,
            "chainPid": chain_pid,
            "prepare": [
                *_path_lines(),
                f"export WAIAAS_DATA_DIR={self.data_dir}",
                f"export {FILE_VARIABLE}={self.password_file}",
                "export WAIAAS_SESSION_TOKEN=$(waiaas session issue shopper --token-only)",
            ],
            "try": ["waiaas tx list", f"waiaas tx send {shop} 2000000", "waiaas audit list", "waiaas doctor"],
            "stop": ["waiaas stop", f"kill {chain_pid}", f"rm -r {self.folder}"],
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for opened in (self._witness, self._operator):
            if opened is not None:
                opened.close()
        if not self._is_kept:
            self._clear()

    def _clear(self) -> None:
        if find_daemon(self.data_dir) is not None:
            self._end_daemon()
        if self._localnet is not None:
            self._localnet.terminate()
            try:
                self._localnet.wait(3)
            except subprocess.TimeoutExpired:
                self._localnet.kill()
                self._localnet.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end_daemon(self) -> None:
        done = self._run(["stop", "--timeout", "20"])
        if done.returncode != 0 and find_daemon(self.data_dir) is not None:
            self.kill_daemon()


def _path_lines() -> list[str]:
    """What makes ``waiaas`` a command where it is none, as in a checkout."""
    if shutil.which("waiaas") is not None:
        return []
    return [f"export PATH={Path(sys.executable).parent}:$PATH"]


def _free_port() -> int:
    """A port of this machine that nobody uses now; the daemon keeps it over its restart."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
