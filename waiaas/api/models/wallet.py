"""The agent's own wallet on the wire."""

from typing import TYPE_CHECKING, Any

from waiaas.api.models.intents import Address
from waiaas.api.models.wire import AmountOrZero, Answered, Asked, Decimals, Reference, UnixSeconds, Word
from waiaas.interfaces.ids import asset_reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from waiaas.engine.views import AgentView, WalletBalance


class WalletAsked(Asked):
    """Which wallet; a session has one, so what is given must name it."""

    network: Word | None = None
    wallet_id: Reference | None = None


class BalanceAsked(WalletAsked):
    """:param asset: ``native``, a token's address, or CAIP-19; left out it is the native asset"""

    asset: Address | None = None


class AddressItem(Answered):
    """Where the wallet is. :param wallet_id: the agent's id"""

    wallet_id: str
    chain: str
    network: str
    address: str

    @classmethod
    def of(cls, view: "AgentView") -> "AddressItem":
        """From the engine's view."""
        agent = view.agent
        return cls(wallet_id=agent.id, chain=agent.chain, network=agent.network, address=agent.address)


class BalanceItem(AddressItem):
    """What the wallet holds of one asset, base units. :param spendable: without rent and what is in flight"""

    balance: AmountOrZero
    spendable: AmountOrZero
    decimals: Decimals
    symbol: str
    asset_id: str

    @classmethod
    def with_balance(cls, found: "WalletBalance") -> "BalanceItem":
        """From the engine's answer."""
        agent = found.view.agent
        return cls(
            wallet_id=agent.id,
            chain=agent.chain,
            network=agent.network,
            address=agent.address,
            balance=str(found.balance),
            spendable=str(found.spendable),
            decimals=found.asset.decimals,
            symbol=found.asset.symbol,
            asset_id=found.asset.id,
        )


class AssetItem(Answered):
    """What the wallet holds of one asset, base units.

    :param mint: ``native``, or the token's address, as ``token.address`` of a TOKEN_TRANSFER takes it
    :param symbol: of a token its issuer's word, as is the name; anybody can issue a token that calls itself by a known one
    :param spendable: without rent and what is in flight
    :param is_listed: whether the operator, or the network's plugin, put the token on the network's list
    """

    mint: str
    symbol: str
    name: str
    balance: AmountOrZero
    decimals: Decimals
    is_native: bool
    spendable: AmountOrZero
    asset_id: str
    is_listed: bool = True

    @classmethod
    def holding(cls, found: "WalletBalance") -> "AssetItem":
        """From the engine's answer."""
        asset = found.asset
        return cls(
            mint="native" if asset.native else asset_reference(asset.id),
            symbol=asset.symbol,
            name=asset.name or asset.symbol,
            balance=str(found.balance),
            decimals=asset.decimals,
            is_native=asset.native,
            spendable=str(found.spendable),
            asset_id=asset.id,
            is_listed=found.is_listed,
        )


class AssetsItem(AddressItem):
    """What the wallet holds.

    :param assets: the native one first, then the tokens of its network's list, then what else the chain lists
    """

    assets: list[AssetItem]

    @classmethod
    def holding(cls, view: "AgentView", found: "Sequence[WalletBalance]") -> "AssetsItem":
        """From the engine's answer."""
        agent, held = view.agent, [AssetItem.holding(one) for one in found]
        return cls(wallet_id=agent.id, chain=agent.chain, network=agent.network, address=agent.address, assets=held)


class SessionFacts(Answered):
    """The caller's session."""

    id: str
    expires_at: UnixSeconds
    source: str


class WalletFacts(Answered):
    """A wallet the session may use. :param environment: testnet or mainnet"""

    id: str
    name: str
    chain: str
    environment: str
    address: str
    network: str | None = None


class ConnectInfo(Answered):
    """What an agent program needs to begin."""

    session: SessionFacts
    wallets: list[WalletFacts]
    policies: dict[str, Any]
    capabilities: Any
    limits: Any
    daemon: dict[str, Any]
    prompt: str
