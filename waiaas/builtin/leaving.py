"""What of an asset can leave by a transaction: the outflows, locked value and allowances among its decoded effects."""

import json
from collections.abc import Iterable, Sequence

from waiaas.interfaces.chain import Effect, What
from waiaas.interfaces.ids import show_units
from waiaas.interfaces.policy import Facts

COUNTED = frozenset({What.OUT, What.LOCKED, What.APPROVE})
ANY_VALUE = 10**100
"""A window's value that no history reaches: the verdict holds whatever was spent."""


def leaving(effects: Iterable[Effect], asset: str | None) -> Sequence[Effect]:
    """The effects by which value can leave; of one asset, or of every asset for None."""
    return [one for one in effects if one.what in COUNTED and (asset is None or one.asset == asset)]


def total(effects: Iterable[Effect]) -> int | None:
    """Base units of all effects together; None as soon as one is unbounded.

    :raises ValueError: for an effect below zero, which would hide another
    """
    units = [effect.units for effect in effects]
    if any(one is not None and one < 0 for one in units):
        raise ValueError("an effect has a negative amount")
    return None if None in units else sum(one for one in units if one is not None)


def shown(facts: Facts, asset_id: str, units: int | None) -> str:
    """An amount for people, in whole units where the asset is known; a token's symbol is a foreign word, so it is quoted."""
    if units is None:
        return "an unbounded amount"
    for asset in facts.resolved.assets:
        if asset.id == asset_id:
            symbol = asset.symbol if asset.id == facts.native else json.dumps(asset.symbol or "?")
            return f"{show_units(units, asset.decimals)} {symbol}"
    return f"{units} base units"


def period(seconds: int | None) -> str:
    """A rolling window's length for people: ``24 hours``, ``7 days``, ``90 seconds``; None is all of history."""
    if seconds is None:
        return "in all"
    for size, word in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds % size == 0 and seconds > size:
            return f"in the last {seconds // size} {word}"
    return f"in the last {_ONE.get(seconds, f'{seconds} seconds')}"


_ONE = {86_400: "24 hours", 3600: "60 minutes", 60: "60 seconds", 1: "second"}
