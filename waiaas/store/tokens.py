"""Tokens that people asked to see, by network."""

from waiaas.store.records import Token
from waiaas.store.shapes import Shape
from waiaas.store.statements import Statements

TOKEN = Shape(Token, "tokens")

# Inside a class that has a method of this name, ``list`` is that method.
Rows = list[Token]


class Tokens:
    """The tokens table, inside one unit. The number of its rows is bounded by whoever inserts."""

    def __init__(self, sql: Statements) -> None:
        self._sql = sql

    def insert(self, token: Token) -> int:
        """Add one; returns its id. :raises Conflict: for an asset that its network has already"""
        return self._sql.insert(TOKEN.insert, TOKEN.values(token))

    def get(self, token_id: int) -> Token | None:
        """By id."""
        return next(iter(self._read("WHERE id = ?", token_id)), None)

    def list(self, chain: str | None = None, network: str | None = None) -> Rows:
        """In the order in which they were added; of one chain, or of one of its networks."""
        wanted = [(name, value) for name, value in (("chain", chain), ("network", network)) if value is not None]
        where = " AND ".join(f"{name} = ?" for name, _ in wanted)
        return self._read(f"{'WHERE ' if where else ''}{where} ORDER BY id", *(value for _, value in wanted))

    def delete(self, token_id: int) -> bool:
        """Remove one. False for an unknown id."""
        return self._sql.run("DELETE FROM tokens WHERE id = ?", (token_id,)).rowcount == 1

    def _read(self, rest: str, *parameters: str | int) -> Rows:
        return [TOKEN.read(row) for row in self._sql.all(TOKEN.select(rest), parameters)]
