"""Tokens that wallets show: those that a network's plugin knows, and those that people added. A list for the eye: it grants
nothing, and what is said of a payment's token is read from the chain each time."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from waiaas.clock import Clock
from waiaas.engine.actors import Actor, require_operator
from waiaas.engine.chains import Chain, Chains
from waiaas.engine.journal import Journal
from waiaas.engine.nodes import within
from waiaas.engine.rules.foreign import tidy_asset
from waiaas.errors import BadRequest, ChainUnreachable, Conflict, NotFound, Refused, RefusedByChain, Unavailable
from waiaas.interfaces.chain import Asset
from waiaas.store.database import Store, Unit
from waiaas.store.records import Token

_READ_SECONDS = 2.0
_MOST = 500
"""Tokens that people may add to one network: wallets ask a node about each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenView:
    """A token of a network's list.

    :param token: as it was added; None for one that the plugin knows by itself, of which only the id is known here
    """

    chain: str
    network: str
    asset: str
    token: Token | None = None


class Tokens:
    """The lists of all networks. Thread-safe."""

    def __init__(self, *, store: Store, chains: Chains, journal: Journal, clock: Clock) -> None:
        self._store = store
        self._chains = chains
        self._journal = journal
        self._clock = clock

    def list(self, actor: Actor, chain: str | None = None, network: str | None = None) -> Sequence[TokenView]:
        """What the plugins know, then what people added; of one chain, or of one of its networks."""
        require_operator(actor)
        with self._store.read() as unit:
            added = unit.tokens.list(chain, network)
        named = {token.asset for token in added}
        known = [view for view in self._known(chain, network) if view.asset not in named]
        return [*known, *(_view(token) for token in added)]

    def add(self, actor: Actor, *, chain: str, network: str | None = None, token: str) -> TokenView:
        """Add a token after the chain has told what it is. Network, two seconds.

        One that the plugin knows by itself can be added too: from then on amounts can be written with its symbol.

        :param token: an address or a CAIP-19 id
        :raises Malformed: when it is no asset of that network, :raises Conflict: when the list has it, or is full
        :raises RefusedByChain: when there is no such token, :raises ChainUnreachable: when no node answers
        """
        require_operator(actor)
        network = network or self._chains.default_network(chain)
        self._chains.network(chain, network)
        found = self._chains.get(chain, network)
        asset = found.call(found.adapter.parse_asset, token)
        if asset == found.network.native.id:
            raise BadRequest("the native asset is no token", hint="wallets show it anyway")
        with self._store.read() as unit:
            self._require_room(unit, chain, network, asset)
        described = _described(found, asset)
        with self._store.write() as unit:
            self._require_room(unit, chain, network, asset)
            added = Token(
                created_at=self._clock.now(),
                chain=chain,
                network=network,
                asset=asset,
                symbol=described.symbol,
                name=described.name,
                decimals=described.decimals,
            )
            number = unit.tokens.insert(added)
            self._record(unit, "token.added", actor, added)
            stored = unit.tokens.get(number)
        return _view(stored or added)

    def remove(self, actor: Actor, token_id: str) -> None:
        """Take a token that was added off the list. What wallets hold of it stays theirs.

        :raises NotFound: also for one that the plugin knows by itself
        """
        require_operator(actor)
        with self._store.write() as unit:
            token = unit.tokens.get(int(token_id)) if _is_number(token_id) else None
            if token is None:
                raise NotFound("there is no such token on the list", hint="see `waiaas token list`")
            unit.tokens.delete(int(token_id))
            self._record(unit, "token.removed", actor, token)

    def _require_room(self, unit: Unit, chain: str, network: str, asset: str) -> None:
        added = unit.tokens.list(chain, network)
        if asset in {token.asset for token in added}:
            raise Conflict(
                "the token is on the list already", details={"assetId": asset}, hint="see `waiaas token list`"
            )
        if len(added) >= _MOST:
            raise Conflict(f"{network} has {_MOST} tokens already", code="LIMIT_REACHED", hint="remove one first")

    def _known(self, chain: str | None, network: str | None) -> Sequence[TokenView]:
        names = [name for name in self._chains.names() if chain in (None, name[0]) and network in (None, name[1])]
        return [
            TokenView(chain=word, network=name, asset=asset) for word, name in names for asset in self._ids(word, name)
        ]

    def _ids(self, chain: str, network: str) -> Sequence[str]:
        return self._chains.network(chain, network)[1].tokens

    def _record(self, unit: Unit, event: str, actor: Actor, token: Token) -> None:
        details = {"chain": token.chain, "network": token.network, "asset": token.asset, "symbol": token.symbol}
        self._journal.record(unit, event, actor=actor.label, details=details, ip=actor.ip)


def listed(unit: Unit, chain: Chain, word: str) -> Sequence[str]:
    """The asset ids of a network's list, each once. :param word: the chain's word"""
    added = (token.asset for token in unit.tokens.list(word, chain.network.name))
    return list(dict.fromkeys([*chain.network.tokens, *added]))


def _described(chain: Chain, asset: str) -> Asset:
    try:
        with within(_READ_SECONDS):
            chain.require_right_chain()
            (found,) = chain.call(lambda: tuple(chain.adapter.describe_assets([asset])))
    except Refused as problem:
        raise RefusedByChain(
            f"{chain.network.name} knows no such token",
            hint="check the address and the network",
            details={"reason": problem.code},
        ) from None
    except (Unavailable, ValueError):
        raise ChainUnreachable(
            f"no node of {chain.network.name} answered", hint="nothing was stored; try again"
        ) from None
    if found.id != asset:
        raise ChainUnreachable(f"the plugin of {chain.network.name} told of another token", hint="see the daemon's log")
    return chain.call(tidy_asset, found, chain.network.native.id)


def _is_number(text: str) -> bool:
    with suppress(ValueError):
        return text.isascii() and text.isdecimal() and int(text) < 2**63
    return False


def _view(token: Token) -> TokenView:
    return TokenView(chain=token.chain, network=token.network, asset=token.asset, token=token)
