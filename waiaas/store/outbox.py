"""The notification outbox: what must still be told, to which channel, and how often it was tried."""

from waiaas.store.records import OutboxItem
from waiaas.store.shapes import Shape
from waiaas.store.statements import Statements

OUTBOX_ITEM = Shape(OutboxItem, "notification_outbox", renamed={"channel_id": "channel"})

_WAITING = "delivered_at IS NULL AND failed_at IS NULL"
_BY_TIME = "INDEXED BY notification_outbox_waiting"
"""What waits is few rows; what was delivered, and is kept for a while, may be many."""


class Outbox:
    """The notification_outbox table, inside one unit."""

    def __init__(self, sql: Statements) -> None:
        self._sql = sql

    def insert(
        self,
        channel_id: str,
        event: str,
        payload: str,
        next_at: int,
        created_at: int,
        *,
        precedence: int = 0,
        alike: str | None = None,
    ) -> int:
        """Add one item; returns its id. An unknown channel is refused."""
        return self._sql.insert(
            "INSERT INTO notification_outbox (created_at, channel, event, payload, next_at, precedence, alike)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (created_at, channel_id, event, payload, next_at, precedence, alike),
        )

    def newest_alike(self, channel_id: str, alike: str) -> OutboxItem | None:
        """The last item of a channel that says the same, delivered or not."""
        rows = self._sql.all(
            OUTBOX_ITEM.select("WHERE channel = ? AND alike = ? ORDER BY id DESC LIMIT 1"), (channel_id, alike)
        )
        return OUTBOX_ITEM.read(rows[0]) if rows else None

    def count_again(self, item_id: int) -> bool:
        """It happened once more; False when it was delivered or given up."""
        return self._settle("times = times + 1", item_id)

    def sink(self, item_id: int) -> bool:
        """Nobody has to act on it any more: it comes after everything else. False when it is delivered or given up."""
        return self._settle("precedence = 0", item_id)

    def due(self, now: int, limit: int = 100) -> list[OutboxItem]:
        """Items to try now, the longest due first."""
        rows = self._sql.all(
            OUTBOX_ITEM.select(f"WHERE next_at <= ? AND {_WAITING} ORDER BY next_at, id LIMIT ?"), (now, limit)
        )
        return [OUTBOX_ITEM.read(row) for row in rows]

    def due_channels(self, now: int) -> list[str]:
        """Enabled channels with something to try now."""
        rows = self._sql.all(
            "SELECT DISTINCT channel FROM notification_outbox JOIN notification_channels ON notification_channels.id = channel"  # noqa: S608 - literals
            f" WHERE next_at <= ? AND {_WAITING} AND enabled = 1 ORDER BY channel",
            (now,),
        )
        return [str(row[0]) for row in rows]

    def due_of(self, channel_id: str, now: int, limit: int = 100) -> list[OutboxItem]:
        """One channel's items to try now: the urgent ones first, then in the order of what happened; those that failed
        often come after the others."""
        return self._due(channel_id, now, "attempts >= 3, precedence DESC, id", limit)

    def oldest_of(self, channel_id: str, now: int) -> OutboxItem | None:
        """The item of a channel that has waited longest, however little it matters."""
        return next(iter(self._due(channel_id, now, "attempts >= 3, id", 1)), None)

    def _due(self, channel_id: str, now: int, order: str, limit: int) -> list[OutboxItem]:
        rows = self._sql.all(
            OUTBOX_ITEM.select(
                f"{_BY_TIME} WHERE channel = ? AND next_at <= ? AND {_WAITING} ORDER BY {order} LIMIT ?"
            ),
            (channel_id, now, limit),
        )
        return [OUTBOX_ITEM.read(row) for row in rows]

    def waiting(self, channel_id: str) -> tuple[int, str | None]:
        """How many items of a channel wait, and what kept the last of them that was tried."""
        row = self._sql.one(
            f"SELECT COUNT(*) FROM notification_outbox {_BY_TIME} WHERE channel = ? AND {_WAITING}",  # noqa: S608 - literals
            (channel_id,),
        )
        last = self._sql.one(
            f"SELECT error FROM notification_outbox {_BY_TIME} WHERE channel = ? AND {_WAITING} AND error IS NOT NULL"  # noqa: S608 - literals
            " ORDER BY id DESC LIMIT 1",
            (channel_id,),
        )
        return (int(row[0]) if row else 0), (str(last[0]) if last else None)

    def told_in_part(self, item: OutboxItem, next_at: int) -> None:
        """What happened again while ``item`` was on its way becomes an item of its own. Call before ``delivered``."""
        self._sql.run(
            "INSERT INTO notification_outbox (created_at, channel, event, payload, next_at, precedence, alike, times)"
            " SELECT created_at, channel, event, payload, ?, precedence, alike, times - ? FROM notification_outbox"
            " WHERE id = ? AND times > ?",
            (next_at, item.times, item.id, item.times),
        )

    def hasten(self, channel_id: str, now: int) -> int:
        """Try everything of a channel now; returns how many items that is."""
        done = self._sql.run(
            f"UPDATE notification_outbox SET next_at = ? WHERE channel = ? AND next_at > ? AND {_WAITING}",  # noqa: S608 - literals
            (now, channel_id, now),
        )
        return done.rowcount

    def delivered(self, item_id: int, at: int) -> bool:
        """Done; False when it was done or given up already."""
        return self._settle("attempts = attempts + 1, delivered_at = ?, error = NULL", at, item_id)

    def retry(self, item_id: int, *, attempts: int, next_at: int, error: str) -> bool:
        """Try again at ``next_at``."""
        return self._settle("attempts = ?, next_at = ?, error = ?", attempts, next_at, error, item_id)

    def give_up(self, item_id: int, at: int, error: str) -> bool:
        """Never try again."""
        return self._settle("attempts = attempts + 1, failed_at = ?, error = ?", at, error, item_id)

    def prune(self, before: int) -> int:
        """Delete finished items made before ``before``; returns how many. What still waits stays."""
        done = self._sql.run(f"DELETE FROM notification_outbox WHERE created_at < ? AND NOT ({_WAITING})", (before,))  # noqa: S608 - literals
        return done.rowcount

    def _settle(self, assignments: str, *parameters: str | int) -> bool:
        sql = f"UPDATE notification_outbox SET {assignments} WHERE id = ? AND {_WAITING}"  # noqa: S608 - literals
        return self._sql.run(sql, parameters).rowcount == 1
