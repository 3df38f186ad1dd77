"""Reservations: what unfinished transactions may still take. They count in every window until they are released."""

from collections.abc import Mapping, Sequence

from waiaas.store.readings import Reading
from waiaas.store.records import Reservation
from waiaas.store.shapes import AMOUNT, Shape
from waiaas.store.statements import Statements

RESERVATION = Shape(Reservation, "reservations", turns={"amount": AMOUNT})

_TOTAL = (
    "SELECT exact_sum(amount) FROM reservations"
    " WHERE asset = ?1 AND kind IN (SELECT value FROM json_each(?2)) AND tx_id IS NOT ?3"
)
_OF_AGENTS = f"{_TOTAL} AND agent_id IN (SELECT value FROM json_each(?4))"  # noqa: S608 - literals
_UNSIGNED = "SELECT asset, exact_sum(amount) FROM reservations WHERE agent_id = ? AND state = 'reserved' GROUP BY asset"
_OF_SESSION = f"{_TOTAL} AND agent_id = ?4 AND session_id = ?5"


class Reservations:
    """The reservations table, inside one unit. The number of its rows is bounded by the number of unfinished transactions."""

    def __init__(self, sql: Statements) -> None:
        self._sql = sql

    def reserve(self, rows: Sequence[Reservation]) -> None:
        """Add all of them. An ``id`` that is given is left to the store."""
        for row in rows:
            self._sql.run(RESERVATION.insert, RESERVATION.values(row))

    def of(self, tx_id: str) -> list[Reservation]:
        """A transaction's reservations, in the order they were made."""
        rows = self._sql.all(RESERVATION.select("WHERE tx_id = ? ORDER BY id"), (tx_id,))
        return [RESERVATION.read(row) for row in rows]

    def set_state(self, tx_id: str, state: str) -> int:
        """Set the state of all of a transaction's reservations; returns how many. A signed one never goes back."""
        return self._sql.run("UPDATE reservations SET state = ? WHERE tx_id = ?", (state, tx_id)).rowcount

    def grow(self, row: Reservation) -> None:
        """Raise what is set aside for one kind to ``row.amount``, or leave it where it is more; there is one row of it then."""
        done = self._sql.run(
            "UPDATE reservations SET amount = ? WHERE tx_id = ? AND asset = ? AND kind = ?"
            " AND (length(amount) < length(?) OR (length(amount) = length(?) AND amount < ?))",
            (str(row.amount), row.tx_id, row.asset, row.kind, *[str(row.amount)] * 3),
        )
        if done.rowcount == 0 and not any((one.asset, one.kind) == (row.asset, row.kind) for one in self.of(row.tx_id)):
            self.reserve([row])

    def release(self, tx_id: str) -> int:
        """Delete a transaction's reservations; returns how many there were.

        The caller has proof that nothing can take them any more.
        """
        return self._sql.run("DELETE FROM reservations WHERE tx_id = ?", (tx_id,)).rowcount

    def total(
        self,
        *,
        agent_id: str | Sequence[str] | None,
        asset: str,
        kinds: Sequence[str],
        session_id: str | None = None,
        except_tx: str | None = None,
    ) -> Reading[int]:
        """What is reserved, in base units.

        :param agent_id: whose; several, or None for everybody's
        :param session_id: count this session's alone, which is one agent's
        :param except_tx: leave out this transaction's own, for a second judgement
        """
        common = (asset, tuple(kinds), except_tx)
        if agent_id is None:
            found = yield [(_TOTAL, common)]
        elif session_id is not None:
            found = yield [(_OF_SESSION, (*common, *_each(agent_id), session_id))]
        else:
            found = yield [(_OF_AGENTS, (*common, _each(agent_id)))]
        return int(found[0] or 0)  # an aggregate that saw no row gives NULL

    def unsigned(self, agent_id: str) -> Mapping[str, int]:
        """What an agent's payments that have no bytes yet may take, in base units by asset."""
        rows = self._sql.all(_UNSIGNED, (agent_id,))
        return {asset: int(total) for asset, total in rows}

    def count(self, *, agent_id: str | None = None) -> int:
        """How many rows there are, of one agent or of all."""
        where, parameters = ("", ()) if agent_id is None else (" WHERE agent_id = ?", (agent_id,))
        return int(self._sql.only(f"SELECT COUNT(*) FROM reservations{where}", parameters)[0])  # noqa: S608 - one of two literals


def _each(agent_id: str | Sequence[str]) -> tuple[str, ...]:
    return (agent_id,) if isinstance(agent_id, str) else tuple(agent_id)
