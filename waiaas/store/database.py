"""The database and its two doors.

``read()`` never waits for a writer. ``write()`` is one immediate transaction: writers take turns in this process, then ask
SQLite for the lock, and nothing slow belongs inside: no network, no key derivation, no sleep.
"""

import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pony.orm import Database, db_session

from waiaas.clock import Clock, SystemClock
from waiaas.errors import NotReady
from waiaas.store.entities import map_tables
from waiaas.store.faults import busy, translate
from waiaas.store.migrator import migrate
from waiaas.store.pragmas import Pragmas
from waiaas.store.schema_files import read_scripts
from waiaas.store.seals import Seals
from waiaas.store.statements import Moment, Outdated, Statements
from waiaas.store.turns import Turns
from waiaas.store.unit import Unit

__all__ = ["Store", "Unit"]

T = TypeVar("T")


class _Connection(sqlite3.Connection):
    """A connection that can be referred to weakly, so that ``close`` finds those of other threads."""


def _nothing() -> None:
    """What follows a write, where nothing is written."""


class _Here(threading.local):
    """What is open in this thread, whichever store it belongs to: Pony has one session a thread, not one a database."""

    store: "Store | None" = None
    statements: Statements | None = None


_here = _Here()


class Store:
    """An open database. Safe to share between threads; each thread has a connection of its own."""

    def __init__(self, db: Database, entities: Any, pragmas: Pragmas, version: int) -> None:
        """Use :meth:`open`."""
        self._db = db
        self._entities = entities
        self._pragmas = pragmas
        self._patience = pragmas.busy_timeout / 1000
        self._version = version
        self._turns = Turns()
        self._idle = threading.Condition()
        self._open_units = 0
        self._is_closed = False
        self._connections: weakref.WeakSet[_Connection] = weakref.WeakSet()
        self.seals = Seals()

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        busy_timeout: int = 5000,
        cache_size: int = 64000,
        mmap_size: int = 268435456,
        backups: Path | None = None,
        clock: Clock | None = None,
    ) -> "Store":
        """Bring the file's schema up to date and open it. Makes the file where there is none; its folder must exist.

        :param busy_timeout: milliseconds a writer waits for its turn before NotReady with code BUSY
        :param cache_size: KiB of pages a connection
        :param mmap_size: bytes
        :param backups: folder for the copy made before a migration; beside the database when left out
        :raises StartRefused: as :func:`waiaas.store.migrator.migrate` has it
        """
        path = path.absolute()
        version = migrate(path, read_scripts(), backups=backups or path.parent, clock=clock or SystemClock())
        pragmas = Pragmas(busy_timeout=busy_timeout, cache_size=cache_size, mmap_size=mmap_size)
        db = Database()
        store = cls(db, None, pragmas, version)
        db.on_connect(provider="sqlite")(lambda _, connection: store._set_up(connection, pragmas))
        db.bind(
            "sqlite", str(path), create_db=False, timeout=store._patience, factory=_Connection, check_same_thread=False
        )
        store._entities = map_tables(db)
        return store

    @property
    def schema_version(self) -> int:
        """The number of the last script applied."""
        return self._version

    @contextmanager
    def read(self) -> Iterator[Unit]:
        """A unit that reads. Inside another unit of the same store it joins that one.

        :raises RuntimeError: inside a unit of another store
        :raises NotReady: with code STOPPING after ``close``
        """
        if _here.store is self and _here.statements is not None:
            yield Unit(_here.statements.reading(), self._entities, self.seals)
            return
        self._refuse_nesting()
        with self._reading() as unit:
            yield unit

    def at_once(self, look: Callable[[Unit], T]) -> T:
        """What ``look`` makes of one moment: what was committed when its first statement ran. For whatever shows several
        rows or sums together. Waits for no writer. Inside another unit of the same store it joins that one.

        :param look: reads, quickly; called a second time where a seal was changed between a row and the look at it
        :raises RuntimeError, NotReady: as :meth:`read`
        """
        if _here.store is self:
            with self.read() as unit:
                return look(unit)
        self._refuse_nesting()
        try:
            with self._reading(Moment.ONE) as unit:
                return look(unit)
        except Outdated:
            with self.seals.settling, self._reading(Moment.SETTLED) as unit:
                return look(unit)

    @contextmanager
    def write(self) -> Iterator[Unit]:
        """A unit that writes: committed when the block ends, rolled back when it raises.

        :raises RuntimeError: inside any other unit: a nested one would silently join the outer transaction or none
        :raises NotReady: with code BUSY where no turn came, STORE_FULL where the disk is full; nothing was stored
        """
        self._refuse_nesting()
        if not self._turns.take(self._patience):
            raise busy(self._patience)
        try:
            with self._writing() as unit:
                yield unit
        finally:
            self._turns.give()
        unit.committed()

    def checkpoint(self) -> bool:
        """Move the write-ahead log into the database and empty its file. False when a reader or writer was in the way."""
        self._refuse_nesting()
        if not self._turns.take(self._patience):
            return False
        try:
            with self._reading() as unit:
                row = unit._sql.one("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self._turns.give()
        return row is not None and row[0] == 0

    def close(self) -> None:
        """Refuse new units, let open ones end (as long as a writer would wait), and close every connection.

        May be called twice.

        :raises RuntimeError: inside a unit
        """
        self._refuse_nesting()
        deadline = time.monotonic() + self._patience
        with self._idle:
            self._is_closed = True
            while self._open_units and (left := deadline - time.monotonic()) > 0:
                self._idle.wait(left)
            is_quiet = not self._open_units
        self._db.disconnect()
        if is_quiet:
            for connection in list(self._connections):
                connection.close()

    def _set_up(self, connection: _Connection, pragmas: Pragmas) -> None:
        try:
            pragmas.apply(connection)
        except BaseException:
            # Pony would keep the half-made connection and hand it out next time.
            self._db.provider.pool.drop(connection)
            raise
        self._connections.add(connection)

    def _refuse_nesting(self) -> None:
        if _here.store is not None:
            raise RuntimeError("a unit is open in this thread already: end it first, or hand it over")

    @contextmanager
    def _reading(self, moment: Moment = Moment.EACH) -> Iterator[Unit]:
        """A reader needs no session of Pony's, which costs more than most reads; listings open one for their own query.

        Of one moment it needs one all the same: the end of a listing's own would end the transaction.
        """
        self._enter()
        statements: Statements | None = None
        try:
            with ExitStack() as held:
                connection = self._connection()
                if moment is not Moment.EACH:
                    held.enter_context(db_session(strict=True))
                    connection.execute("BEGIN")
                    held.callback(connection.rollback)
                statements = _here.statements = Statements(
                    connection, writable=False, after_write=_nothing, moment=moment
                )
                yield Unit(statements, self._entities, self.seals)
                statements.finish()
        except Exception as fault:
            error = translate(fault)
            if error is None:
                raise
            raise error from fault
        finally:
            if statements is not None:
                statements.end()
            self._leave()

    @contextmanager
    def _writing(self) -> Iterator[Unit]:
        self._enter()
        statements: Statements | None = None
        try:
            with ExitStack() as held:
                with db_session(immediate=True, strict=True):
                    statements = _here.statements = self._statements()
                    unit = Unit(statements, self._entities, self.seals)
                    yield unit
                    position = unit.settle()
                    if position is not None:
                        held.enter_context(self.seals.settling)
                    statements.finish()
                if position is not None:
                    self.seals.committed(position)
                    unit.after_commit(self.seals.on_change)
        except Exception as fault:
            error = translate(fault)
            if error is None:
                raise
            raise error from fault
        finally:
            self.seals.dropped()
            if statements is not None:
                statements.end()
            self._leave()

    def _connection(self) -> sqlite3.Connection:
        """This thread's connection, in autocommit: the one that Pony uses in it too."""
        connection, is_new = self._db.provider.connect()
        if is_new:
            self._set_up(connection, self._pragmas)
        found: sqlite3.Connection = connection
        return found

    def _statements(self) -> Statements:
        cache = self._db._get_cache()
        # Pony keeps the results of its queries for the session and does not see what other statements write.
        return Statements(self._db.get_connection(), writable=True, after_write=cache.query_results.clear)

    def _enter(self) -> None:
        with self._idle:
            if self._is_closed:
                raise NotReady("the store is closed", code="STOPPING")
            self._open_units += 1
        _here.store = self

    def _leave(self) -> None:
        _here.store = _here.statements = None
        with self._idle:
            self._open_units -= 1
            if self._is_closed:
                self._idle.notify_all()
