"""Documents whose amounts people wrote: base units before they are stored, display units beside when they are shown."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from waiaas.engine.rules.amount_places import Place, Schema, amount_places
from waiaas.engine.rules.amounts import BASE_UNITS
from waiaas.engine.symbols import Symbols
from waiaas.errors import Malformed
from waiaas.interfaces.policy import AssetReader

RULES = ("asset", "token")
CONSTRAINTS = ("address",)
"""Under which keys an object of a document names the asset of its amounts."""


class NoAmount(Exception):
    """Something stands where an amount belongs. :param path: where; :param hint: the right spelling"""

    def __init__(self, path: str, problem: Malformed) -> None:
        super().__init__(problem.message)
        self.path = path
        self.message = problem.message
        self.hint = problem.hint


def in_base_units(
    schema: Schema, document: Mapping[str, Any], reader: AssetReader, symbols: Symbols, names: Sequence[str] = RULES
) -> dict[str, Any]:
    """A copy of the document whose amounts are base units; everything else is as it was written.

    :param reader: says which asset a word of the document means
    :raises NoAmount: for the first that cannot be read
    """
    copied: dict[str, Any] = json.loads(json.dumps(document))
    for place in amount_places(schema, copied, names):
        try:
            place.holder[place.key] = _units(place, reader, symbols)
        except Malformed as problem:
            raise NoAmount(place.path, problem) from None
    return copied


def displayed(
    schema: Schema, document: Mapping[str, Any], native: str | None, symbols: Symbols, names: Sequence[str] = RULES
) -> dict[str, str]:
    """Each amount of a stored document in display units, by its path; those of assets on no list are left out.

    :param native: the asset of amounts that name none
    """
    found: dict[str, str] = {}
    for place in amount_places(schema, document, names):
        units = place.value
        asset = native if place.asset in (None, "native") else place.asset
        text = symbols.show(int(units), asset) if isinstance(units, str) and BASE_UNITS.fullmatch(units) else None
        if text is not None:
            found[place.path] = text
    return found


def _units(place: Place, reader: AssetReader, symbols: Symbols) -> str:
    given = place.value
    if not isinstance(given, str):
        raise Malformed(
            "an amount is a text, so that none of its digits is lost",
            hint='write "10000000", or with the symbol "0.01SOL"',
        )
    if not BASE_UNITS.fullmatch(given):
        given = str(symbols.units(given, reader.asset(place.asset)))
    if given == "0" and not place.may_be_zero:
        raise Malformed(
            "an amount of nothing does not limit anything", hint="leave the field out, or write more than 0"
        )
    return given
