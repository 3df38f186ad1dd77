"""The page about the schema, ``docs/schema.md``, drawn from the scripts alone.

``python -m waiaas.store.diagram docs/schema.md`` writes it; a test compares.
"""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from waiaas.store.migrator import VERSIONS_TABLE
from waiaas.store.schema_files import read_scripts

_HEAD = """# The database

`data/waiaas.db` is a SQLite database in WAL mode. Its tables are made by the scripts in `schema/`, each applied once, in order,
in a transaction of its own, and recorded in `schema_version` with a checksum. This page is made from those scripts
(`python -m waiaas.store.diagram docs/schema.md`) and a test keeps it current.

All tables are STRICT. Ids are UUID v7 as text, or counters. Times are whole Unix seconds, UTC. Amounts are text: decimal digits
of base units. JSON columns hold canonical JSON as text. `audit_log` and `spend_ledger` are append-only by trigger.

## How the tables hang together

Lines are foreign keys. `audit_log` and `spend_ledger` name agents, sessions and transactions without one: they outlive them.

"""


def draw() -> str:
    """The whole page. Reads the scripts, runs them in memory."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(VERSIONS_TABLE)
        for script in read_scripts():
            connection.executescript(script.sql)
        tables = _names(connection, "table")
        parts = [_HEAD, "```mermaid\nerDiagram\n", *(_references(connection, table) for table in tables)]
        parts += [_box(connection, table) for table in tables]
        parts += ["```\n", *(_section(connection, table) for table in tables)]
    return "".join(parts)


def _names(connection: sqlite3.Connection, kind: str) -> list[str]:
    sql = "SELECT name FROM sqlite_master WHERE type = ? AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
    return [row[0] for row in connection.execute(sql, (kind,))]


def _references(connection: sqlite3.Connection, table: str) -> str:
    lines = []
    required = {name for _, name, _, is_required, *_ in _columns(connection, table) if is_required}
    for _, _, target, column, _, _, on_delete, _ in connection.execute(f"PRAGMA foreign_key_list({table})"):
        one = "||" if column in required else "|o"
        lines.append(f'  {target} {one}--o{{ {table} : "{column}, {on_delete.lower()}"\n')
    return "".join(sorted(lines))


def _box(connection: sqlite3.Connection, table: str) -> str:
    foreign = {row[3] for row in connection.execute(f"PRAGMA foreign_key_list({table})")}
    lines = []
    for _, name, kind, _, _, key, _ in _columns(connection, table):
        marks = ", ".join(mark for mark, is_set in (("PK", key), ("FK", name in foreign)) if is_set)
        lines.append(f"    {kind} {name} {marks}".rstrip() + "\n")
    return f"  {table} {{\n{''.join(lines)}  }}\n"


def _columns(connection: sqlite3.Connection, table: str) -> list[tuple[int, str, str, int, str | None, int, int]]:
    return connection.execute(f"PRAGMA table_xinfo({table})").fetchall()


def _section(connection: sqlite3.Connection, table: str) -> str:
    lines = [f"\n## {table}\n\n| column | type | null | default |\n| --- | --- | --- | --- |\n"]
    for _, name, kind, is_required, default, key, hidden in _columns(connection, table):
        null = "" if is_required or key or hidden else "yes"
        given = "computed" if hidden else f"`{default}`" if default is not None else ""
        lines.append(f"| {name} | {kind} | {null} | {given} |\n")
    return "".join([*lines, *_indexes(connection, table), *_triggers(connection, table)])


def _indexes(connection: sqlite3.Connection, table: str) -> list[str]:
    found = []
    for _, name, is_unique, _, is_partial in connection.execute(f"PRAGMA index_list({table})").fetchall():
        columns = ", ".join(row[2] for row in connection.execute(f"PRAGMA index_info({name})"))
        where = _condition(connection, name) if is_partial else ""
        found.append(f"- {'unique' if is_unique else 'index'}: {columns}{where}\n")
    return ["\n", *sorted(found, reverse=True)] if found else []


def _condition(connection: sqlite3.Connection, index: str) -> str:
    (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (index,)).fetchone()
    return " where `" + " ".join(sql.partition("WHERE")[2].split()) + "`"


def _triggers(connection: sqlite3.Connection, table: str) -> list[str]:
    sql = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ? ORDER BY name"
    reasons = [row[0].partition("RAISE(ABORT, '")[2].partition("')")[0] for row in connection.execute(sql, (table,))]
    return ["\n", *(f"- trigger: {reason}\n" for reason in dict.fromkeys(reasons))] if reasons else []


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(draw(), encoding="utf-8")
