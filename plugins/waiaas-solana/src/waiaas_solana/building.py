"""From a resolved payment to bytes. Network, one request; a second one when payments in flight might use up a balance.

The blockhash is taken at ``confirmed``: a finalized one would have lost a fifth of its life, a processed one may be on a fork
that dies. The node's genesis hash is asked in the same request, since a blockhash is all that ties the bytes to a chain.
"""

from dataclasses import dataclass, replace
from typing import Any

from solders.hash import Hash, ParseHashError
from solders.pubkey import Pubkey

from waiaas.errors import NodeFailure, NodeTrouble, NotYet, Trouble, Unavailable
from waiaas.interfaces.chain import BuildRequest, Unsigned
from waiaas_solana.batches import Answer, Batch
from waiaas_solana.evidence import Evidence, Lifetime, digest_of
from waiaas_solana.funds import ask_pending, lamports_taken
from waiaas_solana.message import Plan, Transfer, compose, native_units, salted_limits
from waiaas_solana.networks import is_genesis_of
from waiaas_solana.node import Node
from waiaas_solana.payment import Payment, check_funds
from waiaas_solana.pricing import fee_of, price_within
from waiaas_solana.questions import balance_call
from waiaas_solana.rpc import as_object, as_text, as_whole, context_slot, in_context
from waiaas_solana.views import LIFE

_CONFIRMED = {"commitment": "confirmed"}
_LIFE_SPREAD = 32
"""Blocks by which the life of a newest blockhash may differ from its 150: the node's height is of another moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """The blockhash that bytes are made with."""

    blockhash: Hash
    lifetime: Lifetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the salt and the cap make of a price. :param fee: lamports, at most the cap"""

    unit_limit: int
    unit_price: int
    data_limit: int
    fee: int


def build_transfer(node: Node, request: BuildRequest, payment: Payment) -> Unsigned:
    """The message's bytes; the salt varies its compute-unit and data limits, so that twins differ.

    :raises Refused: INSUFFICIENT_FUNDS, SENDER_BELOW_RENT
    :raises NotYet: FEE_ABOVE_CAP
    :raises Unavailable: also when the node serves another chain
    """
    account, batch = request.account, node.batch()
    latest = ask_latest(node, batch)
    price = node.price(batch, [account.address, str(payment.to)])
    balance = batch.ask(balance_call(account, node.settings.read_commitment), _read_balance)
    rent = node.rent(batch)
    batch.send()
    terms = terms_of(request, native_units(payment.memo), price.value)
    leaves = 0 if str(payment.to) == account.address else payment.lamports
    check_lamports(node, request, balance.value, leaves, terms.fee, rent.value)
    plan = plan_of(request, latest.value, terms, payment.memo)
    plan = replace(plan, transfers=(Transfer(to=payment.to, lamports=payment.lamports),))
    return unsigned_of(plan, Evidence(lifetime=latest.value.lifetime))


def ask_latest(node: Node, batch: Batch) -> Answer[Latest]:
    """The newest confirmed blockhash, from a node that serves the network and says what can be of its life."""
    genesis = batch.ask(("getGenesisHash", []), as_text)
    height = batch.ask(("getBlockHeight", [_CONFIRMED]), as_whole)

    def read(answer: Any) -> Latest:
        if not is_genesis_of(genesis.value, node.network):
            raise Unavailable(f"the node does not serve {node.network.name}")
        latest = Latest(blockhash=_blockhash(answer), lifetime=_lifetime(answer, height.value))
        node.deaths.begin(str(latest.blockhash))
        return latest

    return batch.ask(("getLatestBlockhash", [_CONFIRMED]), read)


def _lifetime(latest: Any, height: int) -> Lifetime:
    """What the node says of the blockhash's life, measured by the node's own height."""
    last = as_whole(as_object(in_context(latest)).get("lastValidBlockHeight"))
    if abs(last - height - LIFE) > _LIFE_SPREAD:
        words = f"at height {height} it says that its newest blockhash lives until {last}: that cannot be"
        trouble = NodeTrouble(kind=Trouble.MALFORMED, words=words)
        raise NodeFailure("the node's words do not fit each other", troubles=[trouble])
    return Lifetime(slot=context_slot(latest), last_valid_height=last)


def terms_of(request: BuildRequest, units: int, price: int) -> Terms:
    """Limits by the salt, and the price lowered until it fits under the cap.

    :param units: compute units that are ample
    :raises NotYet: with code FEE_ABOVE_CAP, when the base fee alone is above it
    """
    unit_limit, data_limit = salted_limits(request.salt, units)
    unit_price = price_within(price, unit_limit, request.max_fee)
    if unit_price is None:
        raise NotYet(f"the base fee is above the cap of {request.max_fee} lamports", code="FEE_ABOVE_CAP")
    return Terms(
        unit_limit=unit_limit, unit_price=unit_price, data_limit=data_limit, fee=fee_of(1, unit_limit, unit_price)
    )


def check_lamports(node: Node, request: BuildRequest, balance: int, leaves: int, fee: int, rent: int) -> None:
    """Whether the balance covers it besides everything in flight. Network, one request, only where that matters.

    :param leaves: lamports besides the fee
    :raises Refused: INSUFFICIENT_FUNDS, SENDER_BELOW_RENT
    """
    taken = lamports_taken(request.in_flight)
    if taken and balance < leaves + fee + rent + taken:
        # it matters which of them the balance shows already: one more request, for accounts that are nearly empty
        batch = node.batch()
        again = batch.ask(balance_call(request.account, node.settings.read_commitment), _read_balance)
        pending = ask_pending(batch, request.in_flight)
        batch.send()
        balance, taken = again.value, lamports_taken(pending.value)
    check_funds(max(0, balance - taken), leaves, fee, rent)


def plan_of(request: BuildRequest, latest: Latest, terms: Terms, memo: str | None) -> Plan:
    """A plan that pays nobody yet."""
    return Plan(
        payer=Pubkey(request.account.key.data),
        transfers=(),
        memo=memo,
        blockhash=latest.blockhash,
        unit_limit=terms.unit_limit,
        unit_price=terms.unit_price,
        data_limit=terms.data_limit,
    )


def unsigned_of(plan: Plan, evidence: Evidence, remarks: tuple[str, ...] = ()) -> Unsigned:
    """Bytes and the evidence about them."""
    body = compose(plan)
    return Unsigned(body=body, evidence=replace(evidence, digest=digest_of(body)).to_wire(), remarks=remarks)


def _read_balance(answer: Any) -> int:
    return as_whole(in_context(answer))


def _blockhash(latest: Any) -> Hash:
    try:
        return Hash.from_string(as_text(as_object(in_context(latest)).get("blockhash")))
    except ParseHashError:
        raise Unavailable("the node's blockhash cannot be read") from None
