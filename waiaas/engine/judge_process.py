"""One life of a process that judges: started, asked one question at a time, measured, killed with all that it started.

What limits a question is the processor time that the *process* used, so that nobody is denied because this machine or this
daemon is busy; wall time is the backstop, for what sleeps. Before a kill the socket is looked at once more.
"""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from waiaas.clock import SystemClock
from waiaas.engine.judge_frames import Frames, encode

_BOOTSTRAP = (
    "import sys; sys.path += [p for p in sys.argv.pop(1).split(chr(31)) if p not in sys.path]; "
    "from waiaas.engine.judge_child import main; main(sys.argv[1:])"
)
_LARGEST_ANSWER = 1024 * 1024
_CHUNK = 65536
_SHORTEST_LOOK = 0.001
_LOOKS_AFTER_TIME = 16
_monotonic = SystemClock().monotonic
Answers = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long one question may take: seconds of the process's own computing, and seconds in all."""

    computing: float
    in_all: float


class Overdue(Exception):
    """It used up its time."""


class Ended(Exception):
    """It ended, or said what no process of ours says."""


class JudgeProcess:
    """Its thread of origin must outlive it (PDEATHSIG). One question at a time; :meth:`kill` may come from any thread.

    :param expected: the hash of the plugin's files; empty for what ships inside
    :raises OSError: when no process can be started
    """

    def __init__(self, plugin: str, distribution: str, expected: str) -> None:
        self._frames = Frames(_LARGEST_ANSWER)
        self._number = 0
        self._asking = threading.Lock()
        self._is_closed = False
        self._reaping = threading.Lock()
        self._channel, theirs = socket.socketpair()
        self._channel.setblocking(False)
        self._poll = select.poll()
        try:
            self._process = _spawn(theirs, (plugin, distribution, expected))
        except OSError:
            self._channel.close()
            raise
        finally:
            theirs.close()  # while it is open here, the other end's end would go unnoticed

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_waiting(self) -> bool:
        """Whether it is there and silent, as it has to be between two questions."""
        with self._asking:
            return not self._is_closed and self._frames.is_empty and not _is_readable(self._channel)

    def first_words(self, seconds: float) -> Mapping[str, Any]:
        """What it says once it has loaded, or why it cannot. :raises Overdue: and :raises Ended: as :meth:`ask` does"""
        return self._frame(_Meter(self.pid, Patience(computing=seconds, in_all=seconds)))

    def ask(self, question: Mapping[str, Any], patience: Patience, answers: Answers) -> Mapping[str, Any]:
        """Put one question, answer those that come back, and return its answer.

        :raises Overdue: when it used up its time; kill it then
        :raises Ended: when it is gone or cannot be understood; kill it then
        """
        with self._asking:
            if self._is_closed:
                raise Ended("it ended")
            self._number += 1
            meter = _Meter(self.pid, patience)
            self._send(encode({"n": self._number, **question}), meter)
            while "ask" in (frame := self._frame(meter)):
                self._send(encode(answers(frame)), meter)
            if frame.get("n") != self._number:
                raise Ended("it answered what was not asked")
            return frame

    def kill(self) -> None:
        """End it and its whole group. May be called again, from any thread."""
        with self._reaping:
            if self._process.returncode is None:  # not reaped: the group's id is nobody else's
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.pid, signal.SIGKILL)

    def wait(self) -> None:
        """Block until it has ended, by itself or by :meth:`kill`; what it started ends with it."""
        os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        self.kill()
        with self._reaping:
            self._process.wait()

    def close(self) -> None:
        """Let go of the socket, once nobody is in the middle of a question. May be called again."""
        with self._asking:
            self._is_closed = True
            self._channel.close()

    def _frame(self, meter: "_Meter") -> dict[str, Any]:
        try:
            while (frame := self._frames.next()) is None:
                self._await(select.POLLIN, meter)
                chunk = self._channel.recv(_CHUNK)
                if not chunk:
                    raise Ended("it ended")
                self._frames.feed(chunk)
        except (OSError, ValueError) as problem:
            raise Ended(str(problem)) from problem
        return frame

    def _send(self, data: bytes, meter: "_Meter") -> None:
        view = memoryview(data)
        try:
            while view:
                self._await(select.POLLOUT, meter)
                view = view[self._channel.send(view) :]
        except OSError as problem:
            raise Ended("it ended") from problem

    def _await(self, what: int, meter: "_Meter") -> None:
        """Until the socket is ready. Time is read before the last look, so that an answer that is there always counts."""
        self._poll.register(self._channel, what)
        while True:
            left = meter.left()
            if self._poll.poll(0 if left <= 0 else max(_SHORTEST_LOOK, left) * 1000):
                if left <= 0:
                    meter.take_a_look()
                return
            if left <= 0:
                raise Overdue


class _Meter:
    """The time of one question."""

    def __init__(self, pid: int, patience: Patience) -> None:
        self._pid = pid
        self._deadline = _monotonic() + patience.in_all
        used = cpu_seconds(pid)
        self._most = None if used is None else used + patience.computing
        self._looks = _LOOKS_AFTER_TIME

    def left(self) -> float:
        """Seconds before which its time cannot be over."""
        wall = self._deadline - _monotonic()
        used = None if self._most is None else cpu_seconds(self._pid)
        return wall if used is None or self._most is None else min(wall, self._most - used)

    def take_a_look(self) -> None:
        """An answer may be there in pieces when time is over. :raises Overdue: for what dribbles on"""
        self._looks -= 1
        if self._looks < 0:
            raise Overdue


def _is_readable(channel: socket.socket) -> bool:
    poll = select.poll()
    poll.register(channel, select.POLLIN)
    return bool(poll.poll(0))


def cpu_seconds(pid: int) -> float | None:
    """Processor time that a process has used, all its threads; None where the platform does not tell, or it has gone."""
    if sys.platform != "linux":
        return None
    try:
        return time.clock_gettime((~pid << 3) | 2)  # the clock of another process: clock_getcpuclockid(3)
    except OSError:
        return None


def _spawn(theirs: socket.socket, plugin: tuple[str, str, str]) -> "subprocess.Popen[bytes]":
    """Isolated (-I), without the daemon's environment, descriptors, terminal or folder, in a session of its own."""
    paths = "\x1f".join(path for path in sys.path if path)
    settings = [str(theirs.fileno()), str(os.getpid()), *plugin]
    return subprocess.Popen(
        [sys.executable, "-I", "-c", _BOOTSTRAP, paths, *settings],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(theirs.fileno(),),
        close_fds=True,
        # Nothing but what the loader needs to find the interpreter's own libraries.
        env={name: value for name, value in os.environ.items() if name == "LD_LIBRARY_PATH"},
        cwd="/",
        start_new_session=True,
    )
