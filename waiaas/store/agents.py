"""Agents."""

from typing import Any

from waiaas.store.listing import Listing
from waiaas.store.records import Agent, Page
from waiaas.store.shapes import FLAG, Shape
from waiaas.store.statements import Statements

_SET_STATUS = (
    "UPDATE agents SET status = ?, updated_at = ?, suspended_at = ?, suspension_reason = ?, resumed_after = {}"
    " WHERE id = ? AND status = ?"
)
AGENT = Shape(Agent, "agents", turns={"owner_verified": FLAG})


class Agents:
    """The agents table, inside one unit."""

    def __init__(self, sql: Statements, entities: Any) -> None:
        self._sql = sql
        self._listing = Listing(entities.Agent, AGENT)

    def insert(self, agent: Agent) -> None:
        """:raises Conflict: with code NAME_TAKEN for a name in use, else where chain, network and key are in use"""
        self._sql.run(AGENT.insert, AGENT.values(agent))

    def get(self, agent_id: str) -> Agent | None:
        """By id."""
        return self._first(AGENT.select("WHERE id = ?"), agent_id)

    def by_name(self, name: str) -> Agent | None:
        """By its unique name, letter for letter."""
        return self._first(AGENT.select("WHERE name = ?"), name)

    def by_key(self, chain: str, network: str, public_key: str) -> Agent | None:
        """Whose key this is on a network."""
        row = self._sql.one(
            AGENT.select("WHERE chain = ? AND network = ? AND public_key = ?"), (chain, network, public_key)
        )
        return AGENT.read(row) if row else None

    def list(self, *, limit: int, cursor: str | None = None, status: str | None = None) -> Page[Agent]:
        """Newest first."""
        return self._listing.page(
            lambda query: query.filter(status=status) if status else query, limit=limit, cursor=cursor
        )

    def set_status(self, agent_id: str, *, expected: str, status: str, at: int, reason: str | None = None) -> bool:
        """Compare and set; False when the agent is not in ``expected``. Only a suspended agent has a time and a reason.

        An agent that goes on remembers up to where what happened lies behind it.
        """
        suspended_at = at if status == "SUSPENDED" else None
        goes_on = (expected, status) == ("SUSPENDED", "ACTIVE")
        done = self._sql.run(
            _SET_STATUS.format("(SELECT COALESCE(MAX(id), 0) FROM activity)" if goes_on else "resumed_after"),
            (status, at, suspended_at, reason if suspended_at is not None else None, agent_id, expected),
        )
        return done.rowcount == 1

    def rename(self, agent_id: str, name: str, at: int) -> bool:
        """False for an unknown id. :raises Conflict: with code NAME_TAKEN"""
        done = self._sql.run("UPDATE agents SET name = ?, updated_at = ? WHERE id = ?", (name, at, agent_id))
        return done.rowcount == 1

    def adopt(self, agent_id: str, public_key: str, address: str, status: str, at: int) -> bool:
        """Give an agent its key and address. False for an unknown id. :raises Conflict: where another agent has the key"""
        done = self._sql.run(
            "UPDATE agents SET public_key = ?, address = ?, status = ?, updated_at = ? WHERE id = ?",
            (public_key, address, status, at, agent_id),
        )
        return done.rowcount == 1

    def set_owner(self, agent_id: str, address: str | None, chain: str | None, verified: bool, at: int) -> bool:
        """Set or, with None, remove the owner. False for an unknown id."""
        done = self._sql.run(
            "UPDATE agents SET owner_address = ?, owner_chain = ?, owner_verified = ?, updated_at = ? WHERE id = ?",
            (address, chain, int(verified), at, agent_id),
        )
        return done.rowcount == 1

    def all_ids(self) -> tuple[str, ...]:
        """Every agent's id, oldest first."""
        return tuple(row[0] for row in self._sql.all("SELECT id FROM agents ORDER BY id"))

    def count(self) -> int:
        """How many there are, terminated ones included."""
        row = self._sql.one("SELECT COUNT(*) FROM agents")
        return int(row[0]) if row else 0

    def _first(self, sql: str, parameter: str) -> Agent | None:
        row = self._sql.one(sql, (parameter,))
        return AGENT.read(row) if row else None
