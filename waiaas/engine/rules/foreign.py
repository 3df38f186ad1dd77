"""Foreign words in what a chain says of assets: cleaned, cut to size, and quoted where a person reads them (invariant 13)."""

import json
from dataclasses import replace

from waiaas.engine.rules.text import clean, shown
from waiaas.interfaces.chain import Asset, Caution, Resolved
from waiaas.interfaces.ids import show_units

SYMBOL_LENGTH = 16
_NAME_LENGTH = 64
_CODE_LENGTH = 64
_QUOTED_LENGTH = 64
_MOST = 32
"""So many sentences about one payment are kept."""


def quoted(text: str) -> str:
    """Pure. Foreign text as a JSON string of at most 64 characters in ASCII: nobody takes it for words of ours."""
    return json.dumps(clean(text)[:_QUOTED_LENGTH], ensure_ascii=True)


def amount_text(units: int, asset: Asset | None) -> str:
    """Pure. An amount in display units: ``0.01 SOL``, ``1.5 "USDC"`` (a token's symbol is foreign), ``7 base units`` where the
    asset is not known.

    :param asset: as the chain told it; its decimals are the token's own word too
    """
    if asset is None:
        return f"{units} base units"
    display = show_units(units, asset.decimals)
    if asset.native:
        return f"{display} {asset.symbol}"
    return f"{display} {quoted(asset.symbol)}" if asset.symbol else f"{display} units of a token without a symbol"


def tidy_asset(asset: Asset, native: str) -> Asset:
    """Pure. The asset with its words cleaned; whether it is the native one is the host's to say.

    :param native: the network's native asset's id
    :raises ValueError: for decimals that no asset has
    """
    if not 0 <= asset.decimals <= 255:
        raise ValueError(f"{asset.id} claims {asset.decimals} decimals")
    symbol, name = clean(asset.symbol)[:SYMBOL_LENGTH], clean(asset.name)[:_NAME_LENGTH]
    return replace(asset, symbol=symbol.strip(), name=name.strip(), native=asset.id == native)


def tidy(resolved: Resolved, native: str) -> Resolved:
    """Pure. What an adapter resolved, with every foreign word in it cleaned and short; effects stay as they are.

    :raises ValueError: for an asset that no chain has
    """
    return replace(
        resolved,
        assets=tuple(tidy_asset(asset, native) for asset in resolved.assets),
        warnings=tuple(shown(text) for text in resolved.warnings[:_MOST]),
        cautions=tuple(_tidy_caution(caution) for caution in resolved.cautions),
    )


def _tidy_caution(caution: Caution) -> Caution:
    code = clean(caution.code)[:_CODE_LENGTH].strip()
    return replace(caution, code=code or "CAUTION", text=shown(caution.text))
