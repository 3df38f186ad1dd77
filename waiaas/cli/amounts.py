"""Amounts for people: base units and display units, in integers only."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from waiaas_sdk import Chain, Operator, Transaction

from waiaas.cli.exits import USAGE, Failure
from waiaas.engine.rules.amounts import read_display
from waiaas.errors import Malformed

_BASE = re.compile(r"[1-9][0-9]{0,77}", re.ASCII)


def is_base_units(text: str) -> bool:
    """Whether this is an amount in base units, which needs nobody to say what the asset is."""
    return _BASE.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Unit:
    """An asset's way to be written. :param decimals: display only"""

    symbol: str
    decimals: int

    def show(self, units: int) -> str:
        """``0.01 SOL (10000000)``."""
        return f"{self.display(units)} ({units})"

    def display(self, units: int) -> str:
        """``0.01 SOL``."""
        whole, rest = divmod(units, 10**self.decimals)
        fraction = str(rest).rjust(self.decimals, "0").rstrip("0") if self.decimals else ""
        return f"{whole}{'.' + fraction if fraction else ''} {self.symbol}"

    def read(self, text: str) -> int:
        """Base units from ``10000000``, or from display units with the symbol: ``0.01SOL``.

        :raises Failure: anything else, also more digits than the asset has
        """
        if is_base_units(text):
            return int(text)
        found = read_display(text)
        if found is None or found.symbol.upper() != self.symbol.upper():
            raise _bad(text, f"write base units (10000000) or display units with the symbol (0.01{self.symbol})")
        try:
            units = found.units(self.decimals)
        except Malformed as problem:
            raise _bad(text, f"{problem.message}: {problem.hint}") from None
        if units == 0:
            raise _bad(text, "it is nothing")
        return units


def _bad(text: str, why: str) -> Failure:
    return Failure(f"{text!r} is not an amount", hint=why, exit_code=USAGE)


class Units:
    """The native units of the chains that a daemon knows; other amounts are shown in base units alone."""

    def __init__(self, chains: Iterable[Chain]) -> None:
        self._native: Mapping[tuple[str, str], tuple[str, Unit]] = {
            (chain.chain, chain.network): (chain.native.id, Unit(chain.native.symbol, chain.native.decimals))
            for chain in chains
        }

    @classmethod
    def of(cls, operator: Operator) -> "Units":
        """Ask the daemon."""
        return cls(operator.catalogue.chains())

    def native(self, chain: str, network: str) -> Unit | None:
        """What fees are paid in on a network; None when its plugin is gone."""
        found = self._native.get((chain, network))
        return None if found is None else found[1]

    def of_transaction(self, row: Transaction) -> Unit | None:
        """How the transaction's amount is written; None for an asset whose decimals nobody here knows."""
        return self.of_asset(row.chain, row.network, row.asset)

    def of_asset(self, chain: str, network: str, asset: str | None) -> Unit | None:
        """The same for an asset; None is the native one."""
        found = self._native.get((chain, network))
        return None if found is None or asset not in ("native", found[0], None) else found[1]

    def brief_of(self, asset: str | None, amount: int | None) -> str:
        """An amount of the asset with this id, in base units where nobody here knows how it is written."""
        if amount is None:
            return "-"
        unit = next((unit for known, unit in self._native.values() if known == asset), None)
        return str(amount) if unit is None else unit.display(amount)

    def brief(self, row: Transaction) -> str:
        """The transaction's amount as a table has room for it: without base units where it is known how it is written."""
        unit = self.of_transaction(row)
        if row.amount is not None and unit is not None:
            return unit.display(row.amount)
        return row.display or self.show(row)

    def show(self, row: Transaction) -> str:
        """The transaction's amount."""
        if row.amount is None:
            return "-"
        unit = self.of_transaction(row)
        if unit is not None:
            return unit.show(row.amount)
        return f"{row.display} ({row.amount})" if row.display else f"{row.amount} of {row.asset}"
