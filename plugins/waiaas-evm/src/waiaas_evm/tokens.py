"""What a token says of itself: symbol, name and decimals, foreign words all of them. Network; remembered in this process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from waiaas.errors import Refused
from waiaas.interfaces.chain import Asset, Caution
from waiaas_evm.erc20 import DECIMALS, NAME, SYMBOL, balance_data, read_decimals, read_number, read_string
from waiaas_evm.names import token_id
from waiaas_evm.questions import ask, view_call
from waiaas_evm.reverts import revert_data
from waiaas_evm.rpc import Call, Rpc, RpcError, as_data
from waiaas_evm.text import cleaned

SYMBOL_LENGTH, NAME_LENGTH = 16, 64
_REMEMBERED = 4096
_QUESTIONS = {"symbol": SYMBOL, "name": NAME, "decimals": DECIMALS, "holds": balance_data(b"")}
"""Calldata by word; the last one asks what the zero address holds, which only a token answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """:param says_decimals: whether it tells how its units are shown; where it does not, they are shown as they are"""

    asset: Asset
    says_decimals: bool

    @property
    def cautions(self) -> tuple[Caution, ...]:
        """What the host judges by: an amount that nobody can read needs a person."""
        if self.says_decimals:
            return ()
        text = "the token does not say how many decimals it has: the amount is in its smallest unit"
        return (Caution(code="DECIMALS_UNKNOWN", text=text, about="asset"),)


class Tokens:
    """The tokens of one network. Thread-safe: what is remembered is replaced whole.

    :param chain_id: CAIP-2
    """

    def __init__(self, chain_id: str) -> None:
        self._chain_id = chain_id
        self._known: dict[str, Token] = {}

    def calls(self, address: str) -> dict[str, Call]:
        """What to ask of a token; nothing where it was read before. Pure."""
        if address in self._known:
            return {}
        return {f"{word} {address}": view_call(address, data) for word, data in _QUESTIONS.items()}

    def read(self, address: str, answers: Mapping[str, Any]) -> Token:
        """A token, from the answers to :meth:`calls` or as it was read before. What counts no balances is no token.

        :raises Refused: ASSET_UNKNOWN
        :raises Unavailable: when the node did not ask the contract
        """
        known = self._known.get(address)
        if known is None:
            known = self._from({word: _answer(answers.get(f"{word} {address}")) for word in _QUESTIONS}, address)
            if len(self._known) >= _REMEMBERED:
                self._known = {}
            self._known[address] = known
        return known

    def describe(self, rpc: Rpc, addresses: Sequence[str]) -> list[Token]:
        """Each token, in order. Network, one request; none for those that were read before.

        :raises Refused: ASSET_UNKNOWN
        """
        answers = ask(rpc, {name: call for address in addresses for name, call in self.calls(address).items()})
        return [self.read(address, answers) for address in addresses]

    def _from(self, said: Mapping[str, bytes], address: str) -> Token:
        decimals = read_decimals(said["decimals"])
        if read_number(said["holds"]) is None:
            raise Refused("ASSET_UNKNOWN", f"{address} is no ERC-20 token: it counts no balances")
        asset = Asset(
            id=token_id(self._chain_id, address),
            symbol=cleaned(read_string(said["symbol"]) or "", SYMBOL_LENGTH),
            name=cleaned(read_string(said["name"]) or "", NAME_LENGTH),
            decimals=decimals or 0,
            native=False,
        )
        return Token(asset=asset, says_decimals=decimals is not None)


def _answer(answer: Any) -> bytes:
    """What a contract answered; nothing where it reverted. :raises Unavailable: when it was not asked"""
    if not isinstance(answer, RpcError):
        return as_data(answer)
    if revert_data(answer) is None:
        raise answer.failure("eth_call")
    return b""
