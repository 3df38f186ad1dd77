"""The sealer of one unit: every change of a deciding column goes through it, in the transaction of that change.

A row that was not whole before a change is not sealed by it: what somebody else wrote stays found, whatever the daemon changes
beside it.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from waiaas.errors import NotReady
from waiaas.store.seals import RECORD, Keyed, Name, Position, Seals, is_unordered, name_of
from waiaas.store.statements import Moment, Outdated, Statements

R = TypeVar("R")
_PUT = (
    "INSERT INTO row_seals (table_name, row_key, mac) VALUES (?, ?, ?)"
    " ON CONFLICT (table_name, row_key) DO UPDATE SET mac = excluded.mac"
)
_REMOVE = "DELETE FROM row_seals WHERE table_name = ? AND row_key = ?"
_RECORD = (
    "INSERT INTO daemon_state (key, value, mac) VALUES (?, ?, ?)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value, mac = excluded.mac"
)
_WRITE = {
    "agents": "UPDATE agents SET mac = ? WHERE id = ?",
    "sessions": "UPDATE sessions SET mac = ? WHERE id = ?",
    "policies": "UPDATE policies SET mac = ? WHERE id = ?",
    "notification_channels": "UPDATE notification_channels SET mac = ? WHERE id = ?",
    "policy_sets": "UPDATE policy_sets SET mac = ? WHERE scope = ?",
    "daemon_state": "UPDATE daemon_state SET mac = ? WHERE key = ?",
}


class Sealer:
    """Seals and checks rows inside one unit."""

    def __init__(self, sql: Statements, seals: Seals) -> None:
        self._sql = sql
        self._seals = seals

    @property
    def seals(self) -> Seals:
        """What the store knows of its seals."""
        return self._seals

    def whole(self, read: Callable[[], R | None], spoiled: Callable[[R], R]) -> R | None:
        """A row as it decides: itself, or the tightest that it can be where it is not as the daemon wrote it.

        :param read: looks the row up
        :param spoiled: makes it decide nothing any more
        """
        row = read()
        if row is None or self._seals.holds(row):
            return row
        with self.looking_again():
            row = read()
            is_whole = row is None or self._seals.holds(row)
        if row is None or is_whole:
            return row
        self._seals.on_finding(name_of(row))
        return spoiled(row)

    @contextmanager
    def looking_again(self) -> Iterator[None]:
        """Around a second look at what does not hold: it may be from before a commit, and its seal from after it.

        :raises Outdated: in a unit that would see the same once more
        """
        if self._sql.moment is Moment.ONE:
            raise Outdated
        with self._seals.settling:
            yield

    def sealed(self, record: R) -> R:
        """A new row with its MAC. :raises NotReady: SIGNER_LOCKED while nobody has unlocked the signer"""
        keyed = self._keyed()
        if keyed is None:
            return record
        made: R = replace(record, mac=keyed.of(record))  # type: ignore[type-var]
        self._note(name_of(made), keyed.of(made))
        return made

    @contextmanager
    def changing(self, read: Callable[[], Any], *, tightens: bool = False) -> Iterator[None]:
        """Around statements that change or remove a row.

        :param tightens: whether this can only take something away, so that it may happen before the signer is unlocked
        :raises NotReady: SIGNER_LOCKED where it may not
        """
        if self._seals.is_locked and tightens:
            yield
            return
        keyed = self._keyed()
        before = read() if keyed is not None else None
        was_whole = before is not None and self._seals.holds(before)
        yield
        if keyed is None or before is None:
            return
        after, name = read(), name_of(before)
        if after is None:
            self._note(name, None)
        elif was_whole:
            self.write(name, keyed.of(after))

    def write(self, name: Name, mac: str) -> None:
        """Put a MAC on a row, and write down that it is the last one."""
        self._sql.run(_WRITE[name[0]], (mac, name[1]))
        self._note(name, mac)

    def settle(self) -> Position | None:
        """Before the commit: the record over all seals follows what changed. None where nothing did."""
        keyed = self._seals.keyed
        if keyed is None or not self._seals.pending:
            return None
        row = self._sql.one("SELECT COALESCE(MAX(id), 0) FROM audit_log")
        position = self._seals.following(int(row[0]) if row else 0)
        self.put_position(keyed, position)
        return position

    def put_position(self, keyed: Keyed, position: Position) -> None:
        """Write the record."""
        value = f"{position.number} {position.audit_id} {position.total}"
        self._sql.run(_RECORD, (RECORD, value, keyed.of_position(position)))

    def position(self, keyed: Keyed) -> Position | None:
        """The record as it is stored; None where there is none that this key made."""
        row = self._sql.one("SELECT value, mac FROM daemon_state WHERE key = ?", (RECORD,))
        try:
            number, audit_id, total = str(row[0] if row else "").split(" ")
            found = Position(number=int(number), audit_id=int(audit_id), total=total)
        except ValueError:
            return None
        return found if row is not None and row[1] == keyed.of_position(found) else None

    def noted(self) -> Mapping[Name, str]:
        """Every row's last seal as it is stored."""
        return {(row[0], row[1]): row[2] for row in self._sql.all("SELECT table_name, row_key, mac FROM row_seals")}

    def begin_anew(self) -> None:
        """Forget every seal: all rows are sealed again by the caller, in this unit."""
        self._sql.run("DELETE FROM row_seals")

    def _note(self, name: Name, mac: str | None) -> None:
        if name[0] == "daemon_state" and is_unordered(name[1]):
            return
        self._seals.note(name, mac)
        if mac is None:
            self._sql.run(_REMOVE, name)
        else:
            self._sql.run(_PUT, (*name, mac))

    def _keyed(self) -> Keyed | None:
        if self._seals.is_locked:
            raise NotReady(
                "rows cannot be sealed before the signer is unlocked",
                code="SIGNER_LOCKED",
                hint="the operator runs `waiaas unlock`",
            )
        return self._seals.keyed
