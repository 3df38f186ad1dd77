"""Readings: values that take a few look-ups each, read many at a time.

A reading yields look-ups and is sent what they found, in as many rounds as it needs. All look-ups of a round that have the same
text go into one statement, equal ones once: asking costs more than looking, and windows of one asset share their newest total.
A statement's text does not depend on how many there are, so that SQLite has compiled it already.
"""

import json
import re
from collections.abc import Generator, Iterable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from waiaas.store.statements import Statements

Parameter = str | int | None | tuple[str, ...]
Look = tuple[str, tuple[Parameter, ...]]
"""A scalar SELECT whose parameters are ``?1``, ``?2`` and so on, and those; a tuple of texts arrives as a JSON array."""
T = TypeVar("T")
Reading = Generator[Sequence[Look], Sequence[Any], T]
"""What it yields are look-ups; what it is sent is what each of them found, None for nothing."""

_PLACE = re.compile(r"\?([1-9])")


def read_all(sql: Statements, readings: Iterable[Reading[T]]) -> list[T]:
    """The values of all of them, in their order. :raises Exception: whatever one of them raises"""
    waiting = list(enumerate(readings))
    values: list[Any] = [None] * len(waiting)
    answers: list[Any] = [None] * len(waiting)
    while waiting:
        going_on, asked = [], []
        for (index, reading), answer in zip(waiting, answers, strict=True):
            try:
                asked.append(reading.send(answer))
            except StopIteration as end:
                values[index] = end.value
            else:
                going_on.append((index, reading))
        waiting, answers = going_on, _answers(sql, asked)
    return values


def _answers(sql: Statements, asked: Iterable[Sequence[Look]]) -> list[list[Any]]:
    """What each look-up found."""
    texts: dict[str, dict[tuple[Parameter, ...], int]] = {}
    places = [[(text, _place(texts, text, parameters)) for text, parameters in looks] for looks in asked]
    found: dict[str, dict[int, Any]] = {
        text: dict(sql.all(_together(text), (json.dumps([*wanted]),))) for text, wanted in texts.items()
    }
    return [[found[text][place] for text, place in looks] for looks in places]


def _place(texts: dict[str, dict[tuple[Parameter, ...], int]], text: str, parameters: tuple[Parameter, ...]) -> int:
    """Which of the look-ups with this text it is; equal ones are one."""
    known = texts.get(text)
    if known is None:
        known = texts[text] = {}
    return known.setdefault(parameters, len(known))


@lru_cache(maxsize=256)
def _together(text: str) -> str:
    """The look-up for each element of a JSON array of parameters."""
    look = _PLACE.sub(lambda place: f"json_extract(j.value, '$[{int(place[1]) - 1}]')", text)
    return f"SELECT j.key, ({look}) FROM json_each(?) AS j"  # noqa: S608 - texts of this package
