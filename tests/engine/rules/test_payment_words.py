"""Amounts and effects in words: exact, and others' words in quotes."""

import pytest

from waiaas.engine.rules.payment_words import amount_words, effect_words, effects_words
from waiaas.interfaces.chain import Asset, Effect, What

SOL = Asset(id="c/slip44:501", symbol="SOL", decimals=9, native=True)
FAKE = Asset(id="c/token:T", symbol="SOL to friend", decimals=2, native=False, name="Sol")
ASSETS = {asset.id: asset for asset in (SOL, FAKE)}


@pytest.mark.parametrize(
    ("units", "asset", "words"),
    [
        (1_500_000_000, SOL.id, "1.5 SOL (1500000000 base units)"),
        (1, SOL.id, "0.000000001 SOL (1 base units)"),
        (250, FAKE.id, '2.5 "SOL to friend" (250 base units)'),
        (7, "c/token:unknown", "7 base units"),
        (7, None, "7 base units"),
        (None, SOL.id, "WITHOUT LIMIT"),
    ],
)
def test_amounts_are_said_in_both_units(units: int | None, asset: str | None, words: str) -> None:
    """A native asset by its symbol, a token by its own word for itself in quotes, which anybody may choose."""
    assert amount_words(units, asset, ASSETS) == words


@pytest.mark.parametrize(
    ("effect", "words"),
    [
        (Effect(what=What.OUT, asset=SOL.id, units=10**9, to="R"), "sends 1 SOL (1000000000 base units) to R"),
        (
            Effect(what=What.OUT, asset=FAKE.id, units=100, to="R"),
            'sends 1 "SOL to friend" (100 base units) of c/token:T to R',
        ),
        (Effect(what=What.LOCKED, asset=SOL.id, units=5), "locks up 0.000000005 SOL (5 base units)"),
        (
            Effect(what=What.LOCKED, asset=SOL.id, units=5, to="V"),
            "locks up 0.000000005 SOL (5 base units) at V",
        ),
        (Effect(what=What.APPROVE, asset=FAKE.id, to="S"), "lets S take WITHOUT LIMIT of c/token:T"),
        (Effect(what=What.AUTHORITY, to="T"), "HANDS CONTROL to T"),
        (Effect(what=What.UNKNOWN, to="P", data="00"), "UNDECODED CALL to P"),
        (Effect(what=What.CALL, method="swap"), 'UNDECODED CALL to nobody named, method "swap"'),
    ],
)
def test_every_kind_of_effect_has_words(effect: Effect, words: str) -> None:
    """What leaves, is tied up, may be taken, or is not understood, is said so."""
    assert effect_words(effect, ASSETS) == words


def test_effects_are_said_in_order() -> None:
    """Each has a clause of its own, with the symbols of the assets that are known."""
    effects = (
        Effect(what=What.OUT, asset=SOL.id, units=10**9, to="R"),
        Effect(what=What.LOCKED, asset="c/token:unknown", units=5),
    )
    assert effects_words(effects, ASSETS) == (
        "sends 1 SOL (1000000000 base units) to R",
        "locks up 5 base units of c/token:unknown",
    )


def test_no_effect_is_said_too() -> None:
    """A payment to oneself costs the fee."""
    assert effects_words((), {}) == ("nothing leaves the account but the fee",)
