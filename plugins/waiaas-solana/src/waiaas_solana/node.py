"""A network's nodes as the adapter asks them: questions that share a request, and what is remembered between them. Network.

Rent follows from constants that change with the chain's software, if ever: five minutes. Prices are of the last 150 blocks: two
seconds, so that resolving and building one payment ask once. A token's mint is read from every endpoint, and thirty seconds
hold it: an issuer's change of fees takes days, and a pause is seen when the bytes are simulated. Genesis, blockhash and
balances are never remembered.
"""

from collections.abc import Sequence

from waiaas.interfaces.chain import Network
from waiaas_solana.batches import Answer, Batch, Remembered
from waiaas_solana.deaths import Deaths
from waiaas_solana.pricing import going_price
from waiaas_solana.questions import prices_call, read_prices, rent_call
from waiaas_solana.rpc import Rpc, as_whole
from waiaas_solana.settings import SolanaSettings
from waiaas_solana.tokens import Token, read_tokens

_RENT_SECONDS, _PRICE_SECONDS, _TOKEN_SECONDS = 300.0, 2.0, 30.0


class Node:
    """One network's endpoints. Thread-safe."""

    def __init__(self, rpc: Rpc, network: Network, settings: SolanaSettings) -> None:
        self.rpc, self.network, self.settings = rpc, network, settings
        self.deaths = Deaths(network)
        self._rents: Remembered[int] = Remembered(_RENT_SECONDS)
        self._prices: Remembered[int] = Remembered(_PRICE_SECONDS)
        self._tokens: Remembered[Token] = Remembered(_TOKEN_SECONDS)

    def batch(self) -> Batch:
        """Questions for one request."""
        return Batch(self.rpc)

    def rent(self, batch: Batch, length: int = 0) -> Answer[int]:
        """The least that an account of so many bytes must hold, in lamports."""
        return self._rents.asked(batch, length, rent_call(length), as_whole)

    def price(self, batch: Batch, writes: Sequence[str]) -> Answer[int]:
        """What to offer for a compute unit of a transaction that writes to these accounts, in micro-lamports."""
        return self._prices.asked(
            batch, tuple(writes), prices_call(writes), lambda answer: going_price(read_prices(answer), self.settings)
        )

    def tokens(self, mints: Sequence[str], *, is_strict: bool = True) -> list[Token | None]:
        """Each token, None for what is none. No request for those that are remembered, else one to each endpoint.

        :param is_strict: raise for one that cannot be read or is not agreed on, rather than take it for none
        :raises Unavailable: when no endpoint answers, or they do not agree
        """
        known = {mint: self._tokens.get(mint) for mint in mints}
        missing = [mint for mint, token in known.items() if token is None]
        commitment = self.settings.read_commitment
        for token in read_tokens(self.rpc, self.network, missing, commitment, is_strict=is_strict) if missing else ():
            known[str(token.mint.address)] = token
            self._tokens.keep(str(token.mint.address), token)
        return [known[mint] for mint in mints]
