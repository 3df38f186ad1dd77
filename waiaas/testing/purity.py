"""A block in which nobody may look at the clock, the environment, chance, files or the network."""

import builtins
import datetime
import os
import random
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest

_OUTSIDE: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (time, ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep")),
    (os, ("getenv", "urandom", "listdir", "stat", "getpid")),
    (random, ("random", "randint", "randrange", "choice", "getrandbits")),
    (uuid, ("uuid1", "uuid4")),
    (socket, ("socket", "create_connection", "getaddrinfo")),
    (builtins, ("open",)),
)


@contextmanager
def nothing_outside(type_: type) -> Iterator[None]:
    """Whoever asks for the world outside of its arguments fails, also by a name that the type's package imported.

    Threads that ran before are somebody else's, and go on as they were; one that the type starts is its own.
    """
    others = {*threading.enumerate()} - {threading.current_thread()}
    with pytest.MonkeyPatch.context() as patch:
        found = [(name, getattr(place, name)) for place, names in _OUTSIDE for name in names]
        stand_ins = {id(real): _refusal(name, real, others) for name, real in found}
        stand_ins |= {id(datetime.datetime): _Moment, id(datetime.date): _Day}
        for module in _beside(type_):
            for name, value in [*vars(module).items()]:
                if id(value) in stand_ins:
                    patch.setattr(module, name, stand_ins[id(value)])
        for place, names in _OUTSIDE:
            for name in names:
                patch.setattr(place, name, stand_ins[id(getattr(place, name))])
        yield


def _beside(type_: type) -> list[ModuleType]:
    """The type's module, and the others of its package."""
    package = type_.__module__.rpartition(".")[0]
    return [
        module
        for name, module in [*sys.modules.items()]
        if name == type_.__module__ or (package and name.startswith(f"{package}."))
    ]


def _refusal(name: str, real: Callable[..., Any], others: Collection[threading.Thread]) -> Callable[..., Any]:
    def refuse(*given: Any, **named: Any) -> Any:
        if threading.current_thread() in others:
            return real(*given, **named)
        raise AssertionError(f"a pure function asked {name}")

    return refuse


class _Moment(datetime.datetime):
    @classmethod
    def now(cls, *_: Any) -> Any:
        raise AssertionError("a pure function asked for the time")

    utcnow = today = now


class _Day(datetime.date):
    @classmethod
    def today(cls) -> Any:
        raise AssertionError("a pure function asked for the date")
