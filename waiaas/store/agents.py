"""Agents. One whose row is not as the daemon wrote it comes out suspended, saying why."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from unicodedata import normalize

from waiaas.store.listing import Listing
from waiaas.store.records import Agent, Page
from waiaas.store.sealer import Sealer
from waiaas.store.shapes import FLAG, Shape
from waiaas.store.statements import Statements

_SET_STATUS = (
    "UPDATE agents SET status = ?, updated_at = ?, suspended_at = ?, suspension_reason = ?, resumed_after = {}"
    " WHERE id = ? AND status = ?"
)
AGENT = Shape(Agent, "agents", turns={"owner_verified": FLAG})
TAMPERED = "its row was changed outside of the daemon"
_BY_ID = AGENT.select("WHERE id = ?")
_TIGHTER = ("SUSPENDED", "TERMINATING", "TERMINATED")

# Inside a class that has a method of this name, ``list`` is that method.
Rows = list[Agent]


class Agents:
    """The agents table, inside one unit."""

    def __init__(self, sql: Statements, entities: Any, sealer: Sealer) -> None:
        self._sql = sql
        self._seal = sealer
        self._listing = Listing(entities.Agent, AGENT)

    def insert(self, agent: Agent) -> None:
        """:raises Conflict: with code NAME_TAKEN for a name in use, else where chain, network and key are in use"""
        self._sql.run(AGENT.insert, AGENT.values(self._seal.sealed(agent)))

    def get(self, agent_id: str) -> Agent | None:
        """By id."""
        return self._first(_BY_ID, agent_id)

    def by_name(self, name: str) -> Agent | None:
        """By its unique name, letter for letter, however the letters are encoded (names are stored in NFC)."""
        select = AGENT.select("WHERE name = ?")
        return self._first(select, name) or self._first(select, normalize("NFC", name))

    def names(self) -> Sequence[tuple[str, str]]:
        """Id and name of every agent that is not TERMINATED."""
        rows = self._sql.all("SELECT id, name FROM agents WHERE status <> 'TERMINATED'", ())
        return [(str(agent_id), str(name)) for agent_id, name in rows]

    def by_key(self, chain: str, network: str, public_key: str) -> Agent | None:
        """Whose key this is on a network."""
        return self._first(
            AGENT.select("WHERE chain = ? AND network = ? AND public_key = ?"), chain, network, public_key
        )

    def list(self, *, limit: int, cursor: str | None = None, status: str | None = None) -> Page[Agent]:
        """Newest first."""
        return self._listing.page(
            lambda query: query.filter(status=status) if status else query, limit=limit, cursor=cursor
        )

    def set_status(self, agent_id: str, *, expected: str, status: str, at: int, reason: str | None = None) -> bool:
        """Compare and set; False when the agent is not in ``expected``, or would be loosened while it is not whole.

        Only a suspended agent has a time and a reason. One that goes on remembers up to where what happened lies behind it.
        """
        suspended_at = at if status == "SUSPENDED" else None
        tightens = status in _TIGHTER
        if not tightens and not self.is_whole(agent_id):
            return False
        goes_on = (expected, status) == ("SUSPENDED", "ACTIVE")
        return self._change(
            agent_id,
            _SET_STATUS.format("(SELECT COALESCE(MAX(id), 0) FROM activity)" if goes_on else "resumed_after"),
            (status, at, suspended_at, reason if suspended_at is not None else None, agent_id, expected),
            tightens=tightens,
        )

    def rename(self, agent_id: str, name: str, at: int) -> bool:
        """False for an unknown id. :raises Conflict: with code NAME_TAKEN"""
        return self._change(agent_id, "UPDATE agents SET name = ?, updated_at = ? WHERE id = ?", (name, at, agent_id))

    def adopt(self, agent_id: str, public_key: str, address: str, status: str, at: int) -> bool:
        """Give an agent its key and address. False for an unknown id. :raises Conflict: where another agent has the key"""
        return self._change(
            agent_id,
            "UPDATE agents SET public_key = ?, address = ?, status = ?, updated_at = ? WHERE id = ?",
            (public_key, address, status, at, agent_id),
        )

    def set_owner(self, agent_id: str, address: str | None, chain: str | None, verified: bool, at: int) -> bool:
        """Set or, with None, remove the owner. False for an unknown id."""
        return self._change(
            agent_id,
            "UPDATE agents SET owner_address = ?, owner_chain = ?, owner_verified = ?, updated_at = ? WHERE id = ?",
            (address, chain, int(verified), at, agent_id),
        )

    def is_whole(self, agent_id: str) -> bool:
        """Whether its row is as the daemon wrote it last; True for an unknown id."""
        spoiled: list[Agent] = []

        def note(agent: Agent) -> Agent:
            spoiled.append(agent)
            return agent

        self._seal.whole(lambda: self._stored(_BY_ID, agent_id), note)
        return not spoiled

    def all_ids(self) -> tuple[str, ...]:
        """Every agent's id, oldest first."""
        return tuple(row[0] for row in self._sql.all("SELECT id FROM agents ORDER BY id"))

    def stored(self) -> Rows:
        """Every one as its row stands, whoever wrote it."""
        return [AGENT.read(row) for row in self._sql.all(AGENT.select("ORDER BY id"))]

    def count(self) -> int:
        """How many there are, terminated ones included."""
        row = self._sql.one("SELECT COUNT(*) FROM agents")
        return int(row[0]) if row else 0

    def _change(self, agent_id: str, sql: str, values: Sequence[Any], *, tightens: bool = False) -> bool:
        with self._seal.changing(lambda: self._stored(_BY_ID, agent_id), tightens=tightens):
            return self._sql.run(sql, values).rowcount == 1

    def _first(self, sql: str, *parameters: str) -> Agent | None:
        return self._seal.whole(lambda: self._stored(sql, *parameters), _spoiled)

    def _stored(self, sql: str, *parameters: str) -> Agent | None:
        row = self._sql.one(sql, parameters)
        return AGENT.read(row) if row else None


def _spoiled(agent: Agent) -> Agent:
    status = agent.status if agent.status in _TIGHTER else "SUSPENDED"
    return replace(agent, status=status, suspension_reason=TAMPERED)
