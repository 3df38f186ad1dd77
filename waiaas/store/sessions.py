"""Sessions: revoked, never deleted. One whose row is not as the daemon wrote it comes out revoked."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from waiaas.store.listing import Listing, Query
from waiaas.store.records import Page, Session
from waiaas.store.sealer import Sealer
from waiaas.store.shapes import Shape
from waiaas.store.statements import Statements

SESSION = Shape(Session, "sessions")
_BY_ID, _BY_TOKEN = SESSION.select("WHERE id = ?"), SESSION.select("WHERE token_hash = ?")

# Inside a class that has a method of this name, ``list`` is that method.
Ids = list[str]
Rows = list[Session]


class Sessions:
    """The sessions table, inside one unit."""

    def __init__(self, sql: Statements, entities: Any, sealer: Sealer) -> None:
        self._sql = sql
        self._seal = sealer
        self._listing = Listing(entities.Session, SESSION)

    def insert(self, session: Session) -> None:
        """:raises Conflict: where the token's hash is in use"""
        self._sql.run(SESSION.insert, SESSION.values(self._seal.sealed(session)))

    def get(self, session_id: str) -> Session | None:
        """By id, revoked or not."""
        return self._seal.whole(lambda: self._stored(_BY_ID, session_id), _spoiled)

    def by_token_hash(self, token_hash: str) -> Session | None:
        """By the hash of its present token, revoked, expired or not: the caller judges that."""
        return self._seal.whole(lambda: self._stored(_BY_TOKEN, token_hash), _spoiled)

    def list(self, *, limit: int, agent_id: str | None = None, cursor: str | None = None) -> Page[Session]:
        """Newest first, of one agent or of all."""

        def narrow(query: Query) -> Query:
            return query.filter(agent_id=agent_id) if agent_id is not None else query

        return self._listing.page(narrow, limit=limit, cursor=cursor)

    def stored(self) -> Rows:
        """Every one as its row stands, whoever wrote it."""
        return [SESSION.read(row) for row in self._sql.all(SESSION.select("ORDER BY id"))]

    def live_count(self, agent_id: str, now: int) -> int:
        """How many of the agent's sessions are neither revoked nor expired at ``now``."""
        # The schema holds expires_at under absolute_expires_at.
        row = self._sql.one(
            "SELECT COUNT(*) FROM sessions WHERE agent_id = ? AND revoked_at IS NULL AND expires_at > ?",
            (agent_id, now),
        )
        return int(row[0]) if row else 0

    def rotate(self, session_id: str, *, expected_hash: str, token_hash: str, expires_at: int, renewed_at: int) -> bool:
        """Replace the token. False when it was replaced or revoked meanwhile: of two renewals one wins."""
        return self._change(
            session_id,
            "UPDATE sessions SET token_hash = ?, expires_at = ?, last_renewed_at = ?, renewal_count = renewal_count + 1"
            " WHERE id = ? AND token_hash = ? AND revoked_at IS NULL",
            (token_hash, expires_at, renewed_at, session_id, expected_hash),
        )

    def revoke(self, session_id: str, at: int) -> bool:
        """False when it is unknown or revoked already."""
        return self._change(
            session_id,
            "UPDATE sessions SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
            (at, session_id),
            tightens=True,
        )

    def revoke_all(self, agent_id: str | None, at: int) -> Ids:
        """Revoke every session of one agent, or of all where None. Returns the ids that were not revoked before."""
        where = "revoked_at IS NULL" if agent_id is None else "revoked_at IS NULL AND agent_id = ?"
        whose = () if agent_id is None else (agent_id,)
        ids = [row[0] for row in self._sql.all(f"SELECT id FROM sessions WHERE {where} ORDER BY id", whose)]  # noqa: S608 - one of two literals
        for session_id in ids:
            self.revoke(session_id, at)
        return ids

    def stop(self, session_id: str, at: int | None) -> bool:
        """Stop it for a while, or with None let it go on. False for an unknown or revoked one."""
        return self._change(
            session_id,
            "UPDATE sessions SET stopped_at = ? WHERE id = ? AND revoked_at IS NULL",
            (at, session_id),
            tightens=at is not None,
        )

    def stopped(self) -> Rows:
        """Those that are stopped and not revoked, oldest first."""
        rows = self._sql.all(SESSION.select("WHERE stopped_at IS NOT NULL AND revoked_at IS NULL ORDER BY id"), ())
        return [SESSION.read(row) for row in rows]

    def count_transaction(self, session_id: str, delta: int = 1) -> bool:
        """Add to ``usage_stats.transactions``. False for an unknown id."""
        done = self._sql.run(
            "UPDATE sessions SET usage_stats = json_set(usage_stats, '$.transactions',"
            " COALESCE(json_extract(usage_stats, '$.transactions'), 0) + ?) WHERE id = ?",
            (delta, session_id),
        )
        return done.rowcount == 1

    def _change(self, session_id: str, sql: str, values: Sequence[Any], *, tightens: bool = False) -> bool:
        with self._seal.changing(lambda: self._stored(_BY_ID, session_id), tightens=tightens):
            return self._sql.run(sql, values).rowcount == 1

    def _stored(self, sql: str, parameter: str) -> Session | None:
        row = self._sql.one(sql, (parameter,))
        return SESSION.read(row) if row else None


def _spoiled(session: Session) -> Session:
    return session if session.revoked_at is not None else replace(session, revoked_at=session.created_at)
