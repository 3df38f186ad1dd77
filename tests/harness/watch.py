"""What a test wants done at a step of the pipeline: the process killed, held until the test lets it go, or its thread ended."""

import os
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_POLL_SECONDS = 0.005
_LONGEST_HOLD_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class At:
    """The ``nth`` time that a step is reached, counted from 1 over all transactions of the process."""

    step: str
    nth: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """:param kill: where the process kills itself; :param hold: where a thread waits until the test opens the gate

    :param end: where a thread ends, as one does by what nobody expected
    """

    kill: tuple[At, ...] = ()
    hold: tuple[At, ...] = ()
    end: tuple[At, ...] = ()

    def to_json(self) -> dict[str, list[list[Any]]]:
        """For the launcher's standard input."""
        return {
            "kill": [[at.step, at.nth] for at in self.kill],
            "hold": [[at.step, at.nth] for at in self.hold],
            "end": [[at.step, at.nth] for at in self.end],
        }

    @classmethod
    def from_json(cls, document: dict[str, list[list[Any]]]) -> "Watch":
        """What :meth:`to_json` wrote."""
        return cls(**{name: tuple(At(*at) for at in document[name]) for name in ("kill", "hold", "end")})


def kill_at(step: str, nth: int = 1) -> Watch:
    """SIGKILL at the ``nth`` arrival at a step."""
    return Watch(kill=(At(step, nth),))


def hold_at(step: str, nth: int = 1) -> Watch:
    """Hold the thread that arrives there for the ``nth`` time."""
    return Watch(hold=(At(step, nth),))


def end_at(step: str, nth: int = 1) -> Watch:
    """End the thread that arrives there for the ``nth`` time."""
    return Watch(end=(At(step, nth),))


@dataclass(slots=True)
class Watcher:
    """The observer in the daemon's process. :param gates: the folder in which the test and it leave each other files"""

    watch: Watch
    gates: Path
    _seen: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, step: str, tx_id: str) -> None:
        """Told of a step by a thread of the daemon."""
        with self._lock:
            self._seen[step] += 1
            at = At(step, self._seen[step])
            if at in self.watch.kill:
                os.kill(os.getpid(), signal.SIGKILL)
        if at in self.watch.end:
            raise SystemExit("this thread ends")
        if at in self.watch.hold:
            self._hold(at, tx_id)

    def _hold(self, at: At, tx_id: str) -> None:
        reached_file(self.gates, at).write_text(tx_id)
        end = time.monotonic() + _LONGEST_HOLD_SECONDS
        while not opened_file(self.gates, at).exists():
            if time.monotonic() >= end:
                raise AssertionError(f"nobody opened the gate at {at}")
            time.sleep(_POLL_SECONDS)


def reached_file(gates: Path, at: At) -> Path:
    """There once a thread is held."""
    return gates / f"reached-{at.step}-{at.nth}"


def opened_file(gates: Path, at: At) -> Path:
    """Made by the test to let it go on."""
    return gates / f"opened-{at.step}-{at.nth}"
