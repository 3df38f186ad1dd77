"""Amounts and names at the door."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waiaas.errors import Malformed
from waiaas.interfaces.ids import (
    account_id,
    asset_id,
    asset_reference,
    is_asset_id,
    parse_chain_id,
    parse_units,
    show_units,
)


@given(st.integers(1, 10**78 - 1))
def test_every_amount_reads_back(units: int) -> None:
    """A decimal string of base units is read exactly."""
    assert parse_units(str(units)) == units


BAD = ["", "0", "-1", "+1", "1_0", "1e18", "１２", "01", " 1", "1 ", "1.0", "0x1", "NaN", "9" * 79, "1\n", "٣"]


@pytest.mark.parametrize("text", [*BAD, 1, 1.0, None, True, [], {}])
def test_everything_else_is_refused(text: object) -> None:
    """Signs, exponents, other digits, numbers and other types are no amounts."""
    with pytest.raises(Malformed) as caught:
        parse_units(text)
    assert caught.value.code == "INVALID_AMOUNT"
    assert caught.value.hint


def test_caip_names() -> None:
    """CAIP-2, CAIP-10 and CAIP-19 names are read and made by their grammars."""
    assert str(parse_chain_id("eip155:1")) == "eip155:1"
    assert account_id("eip155:1", "0xab") == "eip155:1:0xab"
    assert asset_id("eip155:1", "slip44", "60") == "eip155:1/slip44:60"
    assert is_asset_id("solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp/slip44:501")
    for text in ("", "eip155", "EIP155:1", "eip155:" + "1" * 33, "a:1"):
        with pytest.raises(Malformed):
            parse_chain_id(text)
    with pytest.raises(Malformed):
        asset_id("eip155:1", "slip44", "a b")


@given(st.integers(0, 10**90), st.integers(0, 255))
def test_display_units_lose_nothing(units: int, decimals: int) -> None:
    """What people read is the very number, without a useless zero."""
    text = show_units(units, decimals)
    whole, _, part = text.partition(".")
    assert int(whole + part.ljust(decimals, "0")) == units
    assert not part.endswith("0")
    assert text == (f"{whole}.{part}" if part else whole)


def test_the_reference_of_an_asset_is_its_address() -> None:
    """A token's own address is the end of its CAIP-19 id."""
    assert asset_reference("eip155:1/erc20:0xAb") == "0xAb"
    assert asset_reference("solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp/token:Mint") == "Mint"
    assert asset_reference("odd") == "odd"
