"""Somebody else writes into the database, beside a daemon or without one."""

import json
import sqlite3
from contextlib import closing

from tests.harness.data_directory import PASSWORD
from tests.harness.house import House
from waiaas.config import write_private
from waiaas.engine.head import PURPOSE, Head
from waiaas.keystore.client import SignerClient

_SEALED = ("agents", "sessions", "policies", "notification_channels", "daemon_state")


def edit_rows(house: House, statement: str, *values: object) -> None:
    """Run one statement, past checks, references and triggers."""
    with closing(sqlite3.connect(house.paths.database, timeout=30, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("BEGIN IMMEDIATE")
        made = list(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
        for name, _ in made:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement, values)
        for _, sql in made:
            connection.execute(sql)
        connection.execute("COMMIT")


def without_seals(house: House) -> None:
    """Make a stopped daemon's directory what a daemon that sealed no rows would have left."""
    for table in _SEALED:
        edit_rows(house, f"UPDATE {table} SET mac = NULL")
    edit_rows(house, "DELETE FROM policy_sets")
    edit_rows(house, "DELETE FROM row_seals")
    edit_rows(house, "DELETE FROM daemon_state WHERE key = 'row_seals'")
    signer = SignerClient.start(house.paths.keystore)
    try:
        signer.unlock(bytearray(PASSWORD.encode()))
        key = signer.subkey(PURPOSE)
    finally:
        signer.close()
    document = json.loads(house.paths.head.read_bytes()) | {"rows": 0, "generation": 0}
    document.pop("mac")
    write_private(house.paths.head, Head(**document).sealed(key))
