"""Variants: the signed bytes of a transaction, written once and sent as often as needed."""

from collections.abc import Mapping, Sequence

from waiaas.store.records import Variant
from waiaas.store.shapes import AMOUNT, Shape
from waiaas.store.statements import Statements

VARIANT = Shape(Variant, "transaction_variants", turns={"fee_cap": AMOUNT})

# The index is named: SQLite, without statistics, might read every transaction there ever was.
_COLUMNS = ", ".join(f"v.{name}" for name in VARIANT.column_names)
_OF_SUBMITTED = (
    f"SELECT {_COLUMNS} FROM transactions t INDEXED BY %s"  # noqa: S608 - names of our own
    " JOIN transaction_variants v ON v.tx_id = t.id WHERE t.status = 'SUBMITTED'"
)
_OF_NETWORK = (
    _OF_SUBMITTED % "transactions_unfinished" + " AND t.status IN ('PENDING', 'QUEUED', 'EXECUTING', 'SUBMITTED')"
    " AND t.chain = ? AND t.network = ? ORDER BY v.id LIMIT ?"
)
# What was final a while ago: among rows by their ids, which begin with the time they were made.
_LANDED = (
    f"SELECT {_COLUMNS} FROM transactions t INDEXED BY transactions_status"  # noqa: S608 - names of our own
    " JOIN transaction_variants v ON v.tx_id = t.id AND v.tx_hash = t.tx_hash"
    " WHERE t.status = 'CONFIRMED' AND t.id > ? AND t.executed_at >= ? AND t.chain = ? AND t.network = ?"
    " AND v.last_status = 'final' ORDER BY t.id LIMIT ?"
)
_OF_AGENT = _OF_SUBMITTED % "transactions_agent_status" + " AND t.agent_id = ? ORDER BY t.id, v.n"


class Variants:
    """The transaction_variants table, inside one unit."""

    def __init__(self, sql: Statements) -> None:
        self._sql = sql

    def insert(self, variant: Variant) -> None:
        """:raises Conflict: where the row has a variant of this number, or the network a transaction of this hash"""
        self._sql.run(VARIANT.insert, VARIANT.values(variant))

    def of(self, tx_id: str) -> list[Variant]:
        """A transaction's variants in the order they were signed."""
        return [VARIANT.read(row) for row in self._sql.all(VARIANT.select("WHERE tx_id = ? ORDER BY n"), (tx_id,))]

    def of_many(self, tx_ids: Sequence[str]) -> Mapping[str, Sequence[Variant]]:
        """Several transactions' variants by transaction, each in the order they were signed."""
        if not tx_ids:
            return {}
        where = f"WHERE tx_id IN ({', '.join('?' * len(tx_ids))}) ORDER BY n"
        found: dict[str, list[Variant]] = {}
        for row in self._sql.all(VARIANT.select(where), tuple(tx_ids)):
            variant = VARIANT.read(row)
            found.setdefault(variant.tx_id, []).append(variant)
        return found

    def landed(self, chain: str, network: str, *, after: str, since: int, limit: int) -> list[Variant]:
        """Bytes that ended CONFIRMED rows of a network, in the order of the rows' ids.

        :param after: only rows with a greater id
        :param since: only rows that became final at this second or later
        """
        return [VARIANT.read(row) for row in self._sql.all(_LANDED, (after, since, chain, network, limit))]

    def note(
        self,
        tx_id: str,
        n: int,
        *,
        last_status: str | None = None,
        proof: str | None = None,
        first_broadcast_at: int | None = None,
        chain_tx_id: str | None = None,
    ) -> bool:
        """Write down what was learned; what is left out stays. The first broadcast stays the first. False for no such row."""
        done = self._sql.run(
            "UPDATE transaction_variants SET last_status = COALESCE(?, last_status), proof = COALESCE(?, proof),"
            " first_broadcast_at = COALESCE(first_broadcast_at, ?), chain_tx_id = COALESCE(?, chain_tx_id)"
            " WHERE tx_id = ? AND n = ?",
            (last_status, proof, first_broadcast_at, chain_tx_id, tx_id, n),
        )
        return done.rowcount == 1

    def unfinished(self, chain: str, network: str, limit: int = 1000) -> list[Variant]:
        """Variants of one network's SUBMITTED rows, in the order they were signed."""
        rows = self._sql.all(_OF_NETWORK, (chain, network, limit))
        return [VARIANT.read(row) for row in rows]

    def of_agent_in_flight(self, agent_id: str) -> list[Variant]:
        """Variants of one agent's SUBMITTED rows, oldest row first."""
        return [VARIANT.read(row) for row in self._sql.all(_OF_AGENT, (agent_id,))]
