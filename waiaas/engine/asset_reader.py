"""How the operator's words for assets and addresses become canonical ids, with the agent's own chain as the judge."""

from collections.abc import Callable, Sequence
from contextlib import suppress

from waiaas.engine.chains import Chain, Chains
from waiaas.errors import Malformed, Stopped, Unavailable
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
        self._readers = list[OneChainReader]()
        for name in chains.names():
            with suppress(Stopped):  # one plugin that fails keeps nobody from writing policies for the others
                self._readers.append(OneChainReader(chains.get(*name)))

    def asset(self, text: str | None) -> str:
        """A CAIP-19 id that one of the networks knows."""
        if text is None or "/" not in text:
            raise Malformed(
                "a global policy names its asset in full",
                hint="use a CAIP-19 id; `GET /v1/chains` shows the native ones",
            )
        return _first([reader.asset for reader in self._readers], text, "no installed chain knows the asset")

    def address(self, text: str) -> str:
        """An address that one of the networks reads."""
        return _first([reader.address for reader in self._readers], text, "no installed chain reads the address")


def _first(attempts: Sequence[Callable[[str], str]], text: str, otherwise: str) -> str:
    """What a chain makes of ``text`` that can read it: its own text where one takes it as it stands, else the first's."""
    found: str | None = None
    for read in attempts:
        with suppress(Malformed, Unavailable):
            read_as = read(text)
            if read_as == text:
                return text
            found = found or read_as
    if found is None:
        raise Malformed(f"{otherwise} {text!r}")
    return found
