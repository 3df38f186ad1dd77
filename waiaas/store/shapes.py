"""Rows to records and back: which columns a record has, and how the few that differ are turned."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from operator import attrgetter
from typing import Any, Generic, TypeVar

from waiaas.store.statements import Row

R = TypeVar("R")

_Turn = tuple[Callable[[Any], Any], Callable[[Any], Any]]

AMOUNT: _Turn = (int, str)
"""Text in SQL, ``int`` here."""
FLAG: _Turn = (bool, int)
"""0 or 1 in SQL, ``bool`` here."""


class Shape(Generic[R]):
    """One record and its table.

    :param turns: for columns that differ, from SQL and to SQL; None stays None
    :param renamed: the record's word to the column's word, where they are not the same
    """

    def __init__(
        self,
        record: type[R],
        table: str,
        *,
        turns: Mapping[str, _Turn] | None = None,
        renamed: Mapping[str, str] | None = None,
    ) -> None:
        self.record = record
        self.table = table
        self.fields = tuple(field.name for field in fields(record))  # type: ignore[arg-type]
        renamed = renamed or {}
        self.column_names = tuple(renamed.get(name, name) for name in self.fields)
        self.columns = ", ".join(f'"{name}"' for name in self.column_names)
        self.insert = f"INSERT INTO {table} ({self.columns}) VALUES ({', '.join('?' * len(self.fields))})"  # noqa: S608 - names of our own
        self._get = attrgetter(*self.fields)
        self._turns = dict(turns or {})
        self._placed = tuple((self.fields.index(name), *turn) for name, turn in self._turns.items())

    def select(self, rest: str) -> str:
        """``SELECT <columns> FROM <table> <rest>``"""
        return f"SELECT {self.columns} FROM {self.table} {rest}"  # noqa: S608 - names of our own

    def read(self, row: Row) -> R:
        """The record of a row that ``select`` gave."""
        columns = dict(zip(self.fields, row, strict=True))
        for name, (turn, _) in self._turns.items():
            if columns[name] is not None:
                columns[name] = turn(columns[name])
        return self.record(**columns)

    def values(self, record: R) -> list[Any]:
        """Parameters for ``insert``."""
        values = list(self._get(record))
        for position, _, turn in self._placed:
            if values[position] is not None:
                values[position] = turn(values[position])
        return values
