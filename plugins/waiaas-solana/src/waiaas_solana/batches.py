"""Several questions in one request, and answers that are remembered for as long as they cannot mislead. Network."""

import time
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from waiaas.errors import Unavailable
from waiaas_solana.rpc import Call, Rpc

T = TypeVar("T")
Read = Callable[[Any], T]


class Answer(Generic[T]):
    """What a question gave, once its batch was sent."""

    def __init__(self) -> None:
        self._found: list[T] = []

    @classmethod
    def known(cls, value: T) -> "Answer[T]":
        """One that needs no question."""
        answer = cls()
        answer.give(value)
        return answer

    def give(self, value: T) -> None:
        """Said once."""
        self._found.append(value)

    @property
    def value(self) -> T:
        """:raises Unavailable: when it was never answered"""
        if not self._found:
            raise Unavailable("the node did not answer")
        return self._found[0]


class Batch:
    """Questions for one request. Used once, by one thread."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self._asked: list[tuple[Call, Callable[[Any], None]]] = []

    def ask(self, call: Call, read: Read[T]) -> Answer[T]:
        """A question. :param read: from the node's result to the value; raises Unavailable for what cannot be read"""
        answer: Answer[T] = Answer()
        self._asked.append((call, lambda result: answer.give(read(result))))
        return answer

    def send(self) -> None:
        """Ask everything; no question is no request. :raises Unavailable: when anything was not answered readably"""
        if self._asked:
            results = self._rpc.batch([call for call, _ in self._asked])
            for (_, take), result in zip(self._asked, results, strict=True):
                take(result)


class Remembered(Generic[T]):
    """Values that stay true for a while. Thread-safe: the worst of a race is one question more.

    :param seconds: how long; :param most: how many, before all are forgotten
    """

    def __init__(self, seconds: float, most: int = 1024, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._most, self._clock = seconds, most, clock
        self._kept: dict[Hashable, tuple[float, T]] = {}

    def get(self, key: Hashable) -> T | None:
        """The value, unless it is too old."""
        until, value = self._kept.get(key, (0.0, None))
        return value if value is not None and self._clock() < until else None

    def keep(self, key: Hashable, value: T) -> None:
        """From now on."""
        if len(self._kept) >= self._most:
            self._kept = {}
        self._kept[key] = (self._clock() + self._seconds, value)

    def asked(self, batch: Batch, key: Hashable, call: Call, read: Read[T]) -> Answer[T]:
        """The value that is remembered, or a question in the batch whose answer will be."""
        known = self.get(key)
        if known is not None:
            return Answer.known(known)

        def read_and_keep(result: Any) -> T:
            value = read(result)
            self.keep(key, value)
            return value

        return batch.ask(call, read_and_keep)
