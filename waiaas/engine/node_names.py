"""The addresses of a node's name, found within a time: the machine's own look-up knows no deadline."""

import socket
import threading
import time
from collections.abc import Sequence
from typing import Any

Addresses = Sequence[tuple[int, int, int, Any]]
"""Family, kind, protocol and address of each, as :func:`socket.socket` and its ``connect`` take them."""

_MOST_ADDRESSES = 8


class Names:
    """Looks one name up. Thread-safe; nothing is remembered between look-ups, so that a name that moves is followed.

    A look-up that hangs keeps one thread, whoever else asks waits for that same one: a name server that is away costs a thread
    for each endpoint and no more.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._lock = threading.Lock()
        self._running: _LookUp | None = None

    def addresses(self, end: float) -> Addresses:
        """At most eight, in the machine's order. Network, unless the name is an address.

        :param end: on the monotonic clock
        :raises OSError: when the name has none, or they are not found in time
        """
        try:
            return _found(self._host, self._port, socket.AI_NUMERICHOST)
        except (socket.gaierror, UnicodeError):
            return self._current().wait(end)

    def _current(self) -> "_LookUp":
        with self._lock:
            if self._running is None or self._running.is_over:
                self._running = _LookUp(self._host, self._port)
            return self._running


class _LookUp:
    """One question to the machine's resolver, on a thread of its own."""

    def __init__(self, host: str, port: int) -> None:
        self._over = threading.Event()
        self._addresses: Addresses = ()
        self._problem: OSError | None = None
        threading.Thread(target=self._run, args=(host, port), name="waiaas-name", daemon=True).start()

    @property
    def is_over(self) -> bool:
        return self._over.is_set()

    def wait(self, end: float) -> Addresses:
        if not self._over.wait(max(0.0, end - time.monotonic())):
            raise TimeoutError("the name was not found in time")
        if self._problem is not None:
            raise self._problem
        return self._addresses

    def _run(self, host: str, port: int) -> None:
        try:
            self._addresses = _found(host, port)
        except OSError as problem:
            self._problem = problem
        except UnicodeError:
            self._problem = OSError("this is no name")
        finally:
            self._over.set()


def _found(host: str, port: int, flags: int = 0) -> Addresses:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [(family, kind, protocol, where) for family, kind, protocol, _, where in found[:_MOST_ADDRESSES]]
