"""Asking a plugin in a process of its own, with a time limit: a hang, a crash or an exit stays there."""

import json
import os
import select
import signal
import subprocess
import sys
from dataclasses import dataclass

from waiaas.clock import SystemClock
from waiaas.registry.asking import printable
from waiaas.registry.installed import Installed
from waiaas.registry.records import Registers

LIMIT_SECONDS = 10.0
AT_ONCE = 8
"""Processes; they wait more than they work, and one that hangs keeps its place until its time is over."""
_LARGEST = 65536
monotonic = SystemClock().monotonic


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What was learnt. :param error: None when it would load"""

    api_version: int | None = None
    error: str | None = None
    registers: Registers | None = None


def examine(plugin: Installed, *, limit: float = LIMIT_SECONDS) -> Examined:
    """Import the plugin in a child process and ask what it registers. Blocks for at most ``limit`` seconds, or little more."""
    reading, writing = os.pipe()
    try:
        child = _spawn(plugin, writing)
    except OSError as error:
        os.close(reading)
        return Examined(error=f"no process could be started to ask it: {error.strerror}")
    finally:
        os.close(writing)
    try:
        line = _line(reading, monotonic() + limit)
    finally:
        os.close(reading)
        code = _end(child)
    if line is None:
        return Examined(error=f"it did not answer within {limit:g} seconds")
    return _read(line, code)


def _spawn(plugin: Installed, writing: int) -> "subprocess.Popen[bytes]":
    """Same interpreter and same ``sys.path``; no variable of ours, which may hold a password; no terminal."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("WAIAAS_")}
    environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    command = [sys.executable, "-P", "-m", "waiaas.registry.probe", str(writing), plugin.name, plugin.distribution]
    return subprocess.Popen(
        command,
        env=environ,
        stdin=subprocess.PIPE,  # its end tells the child that we are gone
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[writing],
        start_new_session=True,
    )


def _line(reading: int, deadline: float) -> bytes | None:
    """The child's answer up to its newline; b"" when it ended without one; None when time ran out."""
    answer = b""
    while not answer.endswith(b"\n") and len(answer) <= _LARGEST:
        ready, _, _ = select.select([reading], [], [], max(0.0, deadline - monotonic()))
        if not ready:
            return None
        chunk = os.read(reading, _LARGEST)
        if not chunk:
            return b""
        answer += chunk
    return answer


def _end(child: "subprocess.Popen[bytes]") -> int:
    """End the child and its whole group, grandchildren included; the group's id is ours until ``wait``."""
    ended = child.poll()
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        ended = child.wait()
    if child.stdin is not None:
        child.stdin.close()
    code = child.wait()
    return code if ended is None else ended


def _read(line: bytes, code: int) -> Examined:
    try:
        told = json.loads(line)
        registers = told["registers"]
        return Examined(
            api_version=told["apiVersion"],
            error=None if told["error"] is None else printable(told["error"]),
            registers=None if registers is None else Registers(**{k: tuple(v) for k, v in registers.items()}),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return Examined(error=f"its process ended without an answer ({how})")
