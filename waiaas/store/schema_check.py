"""Whether a database's schema is what the scripts make: a dropped trigger is as bad as an edited row."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing

from waiaas.errors import StartRefused
from waiaas.store.schema_files import Script

_PARTS = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"


def check_schema(connection: sqlite3.Connection, scripts: Sequence[Script], versions: str) -> None:
    """Compare with a fresh database in memory.

    :param versions: the statement that makes schema_version
    :raises StartRefused: with code SCHEMA_MISMATCH naming the first table, index or trigger that is missing, changed or new
    """
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as model:
        model.execute(versions)
        for script in scripts:
            model.executescript(script.sql)
        wanted = _parts(model)
    found = _parts(connection)
    for part in sorted(wanted.keys() | found.keys()):
        if wanted.get(part) != found.get(part):
            what = "is missing" if part not in found else "was changed" if part in wanted else "was added"
            raise StartRefused(
                f"the database's schema was altered: {part[0]} {part[1]} {what}",
                code="SCHEMA_MISMATCH",
                hint="somebody changed the database outside of waiaas: look at `waiaas audit verify`, and restore a backup",
            )


def _parts(connection: sqlite3.Connection) -> dict[tuple[str, str], str | None]:
    return {(kind, name): sql for kind, name, sql in connection.execute(_PARTS)}
