"""What a wallet holds, and the lists of tokens that people keep, over a chain that says what a test tells it to."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.desk import CHAIN_ID, COIN, EUR, USD, Desk, token
from waiaas.errors import (
    BadRequest,
    ChainUnreachable,
    Conflict,
    Denied,
    Malformed,
    NotFound,
    Refused,
    RefusedByChain,
    Unavailable,
    WaiaasError,
)
from waiaas.interfaces.chain import Asset


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An engine of its own."""
    made = Desk(tmp_path)
    yield made
    made.close()


def held(desk: Desk) -> list[tuple[str, int, int]]:
    return [(one.asset.id, one.balance, one.spendable) for one in desk.wallet.assets(desk.session())]


def test_a_wallet_shows_what_the_chain_lists_and_the_networks_tokens(desk: Desk) -> None:
    """The native asset first, then the list's tokens, held or not, then what else the chain knows of; each once."""
    other = Asset(id=f"{CHAIN_ID}/token:spam", symbol="SOL", decimals=0, native=True)
    desk.script.tokens[other.id] = other
    desk.script.lists = {other.id: 9, COIN.id: 100, EUR.id: 3}
    desk.script.holds = {USD.id: 5, EUR.id: 3}
    assert held(desk) == [(COIN.id, 100, 100), (EUR.id, 3, 3), (other.id, 9, 9)]
    desk.tokens.add(desk.operator, chain="play", network="here", token="USD")
    assert held(desk) == [(COIN.id, 100, 100), (EUR.id, 3, 3), (USD.id, 5, 5), (other.id, 9, 9)]
    assert [one.asset.native for one in desk.wallet.assets(desk.session())] == [True, False, False, False]


def test_a_listed_token_that_is_gone_hides_no_other(desk: Desk) -> None:
    """One that the chain no longer knows is left out, and the rest is told of."""
    desk.tokens.add(desk.operator, chain="play", network="here", token="usd")
    del desk.script.tokens[EUR.id]
    assert [asset for asset, *_ in held(desk)] == [COIN.id, USD.id]


def test_what_is_under_way_cannot_be_spent_again(desk: Desk) -> None:
    """A token's payment lowers its own spendable units, and the native ones by fee and rent."""
    desk.policy("ALLOWED_TOKENS", tokens=["usd"])
    desk.tokens.add(desk.operator, chain="play", network="here", token="usd")
    desk.script.holds, desk.script.rent = {USD.id: 50, COIN.id: 1_000_000}, 7
    actor = desk.session()
    desk.send(actor, token(20))
    assert {asset: (total, left) for asset, total, left in held(desk)} == {
        COIN.id: (1_000_000, 1_000_000 - 20 - 7),
        USD.id: (50, 30),
        EUR.id: (0, 0),
    }
    one = desk.wallet.balance(actor, "USD")
    assert (one.asset.id, one.balance, one.spendable, one.asset.decimals) == (USD.id, 50, 30, 6)
    assert desk.wallet.balance(actor).spendable == 1_000_000 - 27
    with pytest.raises(RefusedByChain) as caught:
        desk.wallet.balance(actor, "nothing")
    assert caught.value.details == {"reason": "ASSET_UNKNOWN"}


def test_a_node_that_is_away_shows_nothing(desk: Desk) -> None:
    """Balances are read now or not at all."""
    desk.script.away = Unavailable("gone")
    for ask in (desk.wallet.assets, desk.wallet.balance):
        with pytest.raises(ChainUnreachable):
            ask(desk.session())


# --- the list of tokens ----------------------------------------------------------------------------------------------------


def test_tokens_are_added_with_what_the_chain_says_of_them(desk: Desk) -> None:
    """The list holds id, decimals and cleaned words from the chain, with who put them there in the audit log."""
    desk.script.tokens[USD.id] = replace(USD, symbol="U\u202eSD")
    added = desk.tokens.add(desk.operator, chain="play", network="here", token="USD")
    assert added.token is not None
    assert (added.asset, added.token.symbol, added.token.name, added.token.decimals) == (USD.id, "USD", "A Dollar", 6)
    known, listed = desk.tokens.list(desk.operator, chain="play", network="here")
    assert (known.asset, known.token) == (EUR.id, None)
    assert listed == added
    assert desk.tokens.list(desk.operator, chain="solana") == []
    assert desk.tokens.list(desk.operator, network="there") == []
    desk.tokens.remove(desk.operator, str(added.token.id))
    assert [view.asset for view in desk.tokens.list(desk.operator)] == [EUR.id]
    events = desk.rows("SELECT event_type, actor FROM audit_log WHERE event_type LIKE 'token.%'")
    assert events == [("token.added", "operator"), ("token.removed", "operator")]


@pytest.mark.parametrize("where", [("play", "nowhere"), ("nochain", "here")])
def test_a_network_must_be_there(desk: Desk, where: tuple[str, str]) -> None:
    """Tokens of networks that nobody serves are refused."""
    with pytest.raises(BadRequest) as caught:
        desk.tokens.add(desk.operator, chain=where[0], network=where[1], token="usd")
    assert caught.value.code == "INVALID_NETWORK"


@pytest.mark.parametrize(
    ("word", "kind"),
    [("usd!", Malformed), ("native", BadRequest), ("nothing", RefusedByChain), ("eur", Conflict), (EUR.id, Conflict)],
)
def test_what_is_no_new_token_is_not_added(desk: Desk, word: str, kind: type[WaiaasError]) -> None:
    """No asset of the network, the native one, no token on the chain, or one that is there already."""
    with pytest.raises(kind):
        desk.tokens.add(desk.operator, chain="play", network="here", token=word)
    assert desk.rows("SELECT count(*) FROM tokens") == [(0,)]


def test_a_token_is_added_once(desk: Desk) -> None:
    """The same token again is a conflict, on the same network alone."""
    desk.tokens.add(desk.operator, chain="play", network="here", token="usd")
    with pytest.raises(Conflict):
        desk.tokens.add(desk.operator, chain="play", network="here", token=USD.id)


def test_nothing_is_added_unread(desk: Desk) -> None:
    """While no node answers, or for a node of another chain, no token is added."""
    for problem in (Unavailable("gone"), Refused("WRONG_CHAIN", "another"), RuntimeError("a fault")):
        desk.script.away = problem
        with pytest.raises(ChainUnreachable):
            desk.tokens.add(desk.operator, chain="play", network="here", token="usd")
    assert desk.rows("SELECT count(*) FROM tokens") == [(0,)]


@pytest.mark.parametrize("number", ["", "0", "-1", "99", "1e3", "١", "x", "1" * 30])
def test_what_is_not_on_the_list_cannot_be_removed(desk: Desk, number: str) -> None:
    """Ids that name nothing are not found."""
    with pytest.raises(NotFound):
        desk.tokens.remove(desk.operator, number)


def test_only_the_operator_keeps_the_list(desk: Desk) -> None:
    """An agent's session neither reads nor changes it."""
    actor = desk.session()
    for ask in (
        lambda: desk.tokens.list(actor),
        lambda: desk.tokens.add(actor, chain="play", network="here", token="usd"),
        lambda: desk.tokens.remove(actor, "1"),
    ):
        with pytest.raises(Denied):
            ask()
