"""What a token says of itself: symbol, name and decimals, foreign words all of them. Network; remembered in this process."""

from collections.abc import Sequence
from typing import Any

from waiaas.errors import Refused, Unavailable
from waiaas.interfaces.chain import Asset
from waiaas_evm.erc20 import DECIMALS, NAME, SYMBOL, read_decimals, read_string
from waiaas_evm.names import token_id
from waiaas_evm.questions import view_call
from waiaas_evm.reverts import revert_data
from waiaas_evm.rpc import Call, Rpc, RpcError, as_data
from waiaas_evm.text import cleaned

SYMBOL_LENGTH, NAME_LENGTH = 16, 64
_REMEMBERED = 4096


class Tokens:
    """The tokens of one network. Thread-safe: what is remembered is replaced whole.

    :param chain_id: CAIP-2
    """

    def __init__(self, chain_id: str) -> None:
        self._chain_id = chain_id
        self._known: dict[str, Asset] = {}

    def known(self, address: str) -> Asset | None:
        """What was read before. Pure."""
        return self._known.get(address)

    def calls(self, address: str) -> dict[str, Call]:
        """What to ask of a token; nothing where it was read before. Pure."""
        if address in self._known:
            return {}
        return {
            "symbol": view_call(address, SYMBOL),
            "name": view_call(address, NAME),
            "decimals": view_call(address, DECIMALS),
        }

    def read(self, address: str, symbol: Any, name: Any, decimals: Any) -> Asset:
        """A token from its answers. A token without symbol or name is one; one that does not say its decimals is none.

        :raises Refused: ASSET_UNKNOWN
        :raises Unavailable: when the node did not ask the contract
        """
        places = read_decimals(_answer(decimals))
        if places is None:
            raise Refused("ASSET_UNKNOWN", f"{address} is no ERC-20 token: it does not say its decimals")
        asset = Asset(
            id=token_id(self._chain_id, address),
            symbol=cleaned(read_string(_answer(symbol)) or "", SYMBOL_LENGTH),
            name=cleaned(read_string(_answer(name)) or "", NAME_LENGTH),
            decimals=places,
            native=False,
        )
        if len(self._known) >= _REMEMBERED:
            self._known = {}
        self._known[address] = asset
        return asset

    def describe(self, rpc: Rpc, addresses: Sequence[str]) -> list[Asset]:
        """Each token, in order. Network, one request; none for those that were read before.

        :raises Refused: ASSET_UNKNOWN
        """
        asked = {address: self.calls(address) for address in addresses}
        answers = iter(rpc.try_batch([call for calls in asked.values() for call in calls.values()]))
        read = {address: {name: next(answers) for name in calls} for address, calls in asked.items()}
        return [self._known.get(address) or self.read(address, **read[address]) for address in addresses]


def _answer(answer: Any) -> bytes:
    """What a contract answered; nothing where it reverted. :raises Unavailable: when it was not asked"""
    if not isinstance(answer, RpcError):
        return as_data(answer)
    if revert_data(answer) is None:
        raise Unavailable(f"the node did not ask the token (error {answer.code})")
    return b""
