"""What comes out of a process that judges, read strictly. Pure. Anything odd is no answer, and no answer denies.

The code that answers is a stranger's: types, ranges and names are checked here, so that nothing of it reaches the money path
that a type of the house could not have said.
"""

import re
from collections.abc import Collection
from dataclasses import replace
from typing import Any, TypeVar

from waiaas.errors import Malformed
from waiaas.interfaces.policy import Verdict, Window
from waiaas.interfaces.wire import from_wire
from waiaas.registry.asking import printable

_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,63}", re.ASCII)
_NAME = re.compile(r"[\x21-\x7e]{1,64}", re.ASCII)
_MOST_WINDOWS, _MOST_CONDITIONS, _MOST_MARKS, _MOST_AGENTS = 16, 8, 16, 1000
_LONGEST_CONDITION = 65536
_LONGEST_SECONDS = 100 * 366 * 86400
_LARGEST_UNITS = 10**80
_LATEST = 2**53
T = TypeVar("T")


class Nonsense(ValueError):
    """An answer that is none."""


def read_windows(data: Any) -> tuple[Window, ...]:
    """The windows that a type asks for. :raises Nonsense: for anything else"""
    _demand(isinstance(data, list) and len(data) <= _MOST_WINDOWS, "windows that are no short list")
    windows = tuple(_read(Window, one) for one in data)
    _demand(len({window.name for window in windows}) == len(windows), "two windows of one name")
    for window in windows:
        _demand(_NAME.fullmatch(window.name), "a window without a plain name")
        _demand(window.seconds is None or 0 < window.seconds <= _LONGEST_SECONDS, "a window of no sensible length")
        _demand(len(window.where) <= _MOST_CONDITIONS, "too many conditions")
        _demand(all(len(text) <= _LONGEST_CONDITION for text in window.where.values()), "too long a condition")
    return windows


def read_verdict(data: Any, windows: Collection[str]) -> Verdict | None:
    """A verdict, or None where the policy does not apply.

    :param windows: the names of those that it was given
    :raises Nonsense: for anything else
    """
    if data is None:
        return None
    verdict = _read(Verdict, data)
    _demand(_CODE.fullmatch(verdict.code), "a code that is not upper snake case")
    _demand(_is_within(verdict.remaining, _LARGEST_UNITS), "what remains is no amount")
    _demand(_is_within(verdict.resets_at, _LATEST), "a reset at no time")
    _demand(_is_within(verdict.delay_seconds, _LONGEST_SECONDS), "a delay of no sensible length")
    _demand(len(verdict.marks) <= _MOST_MARKS and all(map(_NAME.fullmatch, verdict.marks)), "marks that are no words")
    _demand(len(verdict.freeze_agents) <= _MOST_AGENTS, "too many agents to suspend")
    _demand(all(map(_NAME.fullmatch, verdict.freeze_agents)), "agents without a plain id")
    _demand(set(verdict.valid_while) <= set(windows), "a bound on a window that was not asked for")
    _demand(all(abs(most) <= _LARGEST_UNITS for most in verdict.valid_while.values()), "a bound that is no amount")
    return replace(verdict, reason=printable(verdict.reason))


def _read(kind: type[T], data: Any) -> T:
    try:
        return from_wire(kind, data)
    except Malformed as problem:
        raise Nonsense(problem.message) from None


def _is_within(number: int | None, most: int) -> bool:
    return number is None or 0 <= number <= most


def _demand(holds: object, otherwise: str) -> None:
    if not holds:
        raise Nonsense(otherwise)
