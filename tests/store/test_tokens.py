"""Tokens that people added to a network's list."""

import pytest

from tests.store.samples import NOW
from waiaas.errors import Conflict
from waiaas.store.database import Store
from waiaas.store.records import Token


def token(asset: str, network: str = "devnet", chain: str = "solana") -> Token:
    return Token(created_at=NOW, chain=chain, network=network, asset=asset, symbol="ü\u202e", decimals=255, name="n")


def test_tokens_come_back_as_they_were_in_their_order(store: Store) -> None:
    """What was added is listed by chain and network in the order of its coming, and can be removed once."""
    given = [token("a"), token("b"), token("a", "mainnet"), token("a", "devnet", "evm")]
    with store.write() as unit:
        numbers = [unit.tokens.insert(one) for one in given]
    with store.read() as unit:
        assert [one.asset for one in unit.tokens.list("solana", "devnet")] == ["a", "b"]
        assert [one.id for one in unit.tokens.list("solana")] == numbers[:3]
        assert [one.id for one in unit.tokens.list(network="devnet")] == [numbers[0], numbers[1], numbers[3]]
        assert len(unit.tokens.list()) == 4
        found = unit.tokens.get(numbers[0])
        assert found is not None
        assert (found.symbol, found.decimals, found.created_at) == ("ü\u202e", 255, NOW)
        assert unit.tokens.get(99) is None
    with store.write() as unit:
        assert (unit.tokens.delete(numbers[0]), unit.tokens.delete(numbers[0])) == (True, False)


def test_a_network_has_a_token_once(store: Store) -> None:
    """The same asset again on one network is a conflict."""
    with store.write() as unit:
        unit.tokens.insert(token("a"))
    with pytest.raises(Conflict), store.write() as unit:
        unit.tokens.insert(token("a"))
