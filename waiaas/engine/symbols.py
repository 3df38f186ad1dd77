"""Symbols: the assets that an amount may name. Native ones as their adapter says, tokens as the operator's lists have them.

What a chain says of a token while it is asked is never among them: anybody can issue a token that calls itself USDC.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from waiaas.engine.chains import Chains
from waiaas.engine.rules.amounts import BASE_UNITS, Written, is_symbol, read_display
from waiaas.engine.rules.foreign import amount_text
from waiaas.errors import Malformed
from waiaas.interfaces.chain import Asset
from waiaas.interfaces.ids import asset_reference
from waiaas.store.database import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An asset and the network that it is on."""

    asset: Asset
    chain: str
    network: str

    @property
    def symbol(self) -> str:
        """As amounts can be written with it; empty for one that nobody can type, whoever chose it."""
        return self.asset.symbol if is_symbol(self.asset.symbol) else ""

    def is_called(self, symbol: str) -> bool:
        """Whether that is its symbol, in whatever case."""
        return bool(self.symbol) and self.symbol.upper() == symbol.upper()


class Symbols:
    """What amounts can be written in, at one moment."""

    def __init__(self, named: Iterable[Named]) -> None:
        self._named = tuple(named)
        self._by_id = {one.asset.id: one for one in self._named}

    @classmethod
    def read(cls, unit: Unit, chains: Chains, where: tuple[str, str] | None = None) -> "Symbols":
        """The native ones of every installed network, and the tokens of one, or of all of them.

        :param where: a chain and its network, for what is one agent's
        """
        natives = [
            Named(asset=chains.network(*name)[1].native, chain=name[0], network=name[1]) for name in chains.names()
        ]
        tokens = [
            Named(
                asset=Asset(id=token.asset, symbol=token.symbol, decimals=token.decimals, native=False),
                chain=token.chain,
                network=token.network,
            )
            for token in unit.tokens.list(*(where or ()))
        ]
        return cls([*tokens, *natives])  # of two with one id the native one stays

    def units(self, text: str, asset: str) -> int:
        """Base units of what stands for an amount of ``asset``: base units already, or display units with its symbol.

        :param asset: the id of the asset that the amount counts in
        :raises Malformed: for anything else; the hint has the right spelling
        """
        if BASE_UNITS.fullmatch(text):
            return int(text)
        written = read_display(text)
        meant = self._by_id.get(asset)
        if written is None:
            raise Malformed(f"{text[:64]!r} is not an amount", hint=_spellings(meant))
        if meant is None:
            raise Malformed(
                f"how amounts of {asset} are written is not known here",
                hint="write base units, or put the token on the list first: waiaas token add",
            )
        self._require_meant(written, meant)
        return written.units(meant.asset.decimals)

    def show(self, units: int, asset: str | None) -> str | None:
        """``0.01 SOL``; a token's symbol in quotes. None for an asset that is on no list."""
        found = self._by_id.get(asset or "")
        return None if found is None else amount_text(units, found.asset)

    def _require_meant(self, written: Written, meant: Named) -> None:
        """The symbol names the asset and no other of its network. A native symbol is its adapter's word: no token takes it."""
        alike = [
            one for one in self._called(written.symbol) if (one.chain, one.network) == (meant.chain, meant.network)
        ]
        if meant in alike and (len(alike) == 1 or meant.asset.native):
            return
        if meant in alike:
            raise Malformed(
                f"{written.symbol} names {len(alike)} assets of {meant.chain}/{meant.network}",
                hint="write base units: this symbol does not tell which one",
            )
        counts_in = f"this amount counts in {_called(meant)}, not in {written.symbol}"
        raise Malformed(counts_in, hint=f"{_spellings(meant)}{self._elsewhere(written, alike)}")

    def _called(self, symbol: str) -> Sequence[Named]:
        return [one for one in self._by_id.values() if one.is_called(symbol)]

    def _elsewhere(self, written: Written, alike: Sequence[Named]) -> str:
        """What the symbol stands for, where it is known."""
        if len(alike) == 1:
            word = "native" if alike[0].asset.native else asset_reference(alike[0].asset.id)
            return f'; for {written.symbol} the asset is "{word}"'
        others = [one for one in self._called(written.symbol) if one not in alike]
        if others and not alike:
            places = ", ".join(sorted({f"{one.chain}/{one.network}" for one in others})[:3])
            return f"; {written.symbol} is of {places}"
        return ""


def _called(meant: Named) -> str:
    return meant.symbol or meant.asset.id


def _spellings(meant: Named | None) -> str:
    if meant is None or not meant.symbol:
        return 'write base units ("10000000")'
    space = " " if meant.symbol[0].isdigit() else ""
    return f'write base units ("10000000") or display units with the symbol ("0.01{space}{meant.symbol}")'
