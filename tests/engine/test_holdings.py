"""What an account has, where a node answers oddly about one of its tokens."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from waiaas.engine.chains import Chain
from waiaas.engine.holdings import holdings
from waiaas.errors import NodeFailure, NodeTrouble, Refused, Trouble, Unavailable
from waiaas.interfaces.chain import Account, Asset, Balance
from waiaas.interfaces.signing import PublicKey, Scheme

NATIVE = "test:1/slip44:1"
LISTED = [f"test:1/token:{letter}" for letter in "abcd"]
KEY = PublicKey(scheme=Scheme.ED25519, data=bytes(32))
ACCOUNT = Account(address="me", key=KEY, form="ed25519")


def failing(kind: Trouble) -> NodeFailure:
    """As the host's client raises it."""
    return NodeFailure("no", troubles=(NodeTrouble(kind=kind, words="no"),))


def chain_with(odd: Callable[[], Exception], asked: list[Any]) -> Chain:
    """A chain that lists native money alone, and cannot tell about token ``b``."""

    def balances(account: Account, assets: Sequence[str], in_flight: Sequence[Any]) -> list[Balance]:
        asked.append(assets)
        if LISTED[1] in assets:
            raise odd()
        found = [Asset(id=one, symbol="T", decimals=0, native=one == NATIVE) for one in assets or [NATIVE]]
        return [Balance(asset=one, total=1, spendable=1) for one in found]

    native = Asset(id=NATIVE, symbol="N", decimals=0, native=True)
    made = SimpleNamespace(
        network=SimpleNamespace(native=native),
        adapter=SimpleNamespace(balances=balances),
        call=lambda method, *arguments: method(*arguments),
    )
    return cast(Chain, made)


@pytest.mark.parametrize(
    "odd",
    [
        lambda: Refused("ASSET_UNKNOWN", "no token"),
        lambda: Unavailable("the token does not say what the account holds"),
        lambda: failing(Trouble.FAILED),
        lambda: failing(Trouble.MALFORMED),
    ],
)
def test_one_odd_token_holds_up_no_other(odd: Callable[[], Exception]) -> None:
    """It is left out, and the rest is told."""
    found = holdings(chain_with(odd, []), ACCOUNT, LISTED, ())
    assert [one.asset.id for one in found] == [NATIVE, LISTED[0], LISTED[2], LISTED[3]]


def test_a_node_that_is_away_is_not_asked_for_each() -> None:
    """Nobody is told that an account holds nothing because no node answered."""
    asked: list[Any] = []
    chain = chain_with(lambda: failing(Trouble.UNREACHABLE), asked)
    with pytest.raises(NodeFailure):
        holdings(chain, ACCOUNT, LISTED, ())
    assert len(asked) == 2
