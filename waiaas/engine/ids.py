"""Which ids begin so: what a person typed of one becomes the whole, where it is the only one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from waiaas.errors import BadRequest
from waiaas.store.database import Store
from waiaas.store.ids import NOUNS, Noun

_BEGINNING = re.compile(r"[0-9a-f][0-9a-f-]{3,35}", re.ASCII)
_MOST = 8
"""Enough to see that it is not one, and which it could be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundId:
    """:param noun: what it is an id of"""

    noun: Noun
    id: str


class Ids:
    """Finds ids. Thread-safe; holds no state. Whom they belong to is told to nobody here."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def beginning(self, beginning: str, noun: Noun | None = None) -> Sequence[FoundId]:
        """The newest eight of each noun, or of one, whose ids begin so.

        :raises BadRequest: fewer than four characters, or what no id begins with
        """
        if not _BEGINNING.fullmatch(beginning):
            raise BadRequest("this is not the beginning of an id", hint="four characters at least, of 0-9, a-f and -")
        with self._store.read() as unit:
            return [
                FoundId(noun=one, id=found)
                for one in (NOUNS if noun is None else (noun,))
                for found in unit.ids.beginning(one, beginning, _MOST)
            ]
