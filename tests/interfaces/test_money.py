"""Dollars as whole millionths: never less than what leaves is worth, and never more by more than one of them an asset."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waiaas.errors import Malformed
from waiaas.interfaces.chain import Asset, Effect, What
from waiaas.interfaces.money import USD_DECIMALS, leaving_value, micro_usd, units_within, value_of

PRICES = st.builds(
    lambda whole, part: f"{whole}.{part}" if part else str(whole),
    st.integers(0, 10**12),
    st.text("0123456789", max_size=20),
)
UNITS, DECIMALS = st.integers(0, 10**30), st.integers(0, 30)
OUT = st.sampled_from([What.OUT, What.LOCKED, What.APPROVE])


def exact(units: int, decimals: int, price: str) -> Fraction:
    """What it is worth, in millionths of a dollar."""
    worth: Fraction = Fraction(units, 10**decimals) * Fraction(price) * 10**USD_DECIMALS
    return worth


@settings(deadline=None)
@given(UNITS, DECIMALS, PRICES)
def test_value_is_rounded_up_and_by_less_than_a_millionth(units: int, decimals: int, price: str) -> None:
    """Against exact fractions: never below what it is worth, and never a whole millionth above."""
    value, true = value_of(units, decimals, price), exact(units, decimals, price)
    assert true <= value < true + 1


@settings(deadline=None)
@given(UNITS, UNITS, DECIMALS, PRICES)
def test_splitting_a_payment_never_makes_it_cheaper(one: int, other: int, decimals: int, price: str) -> None:
    """Two halves are worth at least what the whole is, and more units are never worth less."""
    whole = value_of(one + other, decimals, price)
    assert value_of(one, decimals, price) + value_of(other, decimals, price) >= whole >= value_of(one, decimals, price)


@settings(deadline=None)
@given(st.integers(0, 10**15), DECIMALS, PRICES)
def test_units_within_a_value_are_the_most_that_fit(value: int, decimals: int, price: str) -> None:
    """So many units are worth no more than the value, and one more is."""
    units = units_within(value, decimals, price)
    if units is None:
        assert Fraction(price) == 0
    else:
        assert value_of(units, decimals, price) <= value < value_of(units + 1, decimals, price)


@settings(deadline=None)
@given(st.integers(0, 10**12), st.text("0123456789", max_size=12))
def test_dollars_are_read_exactly_or_rounded_up(whole: int, part: str) -> None:
    """Up to six places exactly, more of them up."""
    text = f"{whole}.{part}" if part else str(whole)
    true = Fraction(text) * 10**USD_DECIMALS
    assert true <= micro_usd(text) < true + 1
    if len(part) <= USD_DECIMALS:
        assert micro_usd(text) == true


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".5",
        "5.",
        "-1",
        "+1",
        "1e3",
        "01",
        " 1",
        "1 ",
        "1\n",
        "NaN",
        "Infinity",
        "1,5",
        "\u0661",
        "1_0",
        "0x1",
        "9" * 31,
    ],
)
def test_what_is_no_plain_decimal_is_no_price(text: str) -> None:
    """Signs, exponents, spaces, other digits and words are refused wherever a price is read."""
    for read in (micro_usd, lambda price: value_of(1, 1, price), lambda price: units_within(1, 1, price)):
        with pytest.raises(Malformed) as caught:
            read(text)
        assert caught.value.message == f"{text!r} is no decimal number"
        assert caught.value.hint == "digits with at most one point, such as 12.5"


@settings(deadline=None)
@given(st.lists(st.tuples(OUT, st.sampled_from("abc"), st.integers(0, 10**20)), max_size=8))
def test_what_leaves_is_summed_by_asset_and_what_has_no_price_is_named(moves: list[tuple[What, str, int]]) -> None:
    """Each asset's sum is rounded once; one without a price counts nothing and is in the answer."""
    effects = [Effect(what=what, asset=asset, units=units) for what, asset, units in moves]
    assets = [Asset(id=name, symbol=name, decimals=7, native=False) for name in "abc"]
    prices = {"a": ("0.3333333", 1), "b": ("17", 1)}
    value, unpriced = leaving_value(effects, assets, prices)
    sums = {name: sum(units for _, asset, units in moves if asset == name) for name in "ab"}
    assert value == sum(value_of(units, 7, prices[name][0]) for name, units in sums.items())
    assert unpriced == {asset for _, asset, _ in moves if asset == "c"}


def test_what_is_unbounded_or_nameless_has_no_value() -> None:
    """It counts as an asset without a price, though its asset has one; what stays in the account counts nothing."""
    prices = {"a": ("1", 1)}
    assets = [Asset(id="a", symbol="a", decimals=0, native=True)]
    unbounded, nameless = Effect(what=What.APPROVE, asset="a", units=None), Effect(what=What.OUT, asset=None, units=1)
    assert leaving_value([unbounded], assets, prices) == (0, frozenset({"a"}))
    assert leaving_value([nameless], assets, prices) == (0, frozenset({""}))
    assert leaving_value([Effect(what=What.OUT, asset="a", units=1)], [], prices) == (0, frozenset({"a"}))
    assert leaving_value([Effect(what=What.CALL, to="x")], assets, prices) == (0, frozenset())


def test_what_counts_nothing_hides_nothing_behind_it() -> None:
    """Effects after a call or after an asset without a price are counted all the same, and so is each such asset."""
    prices = {"a": ("2.5", 1)}
    assets = [Asset(id=name, symbol=name, decimals=1, native=False) for name in "abc"]
    paid = Effect(what=What.OUT, asset="a", units=4)
    effects = [
        Effect(what=What.CALL, to="x"),
        paid,
        Effect(what=What.OUT, asset="b", units=1),
        paid,
        Effect(what=What.LOCKED, asset="c", units=1),
        paid,
    ]
    assert leaving_value(effects, assets, prices) == (3_000_000, frozenset({"b", "c"}))
