"""Policy sets: which policies of an agent are enabled, as one sealed version."""

from waiaas.store.records import PolicySet
from waiaas.store.shapes import Shape
from waiaas.store.statements import Statements

POLICY_SET = Shape(PolicySet, "policy_sets")
_PUT = (
    "INSERT INTO policy_sets (scope, version, mac) VALUES (?, ?, ?)"
    " ON CONFLICT (scope) DO UPDATE SET version = excluded.version, mac = excluded.mac"
)


class PolicySets:
    """The policy_sets table, inside one unit."""

    def __init__(self, sql: Statements) -> None:
        self._sql = sql

    def get(self, scope: str) -> PolicySet | None:
        """The set of one agent, or of everybody where ``scope`` is empty; None where there never was one."""
        row = self._sql.one(POLICY_SET.select("WHERE scope = ?"), (scope,))
        return POLICY_SET.read(row) if row else None

    def put(self, one: PolicySet) -> None:
        """Set it, new or not."""
        self._sql.run(_PUT, (one.scope, one.version, one.mac))
