"""The seals of a database that no daemon uses, under another key: for a change of the data key.

What was whole is whole again under the new key; what somebody else had changed stays found.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from waiaas.errors import StartRefused
from waiaas.store.agents import AGENT
from waiaas.store.channels import CHANNEL
from waiaas.store.policies import POLICY
from waiaas.store.policy_sets import POLICY_SET
from waiaas.store.records import Channel, Policy, PolicySet
from waiaas.store.seals import RECORD, Keyed, Name, Position, name_of, summed, variants
from waiaas.store.sessions import SESSION
from waiaas.store.shapes import Shape
from waiaas.store.state import STATE_ENTRY

Change = Sequence[str]
"""Table, key, MAC; for the record over all seals its value besides."""

_WAIT_SECONDS = 5.0
_SHAPES: Sequence[Shape[Any]] = (AGENT, SESSION, POLICY, CHANNEL, STATE_ENTRY)
_KEYS = {"policy_sets": "scope", "daemon_state": "key"}
_TABLES = frozenset({*(shape.table for shape in _SHAPES), POLICY_SET.table})


def resealed(path: Path, before: bytes, after: bytes, configs: Mapping[str, str]) -> list[Change]:
    """What has to be written so that the seals hold under ``after``. Reads only.

    :param configs: by channel, the configurations that are to be there by then
    :raises StartRefused: when the file cannot be read
    """
    if not path.exists():
        return []
    with _opened(path) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'row_seals'").fetchone():
            return []
        return _changes(connection, Keyed(before), Keyed(after), configs)


def write_seals(path: Path, changes: Sequence[Change]) -> None:
    """Write them, all in one durable transaction. May be called again.

    :raises StartRefused: when the database refuses
    """
    if not changes:
        return
    with _opened(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        for table, key, mac, *value in changes:
            _write(connection, (table, key), mac, value)
        connection.execute("COMMIT")


def _changes(connection: sqlite3.Connection, old: Keyed, new: Keyed, configs: Mapping[str, str]) -> list[Change]:
    noted = {
        (table, key): mac for table, key, mac in connection.execute("SELECT table_name, row_key, mac FROM row_seals")
    }
    made = dict(_rows(connection, old, new, configs))
    made.update(_sets(connection, old, new, made))
    position = _position(connection, old, noted)
    changes: list[Change] = [(*name, mac) for name, (mac, _) in made.items()]
    if position is not None:
        latest = {name: made[name][0] if name in made and made[name][1] == mac else mac for name, mac in noted.items()}
        moved = replace(position, total=summed(new, latest))
        changes.append((RECORD, RECORD, new.of_position(moved), f"{moved.number} {moved.audit_id} {moved.total}"))
    return changes


def _rows(
    connection: sqlite3.Connection, old: Keyed, new: Keyed, configs: Mapping[str, str]
) -> Iterator[tuple[Name, tuple[str, str]]]:
    """Rows that are whole: their new MAC, and the one they had."""
    for shape in _SHAPES:
        for row in connection.execute(shape.select("")):
            record = shape.read(row)
            name, before = name_of(record), list(variants(record))
            if isinstance(record, Channel):
                record = replace(record, config=configs.get(record.id, record.config))
            for had, has in zip(before, variants(record), strict=True):
                if record.mac is not None and old.mac(name[0], had) == record.mac:
                    yield name, (new.mac(name[0], has), record.mac)
                    break


def _sets(
    connection: sqlite3.Connection, old: Keyed, new: Keyed, made: Mapping[Name, tuple[str, str]]
) -> Iterator[tuple[Name, tuple[str, str]]]:
    enabled = "WHERE enabled = 1 AND agent_id IS ? ORDER BY id"
    for row in connection.execute(POLICY_SET.select("")).fetchall():
        one: PolicySet = POLICY_SET.read(row)
        members = [POLICY.read(found) for found in connection.execute(POLICY.select(enabled), (one.scope or None,))]
        if old.of_set(one.scope, one.version, members) == one.mac:
            moved = [_moved(member, made) for member in members]
            yield name_of(one), (new.of_set(one.scope, one.version, moved), one.mac)


def _moved(policy: Policy, made: Mapping[Name, tuple[str, str]]) -> Policy:
    mac, _ = made.get(("policies", policy.id), (policy.mac, ""))
    return replace(policy, mac=mac)


def _position(connection: sqlite3.Connection, old: Keyed, noted: Mapping[Name, str]) -> Position | None:
    row = connection.execute("SELECT value, mac FROM daemon_state WHERE key = ?", (RECORD,)).fetchone()
    if row is None:
        return None
    number, audit_id, total = row[0].split(" ")
    found = Position(number=int(number), audit_id=int(audit_id), total=total)
    is_whole = row[1] == old.of_position(found) and total == summed(old, noted)
    return found if is_whole else None


def _write(connection: sqlite3.Connection, name: Name, mac: str, value: Sequence[str]) -> None:
    table, key = name
    if table == RECORD:
        connection.execute("UPDATE daemon_state SET value = ?, mac = ? WHERE key = ?", (value[0], mac, RECORD))
        return
    if table not in _TABLES:
        raise StartRefused(f"what is to be sealed anew names no table: {table}", code="KEYSTORE_DAMAGED")
    column = _KEYS.get(table, "id")
    row = connection.execute(f"SELECT mac FROM {table} WHERE {column} = ?", (key,)).fetchone()  # noqa: S608 - names of our own
    if row is not None:
        last = "UPDATE row_seals SET mac = ? WHERE table_name = ? AND row_key = ? AND mac = ?"
        connection.execute(last, (mac, table, key, row[0]))
    connection.execute(f"UPDATE {table} SET mac = ? WHERE {column} = ?", (mac, key))  # noqa: S608 - names of our own


def _opened(path: Path) -> closing[sqlite3.Connection]:
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=_WAIT_SECONDS, isolation_level=None
        )
        connection.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error as problem:
        raise StartRefused(f"{path} cannot be used: {problem}", hint="see: waiaas db check") from None
    return closing(connection)
