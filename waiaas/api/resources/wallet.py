"""The session's own wallet."""

from typing import TYPE_CHECKING

from waiaas.api.addresses import base_url
from waiaas.api.call import Call
from waiaas.api.models.wallet import (
    AddressItem,
    AssetsItem,
    BalanceAsked,
    BalanceItem,
    ConnectInfo,
    WalletAsked,
)
from waiaas.api.models.wire import Nothing
from waiaas.errors import BadRequest, NotFound

if TYPE_CHECKING:
    from waiaas.engine.views import AgentView


def address(call: Call, asked: WalletAsked) -> AddressItem:
    """Where the wallet is."""
    view = call.services.wallet.address(call.actor)
    _require_same(asked, view)
    return AddressItem.of(view)


def balance(call: Call, asked: BalanceAsked) -> BalanceItem:
    """What it holds of one asset, read from a node now. Network."""
    _require_same(asked, call.services.wallet.address(call.actor))
    return BalanceItem.with_balance(call.services.wallet.balance(call.actor, asked.asset))


def assets(call: Call, asked: WalletAsked) -> AssetsItem:
    """What it holds of everything, read from a node now. Network."""
    view = call.services.wallet.address(call.actor)
    _require_same(asked, view)
    return AssetsItem.holding(view, call.services.wallet.assets(call.actor))


def connect_info(call: Call, asked: Nothing) -> ConnectInfo:
    """What an agent program needs to begin."""
    return ConnectInfo.model_validate(call.services.wallet.connect_info(call.actor, base_url(call)))


def _require_same(asked: WalletAsked, view: "AgentView") -> None:
    agent = view.agent
    if asked.network is not None and asked.network not in (
        agent.network,
        view.chain_id,
        f"{agent.chain}-{agent.network}",
    ):
        raise BadRequest(f"this wallet is on {agent.network}", code="INVALID_NETWORK", hint="leave `network` out")
    if asked.wallet_id is not None and asked.wallet_id != agent.id:
        raise NotFound("there is no such wallet", hint="leave `walletId` out")
