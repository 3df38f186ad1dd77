"""What SQLite and Pony raise, said in the house's own words, in one place."""

import sqlite3

from pony.orm import core as pony

from waiaas.errors import Conflict, NotReady, WaiaasError

_UNIQUE = frozenset({sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY})
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
# A full disk shows as FULL, as an error of whichever call needed the space, or as a file that cannot be made.
_NO_ROOM = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY})

_CONFLICTS = {
    "agents.name": ("an agent with this name exists", "NAME_TAKEN"),
    "transactions.agent_id, transactions.idempotency_key": (
        "another transaction of this agent has this idempotency key",
        "IDEMPOTENCY_CONFLICT",
    ),
}


class StoreFault(WaiaasError):
    """The database refused a statement that the code should not have made, or its file is damaged."""


def busy(seconds: float) -> NotReady:
    """The error for a writer that waited too long."""
    return NotReady(
        f"the database is busy: no turn to write within {seconds:g} s",
        code="BUSY",
        hint="try again",
        retry_after=1,
    )


def translate(fault: BaseException) -> WaiaasError | None:
    """The house's error for what SQLite or Pony raised; None when it is neither's."""
    root = _root(fault)
    if isinstance(root, sqlite3.Error):
        return _of_sqlite(root)
    if isinstance(root, pony.OrmError | pony.DBException):
        return StoreFault(f"the store failed: {type(root).__name__}")
    return None


def _root(fault: BaseException) -> BaseException:
    """Pony wraps: a commit's error holds a list of what failed, and each of those the driver's own."""
    wrapped = getattr(fault, "exceptions", None)
    if isinstance(fault, pony.OrmError) and wrapped:
        return _root(wrapped[0][1])
    original = getattr(fault, "original_exc", None)
    return _root(original) if isinstance(original, BaseException) else fault


def _of_sqlite(fault: sqlite3.Error) -> WaiaasError:
    code = getattr(fault, "sqlite_errorcode", None)
    if code is None:
        return StoreFault(f"the store failed: {type(fault).__name__}")
    if code in _UNIQUE:
        return _conflict(fault)
    primary = code & 0xFF
    if primary in _BUSY:
        return NotReady("the database is locked by another process", code="BUSY", hint="try again", retry_after=1)
    if primary in _NO_ROOM:
        return NotReady(
            "the database cannot be written; most likely the disk is full",
            code="STORE_FULL",
            hint="free some space for the data directory, then try again",
            retry_after=5,
        )
    # SQLite's texts for constraints name tables and rules, never values.
    detail = f": {fault}" if primary == sqlite3.SQLITE_CONSTRAINT else ""
    return StoreFault(f"the store refused a statement ({fault.sqlite_errorname}){detail}")


def _conflict(fault: sqlite3.Error) -> Conflict:
    _, _, columns = str(fault).partition(": ")
    message, code = _CONFLICTS.get(columns, (f"another row has the same {columns}", "STATE_CONFLICT"))
    return Conflict(message, code=code)
