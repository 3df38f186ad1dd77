"""What is taken for a price of what a source says."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from waiaas.engine.rules.prices import is_jump, read_price

NOW, AGE = 1_700_000_000, 300


@pytest.mark.parametrize("usd", ["142.5", "0.000000000000000001", "1000000000000", "1", "1.50"])
@pytest.mark.parametrize("at", [NOW, NOW - AGE, NOW - 1])
def test_a_plain_price_of_late_is_one(usd: str, at: int) -> None:
    """It is kept as it was said."""
    assert read_price((usd, at), NOW, AGE) == read_price([usd, at], NOW, AGE) == (usd, at)


@pytest.mark.parametrize(
    "usd",
    ["-1", "1e3", "NaN", "Infinity", "", " 1", "1,5", "9" * 31, 142.5, 142, True, None, Decimal("142.5"), b"142.5", ["1"],
     "\u0661"],
)  # fmt: skip
def test_what_is_no_plain_amount_is_no_price(usd: Any) -> None:
    """Negative, not a number, not a text, of more digits than any price has."""
    with pytest.raises(ValueError, match=r"^its text is no plain decimal$"):
        read_price((usd, NOW), NOW, AGE)


@pytest.mark.parametrize("usd", ["0", "0.0", "0.0000000000000000009", "1000000000000.1"])
def test_what_no_asset_can_cost_is_no_price(usd: str) -> None:
    """Nothing, less than the least, more than the most."""
    with pytest.raises(ValueError, match=r"^it is zero or absurd$"):
        read_price((usd, NOW), NOW, AGE)


@pytest.mark.parametrize("at", [NOW - AGE - 1, 0, -1])
def test_yesterdays_price_is_none(at: int) -> None:
    """One second more than the age that is allowed is too much."""
    with pytest.raises(ValueError, match=r"^it is too old$"):
        read_price(("1", at), NOW, AGE)


@pytest.mark.parametrize("at", [NOW + 61, NOW * 1000, str(NOW), float(NOW), True, None])
def test_a_time_that_is_ahead_or_none_makes_no_price(at: Any) -> None:
    """A price from the future, and a time that is no whole second."""
    with pytest.raises(ValueError, match=r"^its time is none, or ahead$"):
        read_price(("1", at), NOW, AGE)


@pytest.mark.parametrize("given_", [None, "1", 1, (), ("1",), ("1", NOW, 3), {"usd": "1"}, object()])
def test_what_is_no_pair_is_no_price(given_: Any) -> None:
    """A text and a time, and nothing else."""
    with pytest.raises(ValueError, match=r"^a price is its text and its time$"):
        read_price(given_, NOW, AGE)


def test_a_clock_that_is_a_little_ahead_makes_no_price_younger_than_now() -> None:
    """A minute's difference is taken for now."""
    assert read_price(("1", NOW + 60), NOW, AGE) == ("1", NOW)


@settings(deadline=None)
@given(st.integers(1, 10**18), st.integers(1, 10**18))
@example(7, 70)
@example(7, 71)
def test_a_jump_is_more_than_tenfold_either_way(one: int, other: int) -> None:
    """Up or down, exactly ten times is none."""
    assert is_jump(str(one), str(other)) == is_jump(str(other), str(one)) == (max(one, other) > 10 * min(one, other))
