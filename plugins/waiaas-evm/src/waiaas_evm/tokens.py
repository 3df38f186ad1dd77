"""What a token says of itself: symbol, name and decimals, foreign words all of them. Network; remembered for half a minute.

Every endpoint that answers is asked, and they must agree: by the decimals people read what they approve. With one endpoint the
questions go with the others of a payment.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from waiaas.errors import Refused, Unavailable
from waiaas.interfaces.chain import Asset, Caution
from waiaas_evm.erc20 import DECIMALS, NAME, SYMBOL, balance_data, read_decimals, read_number, read_string
from waiaas_evm.names import token_id
from waiaas_evm.questions import ask, view_call
from waiaas_evm.reverts import revert_data
from waiaas_evm.rpc import Call, Rpc, RpcError, as_data
from waiaas_evm.text import cleaned

SYMBOL_LENGTH, NAME_LENGTH = 16, 64
_REMEMBERED, _SECONDS = 4096, 30.0
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
    :param clock: seconds that only pass
    """

    def __init__(self, chain_id: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._chain_id, self._clock = chain_id, clock
        self._known: dict[str, tuple[float, Token]] = {}

    def prepare(self, rpc: Rpc, addresses: Sequence[str]) -> None:
        """Where there are several endpoints: what all of them say of those that were not read lately. One request to each.

        :raises Refused: ASSET_UNKNOWN, :raises Unavailable: when no endpoint answers, or they do not agree
        """
        missing = [address for address in dict.fromkeys(addresses) if not self._is_fresh(address)]
        if len(rpc.each()) < 2 or not missing:
            return
        views, problem = [], Unavailable("no endpoint is configured")
        for endpoint in rpc.each():
            try:
                views.append(self._view(endpoint, missing))
            except Unavailable as away:
                problem = away
        if not views:
            raise problem
        for index, address in enumerate(missing):
            self._keep(address, _agreed([view[index] for view in views], address))

    def calls(self, address: str) -> dict[str, Call]:
        """What to ask of a token; nothing where it was read lately. Pure."""
        return {} if self._is_fresh(address) else _questions(address)

    def read(self, address: str, answers: Mapping[str, Any]) -> Token:
        """A token, from the answers to :meth:`calls` or as it was read before. What counts no balances is no token.

        :raises Refused: ASSET_UNKNOWN
        :raises Unavailable: when the node did not ask the contract
        """
        if f"holds {address}" in answers or address not in self._known:
            self._keep(address, self._from(_said(address, answers), address))
        return self._known[address][1]

    def describe(self, rpc: Rpc, addresses: Sequence[str]) -> list[Token]:
        """Each token, in order. Network, one request, or one to each of several endpoints; none for what was read lately.

        :raises Refused: ASSET_UNKNOWN
        """
        self.prepare(rpc, addresses)
        answers = ask(rpc, {name: call for address in addresses for name, call in self.calls(address).items()})
        return [self.read(address, answers) for address in addresses]

    def _is_fresh(self, address: str) -> bool:
        return self._clock() < self._known.get(address, (0.0, None))[0]

    def _keep(self, address: str, token: Token) -> None:
        if len(self._known) >= _REMEMBERED:
            self._known = {}
        self._known[address] = (self._clock() + _SECONDS, token)

    def _view(self, rpc: Rpc, addresses: Sequence[str]) -> list[Token | Refused]:
        answers = ask(rpc, {name: call for address in addresses for name, call in _questions(address).items()})
        return [self._or_refusal(address, answers) for address in addresses]

    def _or_refusal(self, address: str, answers: Mapping[str, Any]) -> Token | Refused:
        try:
            return self._from(_said(address, answers), address)
        except Refused as problem:
            return problem

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


def _questions(address: str) -> dict[str, Call]:
    return {f"{word} {address}": view_call(address, data) for word, data in _QUESTIONS.items()}


def _said(address: str, answers: Mapping[str, Any]) -> dict[str, bytes]:
    return {word: _answer(answers.get(f"{word} {address}")) for word in _QUESTIONS}


def _agreed(views: Sequence[Token | Refused], address: str) -> Token:
    tokens = [one for one in views if isinstance(one, Token)]
    if len(tokens) == len(views) and all(one == tokens[0] for one in tokens):
        return tokens[0]
    if not tokens and isinstance(views[0], Refused):
        raise views[0]
    raise Unavailable(f"the endpoints do not agree on the token {address}")


def _answer(answer: Any) -> bytes:
    """What a contract answered; nothing where it reverted. :raises Unavailable: when it was not asked"""
    if not isinstance(answer, RpcError):
        return as_data(answer)
    if revert_data(answer) is None:
        raise answer.failure("eth_call")
    return b""
