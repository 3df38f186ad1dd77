"""A process that has imported the house once and forks it: most of what a daemon or a command costs is its imports.

Run as ``python -P -m tests.harness.forkserver <descriptor>``. An order names a module, which a forked child then runs exactly
as ``python -P -m`` would: with the arguments, environment, folder, descriptors, signals and ``sys.path`` of a new process.
What a fork cannot show (what stands in ``/proc/<pid>/cmdline`` and ``environ``, what an ``exec`` undoes) is tested with one.

The server has one thread whenever it forks, and holds no secret: passwords go to its children by pipe or environment.
"""

import contextlib
import gc
import importlib
import io
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import time
from importlib.metadata import entry_points
from typing import Any

_LARGEST_ORDER = 1024 * 1024
_DESCRIPTORS = 4
"""The child's three, and the pipe by which its process id and its end are told."""
_UNLOADED = ("waiaas.testing", "waiaas.builtin.cel_language")
"""Not part of the daemon or of any command; the test kits bring pytest, and expressions are read in a process of their own."""


class Server:
    """Children by the pidfd that tells of their end. :param control: where orders come from; its end ends everything"""

    def __init__(self, control: int) -> None:
        self._control = control
        self._children: dict[int, tuple[int, int]] = {}
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)

    def serve(self) -> dict[str, Any] | None:
        """Until nobody asks any more. :returns: in the server None; in a child, which has to run it, the order"""
        while True:
            for ready, _ in self._poll.poll():
                if ready != self._control:
                    self._bury(ready)
                elif (order := self._receive()) is None:
                    self._kill_all()
                    return None
                elif self._fork(*order):
                    return order[0]

    def _receive(self) -> tuple[dict[str, Any], list[int]] | None:
        with socket.socket(fileno=os.dup(self._control)) as control:
            text, descriptors, _, _ = socket.recv_fds(control, _LARGEST_ORDER, _DESCRIPTORS)
        return (json.loads(text), descriptors) if text else None

    def _fork(self, order: dict[str, Any], descriptors: list[int]) -> bool:
        assert len(os.listdir("/proc/self/task")) == 1, "a fork copies one thread, and the locks that the others hold"
        pid = os.fork()
        if pid == 0:
            _become(order, descriptors)
            return True
        *theirs, telling = descriptors
        for descriptor in theirs:
            os.close(descriptor)
        os.write(telling, f"{pid}\n".encode())
        handle = os.pidfd_open(pid)
        self._children[handle] = (pid, telling)
        self._poll.register(handle, select.POLLIN)
        return False

    def _bury(self, handle: int) -> None:
        pid, telling = self._children.pop(handle)
        self._poll.unregister(handle)
        os.close(handle)
        _, status = os.waitpid(pid, 0)
        with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
            os.write(telling, f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os.close(telling)

    def _kill_all(self) -> None:
        for pid, _ in self._children.values():
            os.kill(pid, signal.SIGKILL)


def main() -> None:
    """The server; and, in each of its children, the program that was asked for."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C is for whoever runs the tests; the end of the socket ends this
    load()
    gc.collect()
    gc.freeze()
    order = Server(int(sys.argv[1])).serve()
    if order is not None:
        runpy.run_module(order["module"], run_name="__main__", alter_sys=True)


def load() -> None:
    """Import what daemons and commands import, and the plugins."""
    for name in ("waiaas", "waiaas_sdk", "tests.harness.watch", "tests.harness.shifted_clock"):
        package = importlib.import_module(name)
        for found in pkgutil.walk_packages(getattr(package, "__path__", ()), f"{name}."):
            if not found.name.endswith("__main__") and not found.name.startswith(_UNLOADED):
                importlib.import_module(found.name)
    for point in entry_points(group="waiaas"):
        point.load()


def _become(order: dict[str, Any], descriptors: list[int]) -> None:
    """What an exec gives a new process, as far as it can be seen from inside."""
    if order["new_session"]:
        os.setsid()
    for number, descriptor in enumerate(descriptors[:3]):
        os.dup2(descriptor, number)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["environ"])
    escaping = _settle_locale()
    time.tzset()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv[:] = [order["module"], *order["arguments"]]
    own = os.environ.get("PYTHONPATH", "")
    sys.path[:0] = own.split(os.pathsep) if own else []
    importlib.invalidate_caches()
    sys.stdin = sys.__stdin__ = _text(0, "r", errors=escaping)  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = _text(1, "w", errors=escaping)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _text(2, "w", errors="backslashreplace", line_buffering=True)  # type: ignore[misc]


def _settle_locale() -> str:
    """How the standard streams treat bytes that are no text. PEP 538, PEP 540."""
    locale = next((os.environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if os.environ.get(name)), "C")
    if locale not in ("C", "POSIX"):
        return "strict"
    if not os.environ.get("LC_ALL"):
        os.environ["LC_CTYPE"] = "C.UTF-8"
    return "surrogateescape"


def _text(number: int, mode: str, **options: Any) -> io.TextIOWrapper:
    """A standard stream, as the interpreter makes it."""
    plain = open(number, f"{mode}b", closefd=False)  # noqa: SIM115 - as long as the process
    return io.TextIOWrapper(plain, **{"encoding": "utf-8", "line_buffering": plain.isatty(), **options})


if __name__ == "__main__":
    main()
