"""Value in US dollars, as whole millionths, without a float: prices are decimal strings, and everything is rounded up.

A price is what one *whole* unit of an asset costs (``"142.5"`` for one SOL). Value that leaves is rounded up, so that a limit
in dollars is never passed by the rounding.
"""

import re
from collections.abc import Iterable, Mapping

from waiaas.errors import Malformed
from waiaas.interfaces.chain import Asset, Effect, What

USD = "iso4217:USD"
"""How sums in dollars are named beside assets; its base unit is a millionth of a dollar."""
USD_DECIMALS = 6
_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,29})(?:\.([0-9]{1,30}))?", re.ASCII)
_LEAVING = frozenset({What.OUT, What.LOCKED, What.APPROVE})


def micro_usd(text: str) -> int:
    """Millionths of a dollar of a decimal string such as ``"12.5"``, rounded up.

    :raises Malformed: for anything else than digits with at most one point
    """
    digits, scale = _parts(text)
    return _divided_up(digits * 10**USD_DECIMALS, 10**scale)


def value_of(units: int, decimals: int, price: str) -> int:
    """What ``units`` base units are worth, in millionths of a dollar, rounded up. :raises Malformed: for a bad price"""
    digits, scale = _parts(price)
    return _divided_up(units * digits * 10**USD_DECIMALS, 10 ** (scale + decimals))


def units_within(value: int, decimals: int, price: str) -> int | None:
    """The most base units that are worth no more than ``value`` millionths of a dollar; None where all are (a price of 0)."""
    digits, scale = _parts(price)
    return None if digits == 0 else value * 10 ** (scale + decimals) // (digits * 10**USD_DECIMALS)


def leaving_value(
    effects: Iterable[Effect], assets: Iterable[Asset], prices: Mapping[str, tuple[str, int]]
) -> tuple[int, frozenset[str]]:
    """What effects let leave, in millionths of a dollar, and the assets among them that have no price or no decimals.

    Each asset is rounded up once, on its sum. Unbounded effects count as assets without a price.
    """
    decimals = {asset.id: asset.decimals for asset in assets}
    sums: dict[str, int] = {}
    unpriced = set()
    for effect in effects:
        if effect.what not in _LEAVING:
            continue
        if effect.asset is None or effect.units is None or effect.asset not in prices or effect.asset not in decimals:
            unpriced.add(effect.asset or "")
            continue
        sums[effect.asset] = sums.get(effect.asset, 0) + effect.units
    total = sum(value_of(units, decimals[asset], prices[asset][0]) for asset, units in sums.items())
    return total, frozenset(unpriced)


def _parts(text: str) -> tuple[int, int]:
    found = _DECIMAL.fullmatch(text)
    if found is None:
        raise Malformed(f"{text!r} is no decimal number", hint="digits with at most one point, such as 12.5")
    whole, fraction = found.group(1), found.group(2) or ""
    return int(whole + fraction), len(fraction)


def _divided_up(dividend: int, divisor: int) -> int:
    return -(-dividend // divisor)
