"""From a request's body to a normalised intent, in the chain's own words, and the hash that idempotency compares."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from waiaas.engine.chains import Chain
from waiaas.errors import BadRequest, Denied
from waiaas.interfaces.chain import Amount, Feature, Intent, Kind
from waiaas.interfaces.ids import parse_units
from waiaas.interfaces.wire import canonical
from waiaas.store.records import Agent

_FIELDS = frozenset({"type", "to", "amount", "memo", "note", "network"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an agent asked for.

    :param note: the agent's own words for whoever approves; judged by nobody
    :param request_hash: SHA-256 of the normalised body, hex
    """

    intent: Intent
    note: str | None
    request_hash: str


def read_wish(body: Mapping[str, Any], agent: Agent, chain: Chain) -> Wish:
    """Read a validated body. Pure.

    :raises BadRequest: for what cannot be read, :raises Denied: for a type that the chain's plugin does not build
    """
    kind = _kind(body, chain)
    unknown = sorted(set(body) - _FIELDS)
    if unknown:
        raise BadRequest(f"a {kind.value} has no field {unknown[0]!r}", code="UNKNOWN_FIELD")
    network = body.get("network")
    if network is not None and network != agent.network:
        raise BadRequest(f"this wallet is on {agent.network}, not on {network}", code="INVALID_NETWORK")
    memo = body.get("memo") or None
    if memo is not None and Feature.MEMO not in chain.adapter.features:
        raise BadRequest(f"{agent.network} carries no memos", hint="leave the memo out")
    if "to" not in body:
        raise BadRequest("a TRANSFER needs `to`")
    intent = Intent(
        kind=kind,
        to=chain.call(chain.adapter.parse_address, body["to"]),
        amount=Amount(asset=chain.network.native.id, units=parse_units(body.get("amount"))),
        memo=memo,
    )
    note = body.get("note") or None
    return Wish(intent=intent, note=note, request_hash=hashlib.sha256(canonical([intent, note])).hexdigest())


def _kind(body: Mapping[str, Any], chain: Chain) -> Kind:
    word = body.get("type") or "TRANSFER"
    try:
        kind = Kind(word)
    except ValueError:
        raise BadRequest(f"there is no transaction type {word!r}") from None
    if kind not in chain.adapter.kinds or kind is not Kind.TRANSFER:
        raise Denied(
            f"{chain.network.name} does not build {kind.value} yet",
            code="TYPE_NOT_SUPPORTED",
            hint="send a TRANSFER instead",
        )
    return kind
