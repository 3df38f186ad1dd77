"""The channels' encrypted configurations in a database that no daemon uses: for a change of their key."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from waiaas.errors import StartRefused

_WAIT_SECONDS = 5.0


def read_configs(path: Path) -> dict[str, str]:
    """Channel's id → its configuration as it is stored; nothing where there is no database yet.

    :raises StartRefused: when the file cannot be read
    """
    if not path.exists():
        return {}
    with _opened(path) as connection:
        return dict(connection.execute("SELECT id, config FROM notification_channels"))


def replace_configs(path: Path, configs: Mapping[str, str]) -> None:
    """Store other configurations, all of them in one durable transaction. May be called again.

    :raises StartRefused: when the database refuses
    """
    if not configs:
        return
    with _opened(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        rows = [(config, channel_id) for channel_id, config in configs.items()]
        connection.executemany("UPDATE notification_channels SET config = ? WHERE id = ?", rows)
        connection.execute("COMMIT")


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=_WAIT_SECONDS, isolation_level=None
        )
        try:
            connection.execute("PRAGMA synchronous = FULL")
            yield connection
        finally:
            connection.close()
    except sqlite3.Error as problem:
        raise StartRefused(f"{path} cannot be used: {problem}", hint="see: waiaas db check") from None
