"""Prices, in integers: what is offered, what is raised, what fits."""

from hypothesis import given
from hypothesis import strategies as st
from waiaas_evm.fees import (
    Market,
    Price,
    least_price,
    likely_price,
    lowest_raised,
    price_within,
    raised,
    wanted_price,
    with_margin,
)
from waiaas_evm.settings import EvmSettings
from waiaas_evm.transaction import Transaction

WEI = st.integers(0, 10**15)
SETTINGS = st.builds(EvmSettings, base_fee_headroom=st.integers(0, 1000))
MARKETS = st.builds(
    Market, height=st.just(1), base=st.none() | WEI, tips=st.lists(WEI, max_size=8).map(tuple), gas_price=WEI
)


@st.composite
def earlier(draw: st.DrawFn) -> Transaction:
    """A variant that was signed before."""
    max_fee = draw(WEI)
    tip = draw(st.integers(0, max_fee))
    return Transaction(chain=1, nonce=0, to=bytes(20), value=0, data=b"", gas=21_000, max_fee=max_fee, tip=tip)


@given(MARKETS, SETTINGS, WEI)
def test_an_offer_is_enough_for_a_block_and_makes_sense(market: Market, settings: EvmSettings, floor: int) -> None:
    """At least the base fee and the floor; the tip within the price; a legacy price is one number; likely is between."""
    price = wanted_price(market, settings, floor)
    least = least_price(market, settings, floor)
    assert 0 < least <= max(1, likely_price(market, settings, floor)) <= price.max_fee
    assert floor <= price.tip <= price.max_fee
    assert price.is_legacy == (market.base is None)
    assert not price.is_legacy or price.tip == price.max_fee


@given(MARKETS, SETTINGS, WEI, st.lists(earlier(), min_size=1, max_size=4))
def test_a_replacement_offers_an_eighth_more_of_both(
    market: Market, settings: EvmSettings, floor: int, replaces: list[Transaction]
) -> None:
    """Above every earlier variant by what pools demand, at the least as well as at what is wanted."""
    price = raised(wanted_price(market, settings, floor), replaces)
    least = lowest_raised(least_price(market, settings, floor), replaces)
    lowered = price_within(price, 21_000, least * 21_000)
    for offer in (price, lowered):
        for one in replaces:
            assert offer.max_fee * 8 >= one.max_fee * 9
            assert offer.max_fee > one.max_fee
            assert offer.tip * 8 >= one.tip * 9
            assert offer.tip > one.tip
        assert offer.tip <= offer.max_fee


@given(
    st.builds(Price, max_fee=WEI, tip=st.just(0), is_legacy=st.booleans()),
    st.integers(21_000, 10**7),
    st.integers(-5, 10**20),
)
def test_a_price_within_a_sum_costs_no_more(price: Price, gas: int, wei: int) -> None:
    """The gas at the lowered price fits; nothing is raised."""
    lowered = price_within(price, gas, wei)
    assert lowered.max_fee * gas <= max(0, wei)
    assert lowered.max_fee <= price.max_fee


@given(st.integers(21_000, 10**8), st.integers(0, 400))
def test_a_margin_never_lowers(gas: int, margin: int) -> None:
    """Plain money has none; everything else as many percent as are set."""
    limit = with_margin(gas, EvmSettings(gas_margin=margin))
    assert limit == (gas if gas == 21_000 else gas + gas * margin // 100)
