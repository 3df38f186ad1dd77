"""What an adapter resolved, as the engine takes it: the same at a request and, for what had no node then, at release."""

from waiaas.engine.chains import Chain
from waiaas.engine.rules.foreign import tidy
from waiaas.interfaces.chain import Asset, Resolved


def read_resolved(chain: Chain, resolved: Resolved) -> Resolved:
    """What the adapter resolved, its foreign words cleaned. :raises Unavailable: where it left its asset undescribed"""
    tidied = chain.call(tidy, resolved, chain.network.native.id)
    chain.call(asset_of, tidied)
    return tidied


def asset_of(resolved: Resolved) -> Asset:
    """The asset that is to be moved. :raises LookupError: when the adapter did not describe it"""
    wanted = resolved.intent.amount.asset if resolved.intent.amount else None
    for asset in resolved.assets:
        if asset.id == wanted:
            return asset
    raise LookupError(f"{wanted} is not among the assets that were resolved")
