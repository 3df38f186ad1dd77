"""Fees and prices, and the salts that keep equal payments apart."""

import hashlib
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from waiaas_solana.message import MEMO_BYTES, most_units, native_units, salted_limits, token_units
from waiaas_solana.networks import FEE_MAX
from waiaas_solana.pricing import MOST_UNITS, fee_of, going_price, price_within
from waiaas_solana.settings import SolanaSettings

SALTS = [hashlib.sha256(index.to_bytes(4, "big")).digest()[:16] for index in range(5_000)]

prices = st.integers(0, 2**64 - 1)
limits = st.integers(1, 2**32 - 1)


@given(st.integers(1, 20), limits, prices)
def test_a_fee_is_signatures_and_the_whole_limit(signatures: int, limit: int, price: int) -> None:
    """5000 lamports a signature, and the price of every unit of the limit, rounded up."""
    expected = 5_000 * signatures + ceil(Fraction(min(limit, MOST_UNITS) * price, 1_000_000))
    assert fee_of(signatures, limit, price) == expected


@given(prices, st.integers(1, MOST_UNITS), st.integers(0, 2**40))
def test_a_lowered_price_fits_the_cap_and_is_no_lower_than_needed(price: int, limit: int, cap: int) -> None:
    """The price under a cap gives a fee within it; one micro-lamport more would not, unless nothing was taken off."""
    lowered = price_within(price, limit, cap)
    if lowered is None:
        assert cap < 5_000
        return
    assert fee_of(1, limit, lowered) <= cap
    assert lowered == price or fee_of(1, limit, lowered + 1) > cap


@given(st.lists(prices, max_size=160), st.integers(0, 100))
def test_a_going_price_is_held_between_floor_and_cap(recent: list[int], percentile: int) -> None:
    """Whatever a node says of recent blocks, the offer stays within the settings."""
    settings = SolanaSettings(price_percentile=percentile, price_floor=10, price_cap=1_000)
    assert 10 <= going_price(recent, settings) <= 1_000


@pytest.mark.parametrize(("percentile", "price"), [(0, 1), (50, 50), (75, 75), (100, 100)])
def test_the_percentile_is_read(percentile: int, price: int) -> None:
    """Of a hundred prices the one at the percentile is offered, in whatever order they came."""
    settings = SolanaSettings(price_percentile=percentile, price_floor=0, price_cap=1_000)
    assert abs(going_price(list(range(100, 0, -1)), settings) - price) <= 1


@pytest.mark.parametrize("memo", [None, "x" * MEMO_BYTES])
def test_thousands_of_salts_give_thousands_of_limits(memo: str | None) -> None:
    """Five thousand salts give five thousand pairs of limits, all of them ample and below the runtime's maxima."""
    pairs = {salted_limits(salt, native_units(memo)) for salt in SALTS}
    assert len(pairs) == len(SALTS)
    assert all(2_000 <= units <= most_units(native_units(memo)) < MOST_UNITS for units, _ in pairs)
    assert all(32 << 20 <= size < 64 << 20 for _, size in pairs)


def test_a_salt_costs_next_to_nothing() -> None:
    """Between the cheapest and the dearest salt lie less than 5 % of the base fee, at a hundred times the usual floor."""
    fees = [fee_of(1, salted_limits(salt, native_units(None))[0], 50_000) for salt in SALTS]
    assert max(fees) - min(fees) < 250


def test_the_dearest_memo_at_the_highest_price_stays_under_the_default_cap() -> None:
    """With every setting at its default, no price that a node names makes a payment too dear to be built."""
    cap = SolanaSettings().price_cap
    assert fee_of(1, most_units(native_units("x" * MEMO_BYTES)), cap) <= FEE_MAX
    assert fee_of(1, most_units(token_units("x" * MEMO_BYTES, 225)), cap) <= FEE_MAX
