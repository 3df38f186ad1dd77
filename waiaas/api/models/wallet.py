"""The agent's own wallet on the wire."""

from typing import TYPE_CHECKING, Any

from waiaas.api.models.wire import AmountOrZero, Answered, Asked, Reference, UnixSeconds, Word

if TYPE_CHECKING:
    from waiaas.engine.views import AgentView, WalletBalance


class WalletAsked(Asked):
    """Which wallet; a session has one, so what is given must name it."""

    network: Word | None = None
    wallet_id: Reference | None = None


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
    """What the wallet holds of the native asset, base units. :param spendable: without rent and what is in flight"""

    balance: AmountOrZero
    spendable: AmountOrZero
    decimals: int
    symbol: str

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
            decimals=found.decimals,
            symbol=found.symbol,
        )


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
