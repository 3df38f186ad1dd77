"""A store in memory, for what only might have been: the same tables, the same units, and nothing of it lasts."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from waiaas.store.pragmas import ExactSum
from waiaas.store.schema_files import read_scripts
from waiaas.store.seals import Seals
from waiaas.store.statements import Statements
from waiaas.store.unit import Unit


class _NoEntities:
    """Stands for Pony's, which this store has not: pages of lists cannot be asked for here."""

    def __getattr__(self, name: str) -> None:
        return None


@contextmanager
def rehearsal() -> Iterator[Unit]:
    """One unit over empty tables, in this thread's hands alone; it is gone with its block.

    Foreign keys are not held: what is rehearsed need not bring along all that it refers to.
    """
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        # typeshed knows aggregates that give a number alone
        connection.create_aggregate("exact_sum", 1, ExactSum)  # type: ignore[arg-type]
        for script in read_scripts():
            connection.executescript(script.sql)
        connection.execute("BEGIN")
        statements = Statements(connection, writable=True, after_write=_nothing)
        try:
            yield Unit(statements, _NoEntities(), Seals())
        finally:
            statements.end()


def _nothing() -> None:
    """What follows a write."""
