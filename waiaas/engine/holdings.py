"""Holdings: what an account has, asked of a node: what the chain itself lists, and the network's list of tokens besides."""

from collections.abc import Sequence

from waiaas.engine.chains import Chain
from waiaas.engine.rules.foreign import tidy_asset
from waiaas.errors import NodeFailure, Refused, Unavailable
from waiaas.interfaces.chain import Account, Balance, InFlight

_MOST = 1000
"""Anybody can send an account worthless tokens: no more than so many are told of."""


def holdings(chain: Chain, account: Account, listed: Sequence[str], in_flight: Sequence[InFlight]) -> Sequence[Balance]:
    """Balances, each asset once: the native one first, listed tokens next in their order, then what else the chain lists.

    Network, in two questions or a few more where a listed token is none.

    :param in_flight: signed bytes that may still land; what they take is not spendable
    :param listed: asset ids that are told of whether or not the account holds any
    :raises Unavailable: when no node answers, :raises Refused: when it answers for another chain
    """
    native = chain.network.native.id
    found = {balance.asset.id: balance for balance in _ask(chain, account, (), in_flight)}
    missing = [asset for asset in (native, *listed) if asset not in found]
    found |= {balance.asset.id: balance for balance in _ask_leniently(chain, account, missing, in_flight)}
    first = [found.pop(asset) for asset in dict.fromkeys((native, *listed)) if asset in found]
    rest = sorted(found.values(), key=lambda balance: (balance.total == 0, balance.asset.symbol, balance.asset.id))
    return [_tidied(chain, balance) for balance in [*first, *rest][:_MOST]]


def _ask(chain: Chain, account: Account, assets: Sequence[str], in_flight: Sequence[InFlight]) -> Sequence[Balance]:
    return chain.call(lambda: tuple(chain.adapter.balances(account, assets, in_flight)))


def _ask_leniently(
    chain: Chain, account: Account, assets: Sequence[str], in_flight: Sequence[InFlight]
) -> Sequence[Balance]:
    """One question for all; where one of them is no token (any more), or what is said of it cannot be read, one for each, and
    that one is left out. :raises Unavailable: when the nodes are away"""
    if not assets:
        return ()
    try:
        return _ask(chain, account, assets, in_flight)
    except (Refused, Unavailable) as problem:
        if isinstance(problem, NodeFailure) and problem.is_away:
            raise
        if len(assets) == 1:
            return ()
    return [balance for asset in assets for balance in _ask_leniently(chain, account, [asset], in_flight)]


def _tidied(chain: Chain, balance: Balance) -> Balance:
    asset = chain.call(tidy_asset, balance.asset, chain.network.native.id)
    return Balance(asset=asset, total=balance.total, spendable=balance.spendable)
