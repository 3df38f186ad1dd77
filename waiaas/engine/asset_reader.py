"""How the operator's words for assets and addresses become canonical ids, with the agent's own chain as the judge."""

from waiaas.engine.chains import Chain, Chains
from waiaas.errors import Malformed
from waiaas.interfaces.policy import AssetReader


class OneChainReader(AssetReader):
    """Reads for one agent."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain

    def asset(self, text: str | None) -> str:
        """The asset's one id; the native one for None and ``native``."""
        if text is None or text == "native":
            return self._chain.network.native.id
        return self._chain.call(self._chain.adapter.parse_asset, text)

    def address(self, text: str) -> str:
        """The address's one text."""
        return self._chain.call(self._chain.adapter.parse_address, text).address


class AnyChainReader(AssetReader):
    """Reads for a global policy: whatever some installed network reads, and nothing that depends on whose agent it is."""

    def __init__(self, chains: Chains) -> None:
        self._readers = [OneChainReader(chains.get(*name)) for name in chains.names()]

    def asset(self, text: str | None) -> str:
        """A CAIP-19 id that one of the networks knows."""
        if text is None or "/" not in text:
            raise Malformed(
                "a global policy names its asset in full",
                hint="use a CAIP-19 id; `GET /v1/chains` shows the native ones",
            )
        return self._first(
            [(reader.asset, text) for reader in self._readers], f"no installed chain knows the asset {text!r}"
        )

    def address(self, text: str) -> str:
        """An address that one of the networks reads."""
        return self._first(
            [(reader.address, text) for reader in self._readers], f"no installed chain reads the address {text!r}"
        )

    @staticmethod
    def _first(attempts: list[tuple[object, str]], otherwise: str) -> str:
        for read, text in attempts:
            try:
                return str(read(text))  # type: ignore[operator]
            except Malformed:
                continue
        raise Malformed(otherwise)
