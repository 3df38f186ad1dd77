"""From a resolved payment to bytes. Network, one request; a second one when payments in flight might use up the balance.

The blockhash is taken at ``confirmed``: a finalized one would have lost a fifth of its life, a processed one may be on a fork
that dies. The node's genesis hash is asked in the same request, since a blockhash is all that ties the bytes to a chain.
"""

from dataclasses import dataclass
from typing import Any

from solders.hash import Hash, ParseHashError
from solders.pubkey import Pubkey

from waiaas.errors import NotYet, Unavailable
from waiaas.interfaces.chain import BuildRequest, Network, Unsigned
from waiaas_solana.balances import most_taken, read_funds
from waiaas_solana.lifetime import Lifetime
from waiaas_solana.message import Plan, Transfer, compose, salted_limits
from waiaas_solana.networks import is_genesis_of
from waiaas_solana.payment import Payment, check_funds
from waiaas_solana.pricing import fee_of, going_price, price_within
from waiaas_solana.questions import balance_call, prices_call, read_prices, rent_call
from waiaas_solana.rpc import Rpc, as_object, as_text, as_whole, context_slot, in_context
from waiaas_solana.settings import SolanaSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answers:
    """What the node said. :param price: micro-lamports for a compute unit"""

    blockhash: Hash
    lifetime: Lifetime
    price: int
    balance: int
    rent: int


def build_transfer(
    rpc: Rpc, network: Network, settings: SolanaSettings, request: BuildRequest, payment: Payment
) -> Unsigned:
    """The message's bytes; the salt varies its compute-unit and data limits, so that twins differ.

    :raises Refused: INSUFFICIENT_FUNDS, SENDER_BELOW_RENT, FEE_ABOVE_CAP
    :raises Unavailable: also when the node serves another chain
    """
    answers = _ask(rpc, network, settings, request, payment)
    unit_limit, data_limit = salted_limits(request.salt, payment.memo)
    unit_price = price_within(answers.price, unit_limit, request.max_fee)
    if unit_price is None:
        raise NotYet(f"the base fee is above the cap of {request.max_fee} lamports", code="FEE_ABOVE_CAP")
    fee = fee_of(1, unit_limit, unit_price)
    _check_funds(rpc, settings, request, payment, fee, answers)
    plan = Plan(
        payer=Pubkey(request.account.key.data),
        transfers=(Transfer(to=payment.to, lamports=payment.lamports),),
        memo=payment.memo,
        blockhash=answers.blockhash,
        unit_limit=unit_limit,
        unit_price=unit_price,
        data_limit=data_limit,
    )
    return Unsigned(body=compose(plan), evidence=answers.lifetime.to_evidence())


def _check_funds(
    rpc: Rpc, settings: SolanaSettings, request: BuildRequest, payment: Payment, fee: int, answers: _Answers
) -> None:
    balance, rent, taken = answers.balance, answers.rent, most_taken(request.in_flight)
    if taken and balance < payment.lamports + fee + rent + taken:
        # it matters which of them the balance shows already: one more request, for accounts that are nearly empty
        balance, rent, taken = read_funds(rpc, request.account, request.in_flight, settings.read_commitment)
    is_own = str(payment.to) == request.account.address
    check_funds(max(0, balance - taken), payment, fee, rent, is_own=is_own)


def _ask(rpc: Rpc, network: Network, settings: SolanaSettings, request: BuildRequest, payment: Payment) -> _Answers:
    genesis, latest, prices, balance, rent = rpc.batch(
        [
            ("getGenesisHash", []),
            ("getLatestBlockhash", [{"commitment": "confirmed"}]),
            prices_call([request.account.address, str(payment.to)]),
            balance_call(request.account, settings.read_commitment),
            rent_call(),
        ]
    )
    if not is_genesis_of(as_text(genesis), network):
        raise Unavailable(f"the node does not serve {network.name}")
    height = as_whole(as_object(in_context(latest)).get("lastValidBlockHeight"))
    return _Answers(
        blockhash=_blockhash(latest),
        lifetime=Lifetime(slot=context_slot(latest), last_valid_height=height),
        price=going_price(read_prices(prices), settings),
        balance=as_whole(in_context(balance)),
        rent=as_whole(rent),
    )


def _blockhash(latest: Any) -> Hash:
    try:
        return Hash.from_string(as_text(as_object(in_context(latest)).get("blockhash")))
    except ParseHashError:
        raise Unavailable("the node's blockhash cannot be read") from None
