"""Bounds in US dollars: how they are written, and what they are in base units at the price that the facts have.

An asset without a fresh price, without known decimals, or with a price of nothing has no price here: at a price of nothing
everything would pass every bound in dollars.
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field

from waiaas.interfaces.ids import show_units
from waiaas.interfaces.money import USD_DECIMALS, micro_usd, units_within, value_of
from waiaas.interfaces.policy import Facts

PRICE_MISSING = "PRICE_MISSING"
"""The code of a verdict that asks for approval because a bound in dollars cannot be judged."""


def _is_positive(text: str) -> str:
    if micro_usd(text) == 0:
        raise ValueError("a limit is more than 0")
    return text


Dollars = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,29})(\.[0-9]{1,6})?$")]
"""A decimal string; six places at most, so that nothing is rounded up."""
PositiveDollars = Annotated[Dollars, AfterValidator(_is_positive)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one whole unit of an asset costs, and how many base units that is."""

    text: str
    decimals: int

    def value(self, units: int) -> int:
        """Millionths of a dollar, rounded up."""
        return value_of(units, self.decimals, self.text)

    def units_within(self, value: int) -> int:
        """The most base units that are worth no more than ``value`` millionths of a dollar."""
        units = units_within(value, self.decimals, self.text)
        if units is None:
            raise ValueError("a price of nothing is no price")
        return units


def price_of(facts: Facts, asset_id: str) -> Price | None:
    """The asset's price; None where there is none to judge by."""
    known = facts.prices.get(asset_id)
    found = next((asset for asset in facts.resolved.assets if asset.id == asset_id), None)
    return (
        None if known is None or found is None or not is_price(known) else Price(text=known[0], decimals=found.decimals)
    )


def is_price(known: tuple[str, int]) -> bool:
    """Whether it is more than nothing."""
    return bool(known[0].strip("0."))


def shown_dollars(value: int) -> str:
    """Millionths of a dollar for people."""
    return f"{show_units(value, USD_DECIMALS)} USD"
