"""What effects add up to: the amounts that limits measure, that are reserved at admission and booked when final."""

from collections.abc import Iterable, Mapping

from waiaas.interfaces.chain import Effect, What

_KINDS = {What.OUT: "amount", What.LOCKED: "rent", What.APPROVE: "allowance"}

VALUE_KINDS = ("amount", "rent", "allowance")
"""What limits of an asset measure; network fees are measured apart."""


def totals(effects: Iterable[Effect]) -> Mapping[tuple[str, str], int]:
    """Base units by (asset, ledger kind). Unbounded allowances are not in it: they are denied before anything adds up."""
    sums: dict[tuple[str, str], int] = {}
    for effect in effects:
        kind = _KINDS.get(effect.what)
        if kind is None or effect.asset is None or effect.units is None:
            continue
        sums[effect.asset, kind] = sums.get((effect.asset, kind), 0) + effect.units
    return sums


def leaving(effects: Iterable[Effect], asset: str) -> int:
    """Base units of ``asset`` that leave, are tied up or may be taken."""
    return sum(units for (of, _), units in totals(effects).items() if of == asset)
