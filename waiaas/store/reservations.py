"""Reservations: what unfinished transactions may still take. They count in every window until they are released."""

from collections.abc import Sequence

from waiaas.store.records import Reservation
from waiaas.store.shapes import AMOUNT, Shape
from waiaas.store.statements import Statements

RESERVATION = Shape(Reservation, "reservations", turns={"amount": AMOUNT})


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
    ) -> int:
        """What is reserved, in base units.

        :param agent_id: whose; several, or None for everybody's
        :param session_id: count this session's alone
        :param except_tx: leave out this transaction's own, for a second judgement
        """
        where = f"asset = ? AND kind IN ({', '.join('?' * len(kinds))})"
        parameters: list[str] = [asset, *kinds]
        if agent_id is not None:
            whose = [agent_id] if isinstance(agent_id, str) else [*agent_id]
            where = f"agent_id IN ({', '.join('?' * len(whose))}) AND {where}"
            parameters = [*whose, *parameters]
        if session_id is not None:
            where += " AND session_id = ?"
            parameters.append(session_id)
        if except_tx is not None:
            where += " AND tx_id <> ?"
            parameters.append(except_tx)
        row = self._sql.one(f"SELECT exact_sum(amount) FROM reservations WHERE {where}", parameters)  # noqa: S608 - literals
        return int(row[0] or 0) if row else 0  # an aggregate that saw no row gives NULL

    def count(self, *, agent_id: str | None = None) -> int:
        """How many rows there are, of one agent or of all."""
        where, parameters = ("", ()) if agent_id is None else (" WHERE agent_id = ?", (agent_id,))
        row = self._sql.one(f"SELECT COUNT(*) FROM reservations{where}", parameters)  # noqa: S608 - one of two literals
        return int(row[0]) if row else 0
