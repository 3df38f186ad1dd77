"""Claims: things that only one landed transaction can use, each held by one transaction."""

import json
from collections.abc import Collection

from waiaas.errors import Conflict
from waiaas.store.statements import Statements


class Claims:
    """The claims table, inside one unit."""

    def __init__(self, sql: Statements) -> None:
        self._sql = sql

    def add(self, agent_id: str, claim: str, tx_id: str) -> None:
        """Hold ``claim`` for ``tx_id``. May be called again for the same row: its variants share claims.

        :raises Conflict: where another transaction holds it
        """
        self._sql.run(
            "INSERT INTO claims (agent_id, claim, tx_id) VALUES (?, ?, ?) ON CONFLICT (agent_id, claim) DO NOTHING",
            (agent_id, claim, tx_id),
        )
        if self.holder(agent_id, claim) != tx_id:
            raise Conflict("another transaction of this account uses the same claim", details={"claim": claim})

    def hold_free(self, agent_id: str, claims: Collection[str], tx_id: str) -> None:
        """Hold those of ``claims`` that nobody holds."""
        for claim in sorted(claims):
            self._sql.run(
                "INSERT INTO claims (agent_id, claim, tx_id) VALUES (?, ?, ?) ON CONFLICT (agent_id, claim) DO NOTHING",
                (agent_id, claim, tx_id),
            )

    def release(self, tx_id: str, *, but: Collection[str] = ()) -> int:
        """Free what a transaction holds, all ``but`` what its bytes used; returns how much. May be called again.

        The caller has proof that no bytes that name the others can land any more.
        """
        return self._sql.run(
            "DELETE FROM claims WHERE tx_id = ? AND claim NOT IN (SELECT value FROM json_each(?))",
            (tx_id, json.dumps(sorted(but))),
        ).rowcount

    def holder(self, agent_id: str, claim: str) -> str | None:
        """The transaction that holds ``claim``, or None."""
        row = self._sql.one("SELECT tx_id FROM claims WHERE agent_id = ? AND claim = ?", (agent_id, claim))
        return row[0] if row else None
