"""What a payment does, in words for the person who decides about it: from effects and assets, never from an agent's label."""

from collections.abc import Mapping, Sequence

from waiaas.engine.rules.foreign import amount_text, quoted
from waiaas.interfaces.chain import Asset, Effect, What

UNDECODED = "UNDECODED CALL"


def amount_words(units: int | None, asset_id: str | None, assets: Mapping[str, Asset]) -> str:
    """Pure. In display and in base units."""
    if units is None:
        return "WITHOUT LIMIT"
    asset = assets.get(asset_id or "")
    return amount_text(units, asset) + (f" ({units} base units)" if asset else "")


def effect_words(effect: Effect, assets: Mapping[str, Asset]) -> str:
    """Pure. One effect as a clause."""
    amount = amount_words(effect.units, effect.asset, assets)
    where = f" of {effect.asset}" if effect.asset and not _is_native(effect.asset, assets) else ""
    whom = effect.to or "nobody named"
    if effect.what is What.OUT:
        return f"sends {amount}{where} to {whom}"
    if effect.what is What.LOCKED:
        return f"locks up {amount}{where}" + (f" at {effect.to}" if effect.to else "")
    if effect.what is What.APPROVE:
        return f"lets {whom} take {amount}{where}"
    if effect.what is What.AUTHORITY:
        return f"HANDS CONTROL to {whom}"
    return f"{UNDECODED} to {whom}" + (f", method {quoted(effect.method)}" if effect.method else "")


def effects_words(effects: Sequence[Effect], assets: Mapping[str, Asset]) -> tuple[str, ...]:
    """Pure. Every effect, in order; a payment without any says so."""
    return tuple(effect_words(effect, assets) for effect in effects) or ("nothing leaves the account but the fee",)


def _is_native(asset_id: str, assets: Mapping[str, Asset]) -> bool:
    asset = assets.get(asset_id)
    return asset is not None and asset.native
