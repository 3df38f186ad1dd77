"""``stop.request``: an order to stop that needs no daemon, no password and no room on a socket.

One JSON order a line. Its presence alone is an order: an empty file, a line that cannot be read, a link, a folder, a file of
somebody else or one that is too large all say SUSPENDED for everything. It can only tighten; taking it away recovers nothing.
"""

import json
import logging
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waiaas.config import write_private
from waiaas.engine.rules.kill_switch_states import LOCKED, SUSPENDED, State
from waiaas.engine.rules.text import shown

_log = logging.getLogger("waiaas.kill_switch")
_MOST_BYTES = 65536
_LONGEST_REASON = 200
_UNREADABLE = b"what was here could not be read\n"
_FIELDS = {"state": "state", "agent_id": "agentId", "session_id": "sessionId", "reason": "reason"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order to stop: everything, one agent (by id or name), or one session. :param state: SUSPENDED or LOCKED"""

    state: State = SUSPENDED
    agent_id: str | None = None
    session_id: str | None = None
    reason: str = ""

    @property
    def is_for_everything(self) -> bool:
        """Whether it names no agent and no session."""
        return self.agent_id is None and self.session_id is None

    def covers(self, other: "Order") -> bool:
        """Whether it stops the same as ``other``, as hard."""
        is_same = (self.agent_id, self.session_id) == (other.agent_id, other.session_id)
        return is_same and self.state in (other.state, LOCKED)

    def encoded(self) -> bytes:
        """One line of the file."""
        document = {wire: getattr(self, name) for name, wire in _FIELDS.items() if getattr(self, name)}
        return json.dumps(document, sort_keys=True).encode() + b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What lies there. :param mark: tells it from a later one in its place"""

    orders: tuple[Order, ...]
    mark: tuple[int, ...]


class StopRequest:
    """The file of one data directory. Reading costs one system call while there is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_stuck = False

    def read(self) -> Found | None:
        """The orders that lie there; None where nothing does."""
        try:
            seen = os.lstat(self._path)
        except FileNotFoundError:
            self._is_stuck = False
            return None
        except OSError:
            return Found(orders=(Order(reason="stop.request cannot be looked at"),), mark=())
        return Found(orders=self._orders(seen), mark=_mark(seen))

    def leave(self, order: Order) -> bool:
        """Put an order there, beside those that lie there. May be called again.

        Where the disk has no room for its words, a file without any is made of it, which needs no block and stops everything.

        :returns: whether it lies there as it was given; False where more is stopped: SUSPENDED for everything
        :raises OSError: when nothing could be left, and so nothing is stopped by it
        """
        try:
            write_private(self._path, with_order(_present(self._path), order))
        except OSError:
            if not any(one.is_for_everything for one in self._lying()):
                _make_bare(self._path, order)
            lying = self._lying()
            if any(one.covers(order) for one in lying):
                return True
            if not any(one.is_for_everything for one in lying):
                raise
            return False
        return True

    def _lying(self) -> tuple[Order, ...]:
        found = self.read()
        return () if found is None else found.orders

    def clear(self, found: Found) -> None:
        """Take away what was read. What came in its place since stays, and so does what cannot be taken away."""
        try:
            if _mark(os.lstat(self._path)) == found.mark:
                self._path.unlink()
        except FileNotFoundError:
            return
        except OSError as problem:
            if not self._is_stuck:
                _log.error("stop.request was heeded and cannot be removed: %s", problem.strerror)
            self._is_stuck = True

    def _orders(self, seen: os.stat_result) -> tuple[Order, ...]:
        if not stat.S_ISREG(seen.st_mode) or seen.st_uid != os.geteuid() or seen.st_size > _MOST_BYTES:
            return (Order(reason="stop.request is no plain file of ours"),)
        try:
            file = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(file, "rb") as stream:
                text = stream.read(_MOST_BYTES + 1)
        except OSError:
            return (Order(reason="stop.request cannot be read"),)
        lines = text.splitlines()
        return tuple(dict.fromkeys(_order(line) for line in lines)) or (Order(reason="stop.request was there"),)


def with_order(present: bytes, order: Order) -> bytes:
    """The file with one order more. :param present: its bytes, or none; what cannot be read stays, since it is an order"""
    return present + (b"" if not present or present.endswith(b"\n") else b"\n") + order.encoded()


def _present(path: Path) -> bytes:
    """What lies there already, which stays an order; what cannot be read is one too."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return b""
    except OSError:
        return _UNREADABLE
    with open(file, "rb") as stream:
        try:
            found = stream.read(_MOST_BYTES)
        except OSError:
            return _UNREADABLE
    return found if 0 < len(found) < _MOST_BYTES // 2 else _UNREADABLE


def _make_bare(path: Path, order: Order) -> None:
    """An empty file; one that lies there gets the order in what room its last block has, and loses its words without any."""
    with suppress(OSError):
        file = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600
        )
        try:
            if os.fstat(file).st_size:
                _append_or_empty(file, order.encoded())
            os.fsync(file)
        finally:
            os.close(file)


def _append_or_empty(file: int, line: bytes) -> None:
    """Narrower orders that lie there give way: nothing of theirs is let on by an order for everything."""
    try:
        written = os.write(file, b"\n" + line)
    except OSError:
        written = 0
    if written <= len(line):
        os.ftruncate(file, 0)


def _order(line: bytes) -> Order:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        document = None
    if not _is_order(document):
        return Order(reason="stop.request has a line that cannot be read")
    return Order(
        state=document["state"],
        agent_id=document.get("agentId"),
        session_id=document.get("sessionId"),
        reason=shown(document.get("reason", ""))[:_LONGEST_REASON],
    )


def _is_order(document: Any) -> bool:
    return (
        isinstance(document, dict)
        and document.keys() <= set(_FIELDS.values())
        and document.get("state") in (SUSPENDED, LOCKED)
        and all(isinstance(value, str) for value in document.values())
        and not ("agentId" in document and "sessionId" in document)
    )


def _mark(seen: os.stat_result) -> tuple[int, ...]:
    return seen.st_ino, seen.st_mtime_ns, seen.st_size
