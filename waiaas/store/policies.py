"""Policies, each with the version that a judgement remembers."""

from typing import Any

from waiaas.store.listing import Listing, Query
from waiaas.store.records import Page, Policy
from waiaas.store.shapes import FLAG, Shape
from waiaas.store.statements import Statements

POLICY = Shape(Policy, "policies", turns={"enabled": FLAG})

# Inside a class that has a method of this name, ``list`` is that method.
Rows = list[Policy]

ANY_AGENT = "*any*"


class Policies:
    """The policies table, inside one unit."""

    def __init__(self, sql: Statements, entities: Any) -> None:
        self._sql = sql
        self._listing = Listing(entities.Policy, POLICY)

    def insert(self, policy: Policy) -> None:
        """Add one; a policy of an unknown agent is refused."""
        self._sql.run(POLICY.insert, POLICY.values(policy))

    def get(self, policy_id: str) -> Policy | None:
        """By id."""
        row = self._sql.one(POLICY.select("WHERE id = ?"), (policy_id,))
        return POLICY.read(row) if row else None

    def list(self, *, limit: int, agent_id: str | None = ANY_AGENT, cursor: str | None = None) -> Page[Policy]:
        """Newest first. :param agent_id: None lists the global ones; ``ANY_AGENT`` all"""

        def narrow(query: Query) -> Query:
            return query if agent_id == ANY_AGENT else query.filter(agent_id=agent_id)

        return self._listing.page(narrow, limit=limit, cursor=cursor)

    def applying_to(self, agent_id: str) -> Rows:
        """The enabled ones of the agent and the enabled global ones, by id."""
        rows = self._sql.all(
            POLICY.select("WHERE enabled = 1 AND (agent_id = ? OR agent_id IS NULL) ORDER BY id"), (agent_id,)
        )
        return [POLICY.read(row) for row in rows]

    def types_in_force(self) -> set[str]:
        """The types of all enabled policies."""
        return {row[0] for row in self._sql.all("SELECT DISTINCT type FROM policies WHERE enabled = 1", ())}

    def replace(
        self, policy_id: str, *, expected_version: int, rules: str, priority: int, enabled: bool, at: int
    ) -> bool:
        """Compare the version and set; the version goes up by one. False when somebody else changed it first."""
        done = self._sql.run(
            "UPDATE policies SET rules = ?, priority = ?, enabled = ?, version = version + 1, updated_at = ?"
            " WHERE id = ? AND version = ?",
            (rules, priority, int(enabled), at, policy_id, expected_version),
        )
        return done.rowcount == 1

    def delete(self, policy_id: str) -> bool:
        """False for an unknown id."""
        return self._sql.run("DELETE FROM policies WHERE id = ?", (policy_id,)).rowcount == 1
