"""What every connection is set to, and the one aggregate that SQLite lacks."""

import sqlite3
from dataclasses import dataclass

SOFT_HEAP_LIMIT = 64 * 1024 * 1024
"""Bytes, for the whole process: page caches of many threads give memory back to each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pragmas:
    """The settings an operator may choose.

    :param busy_timeout: milliseconds that a statement, and a writer in the queue, waits for another's lock
    :param cache_size: KiB of pages a connection may keep
    :param mmap_size: bytes of the file that are read through memory mapping
    """

    busy_timeout: int = 5000
    cache_size: int = 64000
    mmap_size: int = 268435456

    def apply(self, connection: sqlite3.Connection) -> None:
        """Set up one connection. Touches the file's header at most; may be called twice.

        synchronous FULL because a reservation that a power cut forgets is money spent twice.
        """
        connection.execute(f"PRAGMA busy_timeout = {int(self.busy_timeout)}")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        # Without it REPLACE deletes rows past the delete triggers.
        connection.execute("PRAGMA recursive_triggers = ON")
        connection.execute(f"PRAGMA cache_size = {-int(self.cache_size)}")
        connection.execute(f"PRAGMA mmap_size = {int(self.mmap_size)}")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA soft_heap_limit = {SOFT_HEAP_LIMIT}")
        # Damaged text is an error, never a row with replacement characters in it.
        connection.text_factory = str
        # typeshed knows aggregates that give a number alone; this one gives text, because it may be past 63 bits.
        connection.create_aggregate("exact_sum", 1, ExactSum)  # type: ignore[arg-type]


class ExactSum:
    """``exact_sum(x)``: the sum of amounts kept as text, as text again. SQLite's own SUM would answer with a float."""

    def __init__(self) -> None:
        self._total = 0

    def step(self, amount: str | int | None) -> None:
        """Add one amount. :raises ValueError: for anything that is not a whole number; SQLite then fails the statement"""
        if amount is None:
            return
        if isinstance(amount, float):
            raise ValueError("amounts are never floats")
        self._total += int(amount)

    def finalize(self) -> str:
        return str(self._total)
