"""Notification channels."""

from waiaas.store.records import Channel
from waiaas.store.sealer import Sealer
from waiaas.store.shapes import FLAG, Shape
from waiaas.store.statements import Statements

CHANNEL = Shape(Channel, "notification_channels", turns={"enabled": FLAG})

# Inside a class that has a method of this name, ``list`` is that method.
Rows = list[Channel]


class Channels:
    """The notification_channels table, inside one unit."""

    def __init__(self, sql: Statements, sealer: Sealer) -> None:
        self._sql = sql
        self._seal = sealer

    def insert(self, channel: Channel) -> None:
        """Add one. :raises Conflict: for an id in use"""
        self._sql.run(CHANNEL.insert, CHANNEL.values(self._seal.sealed(channel)))

    def list(self, enabled: bool | None = None) -> Rows:
        """By priority, the highest first; all of them where ``enabled`` is None."""
        if enabled is None:
            return self._read("ORDER BY priority DESC, id")
        return self._read("WHERE enabled = ? ORDER BY priority DESC, id", int(enabled))

    def get(self, channel_id: str) -> Channel | None:
        """By id."""
        return next(iter(self._read("WHERE id = ?", channel_id)), None)

    def by_type(self, type: str) -> Rows:
        """All of one type, the highest priority first."""
        return self._read("WHERE type = ? ORDER BY priority DESC, id", type)

    def replace(self, channel_id: str, *, before: str, config: str, priority: int, enabled: bool) -> bool:
        """Change one. False when it is gone, or its configuration is no longer ``before``."""
        with self._seal.changing(lambda: self.get(channel_id)):
            done = self._sql.run(
                "UPDATE notification_channels SET config = ?, priority = ?, enabled = ? WHERE id = ? AND config = ?",
                (config, priority, int(enabled), channel_id, before),
            )
        return done.rowcount == 1

    def delete(self, channel_id: str) -> bool:
        """Remove one, with everything that waits for it. False for an unknown id."""
        with self._seal.changing(lambda: self.get(channel_id)):
            return self._sql.run("DELETE FROM notification_channels WHERE id = ?", (channel_id,)).rowcount == 1

    def note_result(self, channel_id: str, *, success_at: int | None = None, failure_at: int | None = None) -> bool:
        """Write down how a delivery went; what is left out stays. False for an unknown id."""
        done = self._sql.run(
            "UPDATE notification_channels SET last_success_at = COALESCE(?, last_success_at),"
            " last_failure_at = COALESCE(?, last_failure_at) WHERE id = ?",
            (success_at, failure_at, channel_id),
        )
        return done.rowcount == 1

    def _read(self, rest: str, *parameters: str | int) -> Rows:
        return [CHANNEL.read(row) for row in self._sql.all(CHANNEL.select(rest), parameters)]
