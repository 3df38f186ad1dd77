"""Programs of the house as processes of their own, forked from one that has imported everything: see :mod:`.forkserver`.

For tests whose claim is not about how a process begins. A process is executed all the same where its environment could make
the interpreter itself another one.
"""

import atexit
import contextlib
import importlib.util
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

_START_SECONDS = 60.0
_OUTPUT_CHUNK = 65536
_INTERPRETERS_OWN = ("PYTHON", "LANG", "LC_", "LD_", "TZ")
"""Beginnings of the variables that an interpreter reads once, when it starts."""


class Forked:
    """One process; the part of ``subprocess.Popen`` that tests use.

    :param module: what is run as by ``python -P -m``
    :param stdin: and its siblings: open files or descriptors; the caller's to close
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str] = (),
        *,
        env: Mapping[str, str],
        stdin: int | IO[Any],
        stdout: int | IO[Any],
        stderr: int | IO[Any],
        cwd: str | Path = "/",
        new_session: bool = False,
    ) -> None:
        self.returncode: int | None = None
        self._told, telling = os.pipe()
        order = {
            "module": module,
            "arguments": list(arguments),
            "environ": dict(env),
            "cwd": str(cwd),
            "new_session": new_session,
        }
        try:
            _Server.running().send(order, [_number(stdin), _number(stdout), _number(stderr), telling])
        finally:
            os.close(telling)
        line = self._line(_START_SECONDS)
        assert line is not None, "the fork server made no process"
        self.pid = line

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        if self.returncode is None:
            self.returncode = self._line(0)
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Wait for its end. :raises subprocess.TimeoutExpired: when it does not come"""
        if self.returncode is None:
            self.returncode = self._line(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        """Nothing when it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def _line(self, seconds: float) -> int | None:
        """The next number that the server tells of it; None when none comes in time."""
        readable, _, _ = select.select([self._told], [], [], seconds)
        if not readable:
            return None
        line = b""
        while not line.endswith(b"\n"):
            part = os.read(self._told, 1)
            assert part, "the fork server ended"
            line += part
        return int(line)

    def __del__(self) -> None:
        os.close(self._told)


def run(
    module: str,
    arguments: Sequence[str] = (),
    *,
    env: Mapping[str, str],
    stdin: str = "",
    timeout: float = 60,
    cwd: str | Path | None = None,
    new_session: bool = False,
) -> "subprocess.CompletedProcess[str]":
    """A program to its end, with what it wrote; as ``subprocess.run`` with ``capture_output`` and ``text``.

    :param stdin: what it can read; nothing makes it the null device
    :raises subprocess.TimeoutExpired: and kills it
    """
    if not can_fork(env):
        return execute(module, arguments, env=env, stdin=stdin, timeout=timeout, cwd=cwd, new_session=new_session)
    with contextlib.ExitStack() as stack:
        out, err = (os.memfd_create(name) for name in ("out", "err"))
        stack.callback(os.close, out)
        stack.callback(os.close, err)
        source = os.memfd_create("in") if stdin else os.open(os.devnull, os.O_RDONLY)
        stack.callback(os.close, source)
        if stdin:
            os.write(source, stdin.encode())
            os.lseek(source, 0, os.SEEK_SET)
        child = Forked(
            module,
            arguments,
            env=env,
            stdin=source,
            stdout=out,
            stderr=err,
            cwd=cwd or os.getcwd(),
            new_session=new_session,
        )
        try:
            code = child.wait(timeout)
        except subprocess.TimeoutExpired:
            child.kill()
            raise
        return subprocess.CompletedProcess([module, *arguments], code, _written(out), _written(err))


def execute(
    module: str,
    arguments: Sequence[str] = (),
    *,
    env: Mapping[str, str],
    stdin: str = "",
    timeout: float = 60,
    cwd: str | Path | None = None,
    new_session: bool = False,
) -> "subprocess.CompletedProcess[str]":
    """As :func:`run`, by a new image of the interpreter."""
    given: dict[str, Any] = {"input": stdin} if stdin else {"stdin": subprocess.DEVNULL}
    return subprocess.run(
        [sys.executable, "-P", "-m", module, *arguments],
        env=dict(env),
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=cwd,
        start_new_session=new_session,
        check=False,
        **given,
    )


def can_fork(env: Mapping[str, str]) -> bool:
    """Whether a fork of the server shows what a new process with this environment would.

    ``PYTHONPATH`` may name further folders, of which none hides or hooks what is imported already.
    """
    names = {name for name in {*env, *os.environ} if name.startswith(_INTERPRETERS_OWN) and name != "PYTHONPATH"}
    if any(env[name] != os.environ.get(name) for name in names & env.keys()):
        return False
    return not any(_hides_or_hooks(Path(place)) for place in env.get("PYTHONPATH", "").split(os.pathsep) if place)


def _hides_or_hooks(folder: Path) -> bool:
    names = {path.name.partition(".")[0] for path in folder.iterdir()} if folder.is_dir() else set()
    if names & {"sitecustomize", "usercustomize"}:
        return True
    return str(folder) not in sys.path and any(importlib.util.find_spec(name) for name in names - {""})


def _written(descriptor: int) -> str:
    os.lseek(descriptor, 0, os.SEEK_SET)
    with open(descriptor, "rb", closefd=False) as file:
        return file.read().decode().replace("\r\n", "\n")


def _number(file: int | IO[Any]) -> int:
    return file if isinstance(file, int) else file.fileno()


class _Server:
    """The fork server of this very process."""

    _one: "_Server | None" = None

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "tests.harness.forkserver", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                cwd="/",
                env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            )
        atexit.register(self._close)

    @classmethod
    def running(cls) -> "_Server":
        """Started when it is first needed; a fork of this process starts its own."""
        if cls._one is None or cls._one._owner != os.getpid():
            cls._one = cls()
        return cls._one

    def send(self, order: Mapping[str, Any], descriptors: Sequence[int]) -> None:
        """Have one process made."""
        socket.send_fds(self._control, [json.dumps(order).encode()], descriptors)

    def _close(self) -> None:
        if self._owner == os.getpid():
            self._control.close()
            self._process.wait()
