"""That something is under way: on standard error, on a terminal alone, and only once it has taken a second.

A spinner where nobody knows how long it takes, a bar where somebody does. What is printed on standard output is never touched.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

_AFTER_SECONDS = 1.0
_LOOK_SECONDS = 0.2
_IS_SHOWING: ContextVar[bool] = ContextVar("is_showing", default=False)
"""A call inside of work that has its own bar shows nothing of its own."""


class _Shown(Protocol):
    def start(self) -> Any: ...

    def stop(self) -> Any: ...


@contextmanager
def sign_of_life(what: str = "Waiting for the daemon") -> Iterator[None]:
    """Show that a block is being worked on, if it takes more than a second."""
    with _later(lambda: _spinner(what)):
        yield


@contextmanager
def bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how far a block has come. :param total: of what the block tells as it goes on; 0 where nobody knows"""
    done = _Done()

    def watched() -> int:
        return done.count

    with growing(what, total, watched):
        yield done.add


@contextmanager
def growing(what: str, total: int, size: Callable[[], int]) -> Iterator[None]:
    """Show how far a block has come. :param size: asked five times a second how much is done, from a thread of its own"""
    with _later(lambda: _Bar(what, total, size)):
        yield


class _Done:
    """What a block has told."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, more: int) -> None:
        self.count += more


@contextmanager
def _later(make: Callable[[], _Shown]) -> Iterator[None]:
    if _IS_SHOWING.get() or sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    token, showing = _IS_SHOWING.set(True), _Showing(make)
    timer = threading.Timer(_AFTER_SECONDS, showing.begin)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        showing.end()
        _IS_SHOWING.reset(token)


class _Showing:
    """What is shown once a second has passed, unless the work has ended by then."""

    def __init__(self, make: Callable[[], _Shown]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._is_over = False
        self._shown: _Shown | None = None

    def begin(self) -> None:
        with self._lock:
            if not self._is_over:
                self._shown = self._make()
                self._shown.start()

    def end(self) -> None:
        with self._lock:
            self._is_over = True
            if self._shown is not None:
                self._shown.stop()


def _spinner(what: str) -> _Shown:
    from rich.console import Console

    return Console(stderr=True).status(what)


class _Bar:
    """rich's bar, fed from a thread."""

    def __init__(self, what: str, total: int, size: Callable[[], int]) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self._size = size
        self._progress = Progress(console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task(what, total=total or None)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._progress.start()
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped.wait(_LOOK_SECONDS):
            self._progress.update(self._task, completed=self._size())

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()
        self._progress.stop()
