"""Lists of tokens on the wire."""

from typing import TYPE_CHECKING

from waiaas.api.models.intents import Address
from waiaas.api.models.wire import Answered, Asked, Decimals, UnixSeconds, Word
from waiaas.interfaces.ids import asset_reference

if TYPE_CHECKING:
    from waiaas.engine.tokens import TokenView


class AddToken(Asked):
    """:param token: an address, or CAIP-19; what it is called is read from the chain

    :param network: left out, the chain's own for trying things out
    """

    chain: Word
    network: Word | None = None
    token: Address


class TokensAsked(Asked):
    """Which lists to show; left out, all of them."""

    chain: Word | None = None
    network: Word | None = None


class TokenItem(Answered):
    """A token that wallets of a network show.

    :param id: to remove it by; null for one that the chain's plugin knows by itself, of which no more than the id is told here
    :param symbol: its issuer's word, as the chain told it when it was added; likewise name and decimals
    """

    id: str | None
    chain: str
    network: str
    asset_id: str
    address: str
    symbol: str | None = None
    name: str | None = None
    decimals: Decimals | None = None
    created_at: UnixSeconds | None = None

    @classmethod
    def of(cls, view: "TokenView") -> "TokenItem":
        """From the engine's view."""
        token, address = view.token, asset_reference(view.asset)
        if token is None:
            return cls(id=None, chain=view.chain, network=view.network, asset_id=view.asset, address=address)
        return cls(
            id=str(token.id),
            chain=token.chain,
            network=token.network,
            asset_id=token.asset,
            address=address,
            symbol=token.symbol,
            name=token.name,
            decimals=token.decimals,
            created_at=token.created_at,
        )


class TokenList(Answered):
    """Every token asked for; never more than one page."""

    items: list[TokenItem]
    cursor: str | None = None
    has_more: bool = False
