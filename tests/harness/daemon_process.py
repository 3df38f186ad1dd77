"""One life of a real daemon process."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from tests.harness.forks import Forked, can_fork
from tests.harness.watch import Watch

READY_SECONDS = 60.0
_LAUNCHER = "tests.harness.launcher"
_END_SECONDS = 60.0


class DaemonProcess:
    """Started and ready; or dead already, where the watch killed it while it recovered.

    :param root: the data directory; its sibling files (clock, gates, output) lie in ``beside``
    :param executed: as a new image, not as a fork of one that has imported everything
    :raises AssertionError: with the daemon's last words when it is not ready in time
    """

    def __init__(
        self,
        root: Path,
        beside: Path,
        *,
        environ: Mapping[str, str],
        password: str | None,
        watch: Watch,
        executed: bool = False,
    ) -> None:
        self._output = (beside / "daemon.out").open("ab")
        variables = {"PATH": os.environ.get("PATH", ""), "HOME": str(beside)} | _python_path(environ)
        stdin, told = os.pipe()
        ready, stdout = os.pipe()
        self._ready = ready
        try:
            start = _fork if not executed and can_fork(variables) else _execute
            self._process = start(variables, stdin, stdout, self._output)
        finally:
            os.close(stdin)
            os.close(stdout)
        orders = {
            "root": str(root),
            "gates": str(beside / "gates"),
            "clock": str(beside / "clock"),
            "password": password,
            "environ": dict(environ),
            "watch": watch.to_json(),
        }
        with open(told, "wb") as file:
            file.write(json.dumps(orders).encode() + b"\n")
        self.url = self._wait_until_ready(may_die=bool(watch.kill))

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        self._process.kill()
        self.wait()

    def terminate(self) -> None:
        """SIGTERM; see :meth:`wait`."""
        self._process.terminate()

    def wait(self, seconds: float = _END_SECONDS) -> int:
        """The exit code, negative for a signal. :raises AssertionError: when it does not end"""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the daemon did not end within {seconds:g} s: {self.last_words()}") from None
        self._close()
        return code

    def signer_pid(self) -> int:
        """The process id of its signer."""
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        children = [child for task in tasks for child in (task / "children").read_text().split()]
        assert len(children) == 1, f"one child was expected, not {children}"
        return int(children[0])

    def kill_signer(self) -> None:
        """SIGKILL to the signer alone."""
        os.kill(self.signer_pid(), signal.SIGKILL)

    def last_words(self) -> str:
        """The end of what it wrote to standard error."""
        return Path(self._output.name).read_text(errors="replace")[-2000:]

    def _wait_until_ready(self, *, may_die: bool) -> str:
        descriptor, end, line = self._ready, time.monotonic() + READY_SECONDS, b""
        while not line.endswith(b"\n"):
            readable, _, _ = select.select([descriptor], [], [], max(0.0, end - time.monotonic()))
            part = os.read(descriptor, 256) if readable else b""
            if not part:
                if not readable:
                    self._process.kill()
                elif self.wait() == -signal.SIGKILL and may_die:
                    return ""
                self.wait()
                raise AssertionError(f"the daemon did not get ready: {self.last_words()}")
            line += part
        return line.decode().strip()

    def _close(self) -> None:
        if not self._output.closed:
            os.close(self._ready)
        self._output.close()


def _fork(variables: Mapping[str, str], stdin: int, stdout: int, stderr: IO[bytes]) -> Forked:
    return Forked(_LAUNCHER, env=variables, stdin=stdin, stdout=stdout, stderr=stderr)


def _execute(variables: Mapping[str, str], stdin: int, stdout: int, stderr: IO[bytes]) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-P", "-m", _LAUNCHER]
    return subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stderr, cwd="/", env=dict(variables))


def _python_path(environ: Mapping[str, str]) -> dict[str, str]:
    """Where a test has put plugins of its own."""
    return {name: value for name, value in environ.items() if name == "PYTHONPATH"}
