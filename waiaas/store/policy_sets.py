"""Policy sets: which policies of an agent are enabled, as one sealed version."""

from collections.abc import Sequence

from waiaas.store.records import Policy, PolicySet
from waiaas.store.sealer import Sealer
from waiaas.store.seals import Keyed
from waiaas.store.shapes import Shape
from waiaas.store.statements import Statements

POLICY_SET = Shape(PolicySet, "policy_sets")
_PUT = (
    "INSERT INTO policy_sets (scope, version, mac) VALUES (?, ?, ?)"
    " ON CONFLICT (scope) DO UPDATE SET version = excluded.version, mac = excluded.mac"
)


class PolicySets:
    """The policy_sets table, inside one unit."""

    def __init__(self, sql: Statements, sealer: Sealer) -> None:
        self._sql = sql
        self._seal = sealer

    def get(self, scope: str) -> PolicySet | None:
        """The set of one agent, or of everybody where ``scope`` is empty; None where there never was one."""
        row = self._sql.one(POLICY_SET.select("WHERE scope = ?"), (scope,))
        return POLICY_SET.read(row) if row else None

    def all(self) -> Sequence[PolicySet]:
        """Every set."""
        return [POLICY_SET.read(row) for row in self._sql.all(POLICY_SET.select("ORDER BY scope"))]

    def seal(self, scope: str, policies: Sequence[Policy]) -> None:
        """The next version of a set. Nothing where no row is sealed yet."""
        keyed = self._seal.seals.keyed
        if keyed is not None:
            self.put(keyed, scope, policies)

    def put(self, keyed: Keyed, scope: str, policies: Sequence[Policy]) -> str:
        """The same under a key; returns the MAC."""
        before = self.get(scope)
        version = before.version + 1 if before is not None else 1
        mac = keyed.of_set(scope, version, policies)
        self._sql.run(_PUT, (scope, version, mac))
        self._seal.write(("policy_sets", scope), mac)
        return mac
