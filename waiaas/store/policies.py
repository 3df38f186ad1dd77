"""Policies, each with the version that a judgement remembers, and each change with the set that it leaves behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from waiaas.store.listing import Listing, Query
from waiaas.store.policy_sets import PolicySets
from waiaas.store.records import Page, Policy
from waiaas.store.sealer import Sealer
from waiaas.store.shapes import FLAG, Shape
from waiaas.store.statements import Statements

POLICY = Shape(Policy, "policies", turns={"enabled": FLAG})
_read = lru_cache(maxsize=4096)(POLICY.read)
"""Every decision reads its policies, and they hardly change."""

# Inside a class that has a method of this name, ``list`` is that method.
Rows = list[Policy]

ANY_AGENT = "*any*"


class Policies:
    """The policies table, inside one unit."""

    def __init__(self, sql: Statements, entities: Any, sealer: Sealer) -> None:
        self._sql = sql
        self._seal = sealer
        self._sets = PolicySets(sql, sealer)
        self._listing = Listing(entities.Policy, POLICY)

    def insert(self, policy: Policy) -> None:
        """Add one; a policy of an unknown agent is refused."""
        with self._changing_set(policy.agent_id):
            self._sql.run(POLICY.insert, POLICY.values(self._seal.sealed(policy)))

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
        return [_read(row) for row in rows]

    def sealed_for(self, agent_id: str) -> tuple[Rows, bool]:
        """The same, and whether every one of them and both their sets are as the daemon wrote them last."""
        rows = self.applying_to(agent_id)
        if self._hold(agent_id, rows):
            return rows, True
        with self._seal.looking_again():
            rows = self.applying_to(agent_id)
            are_whole = self._hold(agent_id, rows)
        if not are_whole:
            self._seal.seals.on_finding(("policy_sets", agent_id))
        return rows, are_whole

    def types_in_force(self) -> set[str]:
        """The types of all enabled policies."""
        return {row[0] for row in self._sql.all("SELECT DISTINCT type FROM policies WHERE enabled = 1", ())}

    def replace(
        self, policy_id: str, *, expected_version: int, rules: str, priority: int, enabled: bool, at: int
    ) -> bool:
        """Compare the version and set; the version goes up by one. False when somebody else changed it first."""
        with self._changing(policy_id):
            done = self._sql.run(
                "UPDATE policies SET rules = ?, priority = ?, enabled = ?, version = version + 1, updated_at = ?"
                " WHERE id = ? AND version = ?",
                (rules, priority, int(enabled), at, policy_id, expected_version),
            )
        return done.rowcount == 1

    def delete(self, policy_id: str) -> bool:
        """False for an unknown id."""
        with self._changing(policy_id):
            return self._sql.run("DELETE FROM policies WHERE id = ?", (policy_id,)).rowcount == 1

    def stored(self) -> Rows:
        """Every one as its row stands, whoever wrote it."""
        return [POLICY.read(row) for row in self._sql.all(POLICY.select("ORDER BY id"))]

    def enabled_in(self, scope: str) -> Rows:
        """The enabled ones of an agent, or the enabled global ones where ``scope`` is empty, by id."""
        rows = self._sql.all(POLICY.select("WHERE enabled = 1 AND agent_id IS ? ORDER BY id"), (scope or None,))
        return [POLICY.read(row) for row in rows]

    def _hold(self, agent_id: str, rows: Rows) -> bool:
        if self._seal.seals.keyed is None:
            return True
        if not all(map(self._seal.seals.holds, rows)):
            return False
        own = [row for row in rows if row.agent_id is not None]
        everybodys = [row for row in rows if row.agent_id is None]
        holds = self._seal.seals.set_holds
        return holds(agent_id, self._sets.get(agent_id), own) and holds("", self._sets.get(""), everybodys)

    @contextmanager
    def _changing(self, policy_id: str) -> Iterator[None]:
        before = self.get(policy_id)
        with self._changing_set(before.agent_id if before else None), self._seal.changing(lambda: self.get(policy_id)):
            yield

    @contextmanager
    def _changing_set(self, agent_id: str | None) -> Iterator[None]:
        """A set that somebody else has changed is not sealed by what the daemon changes in it."""
        scope, seals = agent_id or "", self._seal.seals
        one = self._sets.get(scope)
        was_whole = seals.set_holds(scope, one, self.enabled_in(scope))
        yield
        if was_whole:
            self._sets.seal(scope, self.enabled_in(scope))
