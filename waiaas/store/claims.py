"""Claims: things that only one landed transaction can use, each held by one transaction."""

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

    def holder(self, agent_id: str, claim: str) -> str | None:
        """The transaction that holds ``claim``, or None."""
        row = self._sql.one("SELECT tx_id FROM claims WHERE agent_id = ? AND claim = ?", (agent_id, claim))
        return row[0] if row else None
