"""From a request's body to a normalised intent, in the chain's own words, and the hash that idempotency compares."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from waiaas.engine.chains import Chain
from waiaas.engine.rules.foreign import SYMBOL_LENGTH
from waiaas.engine.rules.text import clean
from waiaas.errors import BadRequest, Denied, Malformed
from waiaas.interfaces.chain import Amount, Asset, Feature, Intent, Kind
from waiaas.interfaces.ids import parse_units
from waiaas.interfaces.wire import canonical
from waiaas.store.records import Agent

SENDABLE = (Kind.TRANSFER, Kind.TOKEN_TRANSFER)
"""What the host can judge and send, where the chain's plugin builds it."""

_COMMON = frozenset({"type", "to", "amount", "memo", "note", "network"})
_FIELDS = {Kind.TRANSFER: _COMMON, Kind.TOKEN_TRANSFER: _COMMON | {"token"}}
_TOKEN_FIELDS = frozenset({"address", "mint", "decimals", "symbol", "assetId"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a request said of its token besides the address: compared with the chain, never believed."""

    decimals: int | None = None
    symbol: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an agent asked for.

    :param note: the agent's own words for whoever approves; judged by nobody
    :param request_hash: SHA-256 of the normalised body, hex
    :param said: of the token; None where there is none
    """

    intent: Intent
    note: str | None
    request_hash: str
    said: Said | None = None

    def require_as_said(self, token: Asset) -> None:
        """Compare what the request said of its token with what the chain says. Pure.

        A symbol that the chain does not tell can be neither confirmed nor contradicted, and is let pass.

        :raises BadRequest: with code TOKEN_MISMATCH
        """
        if self.said is None:
            return
        decimals, symbol = self.said.decimals, self.said.symbol
        if decimals is not None and decimals != token.decimals:
            raise _mismatch("decimals", f"the token has {token.decimals} decimals, not {decimals}", str(token.decimals))
        if symbol is not None and token.symbol and clean(symbol)[:SYMBOL_LENGTH] != token.symbol:
            raise _mismatch("symbol", "the token's symbol is another one on the chain", token.symbol)


def read_wish(body: Mapping[str, Any], agent: Agent, chain: Chain) -> Wish:
    """Read a validated body. Pure.

    :raises BadRequest: for what cannot be read, :raises Denied: for a type that the chain's plugin does not build
    """
    kind = require_sendable(body.get("type") or "TRANSFER", chain)
    _require_known(body, _FIELDS[kind], f"a {kind.value}")
    network = body.get("network")
    if network is not None and network != agent.network:
        raise BadRequest(f"this wallet is on {agent.network}, not on {network}", code="INVALID_NETWORK")
    memo = body.get("memo") or None
    if memo is not None and Feature.MEMO not in chain.adapter.features:
        raise BadRequest(f"{agent.network} carries no memos", hint="leave the memo out")
    if "to" not in body:
        raise BadRequest(f"a {kind.value} needs `to`")
    asset, said = (chain.network.native.id, None) if kind is Kind.TRANSFER else _read_token(body.get("token"), chain)
    intent = Intent(
        kind=kind,
        to=chain.call(chain.adapter.parse_address, body["to"]),
        amount=Amount(asset=asset, units=parse_units(body.get("amount"))),
        memo=memo,
    )
    note = body.get("note") or None
    normal = [intent, note] if said is None else [intent, note, said]
    return Wish(intent=intent, note=note, request_hash=hashlib.sha256(canonical(normal)).hexdigest(), said=said)


def require_sendable(word: object, chain: Chain) -> Kind:
    """The kind that ``word`` names. Pure.

    :raises BadRequest: for no kind at all, :raises Denied: for one that nobody builds here, whatever else the request says
    """
    try:
        kind = Kind(str(word))
    except ValueError:
        raise BadRequest("there is no such transaction type", hint="see /openapi.json for the types") from None
    kinds = sendable(chain)
    if kind not in kinds:
        raise Denied(
            f"{chain.network.name} does not build {kind.value} yet",
            code="TYPE_NOT_SUPPORTED",
            hint=f"send a {' or a '.join(one.value for one in kinds)} instead" if kinds else "nothing can be sent here",
        )
    return kind


def sendable(chain: Chain) -> list[Kind]:
    """What can be sent on the chain. Pure."""
    return [kind for kind in SENDABLE if kind in chain.adapter.kinds]


def _read_token(token: object, chain: Chain) -> tuple[str, Said]:
    """The token's one id, and what the request says of it."""
    if not isinstance(token, Mapping):
        raise BadRequest("a TOKEN_TRANSFER needs `token`", hint='for example "token": {"address": "..."}')
    _require_known(token, _TOKEN_FIELDS, "a token")
    if ("address" in token) is ("mint" in token):
        raise BadRequest("a token is named by its `address`, or by `mint` and nothing else")
    asset = chain.call(chain.adapter.parse_asset, token.get("address", token.get("mint")))
    if asset == chain.network.native.id:
        raise BadRequest("the native asset is no token", hint="send a TRANSFER")
    _require_same_id(token.get("assetId"), asset, chain)
    return asset, Said(decimals=token.get("decimals"), symbol=token.get("symbol"))


def _require_same_id(said: str | None, asset: str, chain: Chain) -> None:
    if said is None:
        return
    try:
        is_same = chain.call(chain.adapter.parse_asset, said) == asset
    except Malformed:
        is_same = False
    if not is_same:
        raise _mismatch("assetId", f"the token's asset id is {asset}", asset)


def _mismatch(field: str, message: str, known: str) -> BadRequest:
    return BadRequest(
        message,
        code="TOKEN_MISMATCH",
        hint=f"leave `{field}` out, or send what the chain says; nothing was stored",
        details={"field": f"token.{field}", "chain": known},
    )


def _require_known(given: Mapping[str, Any], known: frozenset[str], what: str) -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        raise BadRequest(f"{what} has no field {unknown[0]!r}", code="UNKNOWN_FIELD")
