"""The narrow pass through which every hand-written statement goes: parameters bound, faults translated, reads kept reads."""

import sqlite3
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

from waiaas.errors import NotReady, WaiaasError
from waiaas.store.faults import StoreFault, translate

Row = tuple[Any, ...]


class Moment(Enum):
    """Which moments the statements of one unit see."""

    EACH = "each its own"
    ONE = "all the same"
    SETTLED = "all the same, and no seal changes meanwhile"


class Outdated(BaseException):
    """In a unit of one moment: a row may be older than its seal. Not for anybody to catch but the store, which looks again."""


class Statements:
    """Runs SQL on the connection of one unit.

    :param connection: inside a transaction when ``writable`` or of one moment, else in autocommit
    :param after_write: told after each statement that writes
    :param moment: whether all statements see the same, and what may be said of their seals
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        writable: bool,
        after_write: Callable[[], None],
        moment: Moment = Moment.EACH,
    ) -> None:
        self._connection = connection
        self._after_write = after_write
        self.writable = writable
        self.moment = Moment.SETTLED if writable else moment
        self.failure: Exception | None = None

    def reading(self) -> "Statements":
        """The same session for somebody who only reads."""
        if not self.writable:
            return self
        return Statements(self._connection, writable=False, after_write=self._after_write, moment=self.moment)

    def finish(self) -> None:
        """Before the commit: a unit whose transaction is lost must not look as if it had ended well.

        :raises WaiaasError: what broke it, though the caller may have caught that
        """
        if self.failure is not None:
            raise self.failure
        if self.writable and not self._connection.in_transaction:
            raise StoreFault("the transaction ended before its unit did")

    def end(self) -> None:
        """After the unit: a statement that came later would be written on its own, outside of any transaction."""
        self.failure = RuntimeError("this unit has ended")

    def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Every row of a SELECT. :raises WaiaasError: as :func:`waiaas.store.faults.translate` has it"""
        try:
            return self._execute(sql, parameters).fetchall()
        except sqlite3.Error as fault:
            raise self._broken(fault) from fault

    def one(self, sql: str, parameters: Sequence[Any] = ()) -> Row | None:
        """The first row of a SELECT, or None."""
        try:
            row: Row | None = self._execute(sql, parameters).fetchone()
        except sqlite3.Error as fault:
            raise self._broken(fault) from fault
        return row

    def only(self, sql: str, parameters: Sequence[Any] = ()) -> Row:
        """The row of a SELECT that always gives one, such as an aggregate."""
        row = self.one(sql, parameters)
        if row is None:
            raise StoreFault("a statement that always gives a row gave none")
        return row

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        """A statement that writes; its cursor tells ``rowcount``.

        :raises RuntimeError: in a unit that only reads
        """
        if not self.writable:
            raise RuntimeError("this unit only reads: open the store with write() to change something")
        try:
            cursor = self._execute(sql, parameters)
        except sqlite3.Error as fault:
            raise self._broken(fault) from fault
        self._after_write()
        return cursor

    def insert(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """An INSERT of one row whose id the store gives; returns that id."""
        return int(self.run(sql, parameters).lastrowid or 0)

    def _execute(self, sql: str, parameters: Sequence[Any]) -> sqlite3.Cursor:
        if self.failure is not None:
            raise self.failure
        return self._connection.execute(sql, parameters)

    def _broken(self, fault: sqlite3.Error) -> WaiaasError:
        error = translate(fault) or StoreFault(f"the store failed: {type(fault).__name__}")
        # A constraint undoes its own statement and the unit may go on. After a full disk or a lost file SQLite may have rolled
        # back everything, and what followed would be written one by one: the unit is finished.
        if self.writable and (isinstance(error, NotReady) or not self._connection.in_transaction):
            self.failure = error
        return error
