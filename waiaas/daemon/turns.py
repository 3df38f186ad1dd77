"""Whose turn it is: requests that a crowd must not hold up do not stand behind it.

Uses internals of Waitress 3.0 (``ThreadedTaskDispatcher.queue``), whose version is pinned below 3.1.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from waitress.task import ThreadedTaskDispatcher


class Turns:
    """Requests that no thread has taken yet, in two lines of which every second turn is each one's. Not thread-safe: its
    dispatcher holds a lock.

    :param is_urgent: by the path of a request, whether it stands in the short line
    """

    def __init__(self, is_urgent: Callable[[str], bool]) -> None:
        self._is_urgent = is_urgent
        self._next: deque[Any] = deque()
        self._other: deque[Any] = deque()
        self._urgent, self._usual = self._next, self._other

    def __len__(self) -> int:
        return len(self._urgent) + len(self._usual)

    def append(self, channel: Any) -> None:
        """Put at the end of its line."""
        path = getattr(channel.requests[0], "path", "")  # a request that is no HTTP has none
        line = self._urgent if self._is_urgent(path) else self._usual
        line.append(channel)

    def popleft(self) -> Any:
        """The first of the line whose turn it is; of the other where that is empty. :raises IndexError: where both are"""
        line, after = (self._next, self._other) if self._next else (self._other, self._next)
        self._next, self._other = after, line
        return line.popleft()


def dispatcher(threads: int, is_urgent: Callable[[str], bool]) -> ThreadedTaskDispatcher:
    """Threads that take requests in turns."""
    made: Any = ThreadedTaskDispatcher()
    made.queue = Turns(is_urgent)
    made.set_thread_count(threads)
    return made  # type: ignore[no-any-return]
