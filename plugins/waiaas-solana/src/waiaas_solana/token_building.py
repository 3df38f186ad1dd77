"""From a resolved token transfer to bytes. Network, one request; more when a balance is short, or the token was forgotten."""

from dataclasses import dataclass, replace
from functools import partial

from waiaas.errors import Refused
from waiaas.interfaces.chain import BuildRequest, Unsigned, What
from waiaas_solana.building import Latest, Terms, ask_latest, check_lamports, plan_of, terms_of, unsigned_of
from waiaas_solana.evidence import Evidence
from waiaas_solana.funds import ask_pending, units_taken
from waiaas_solana.message import Opening, TokenTransfer
from waiaas_solana.node import Node
from waiaas_solana.questions import Holder, accounts_call, read_accounts
from waiaas_solana.token_payment import (
    TokenPayment,
    ample_units,
    check_recipient_account,
    check_units,
    destination_of,
    fee_sentences,
    source_of,
    units_held,
)
from waiaas_solana.token_resolving import ACCOUNT_BYTES, ask_epoch, payable_token, rent_of
from waiaas_solana.tokens import Token


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What the node said. :param least: rent of an account without data; :param rent: of the recipient's token account"""

    latest: Latest
    sender: Holder | None
    source: Holder | None
    destination: Holder | None
    least: int
    rent: int
    price: int
    epoch: int | None


def build_token_transfer(node: Node, request: BuildRequest, payment: TokenPayment) -> Unsigned:
    """The message's bytes. The recipient's account is opened where that was judged, and nowhere else.

    :raises Refused: INSUFFICIENT_FUNDS, SENDER_BELOW_RENT, RECIPIENT_ACCOUNT_GONE, RENT_CHANGED, and what resolving refuses
    :raises NotYet: FEE_ABOVE_CAP
    :raises Unavailable: also when the node serves another chain
    """
    token = payable_token(node, payment)
    found = _ask(node, request, payment, token)
    is_own = str(payment.to) == request.account.address
    rent = None if is_own else _judged_rent(request, payment, token, found)
    terms = terms_of(request, ample_units(payment, token.mint, opens=rent is not None), found.price)
    _check_units(node, request, payment, token, units_held(payment, request.account, found.source))
    lamports = 0 if found.sender is None else found.sender.lamports
    check_lamports(node, request, lamports, rent or 0, terms.fee, found.least)
    return _unsigned(request, payment, token, found, terms, rent)


def _ask(node: Node, request: BuildRequest, payment: TokenPayment, token: Token) -> _Found:
    account, commitment = request.account.address, node.settings.read_commitment
    source, destination = str(source_of(request.account, payment, token.mint)), str(destination_of(payment, token.mint))
    batch = node.batch()
    latest = ask_latest(node, batch)
    asked = accounts_call([account, source, destination], commitment, ACCOUNT_BYTES)
    holders = batch.ask(asked, partial(read_accounts, count=3))
    least, rent = node.rent(batch), node.rent(batch, token.account_length)
    price = node.price(batch, [account, source, destination])
    epoch = ask_epoch(batch, token.mint, commitment)
    batch.send()
    sender, held, paid = holders.value
    return _Found(
        latest=latest.value,
        sender=sender,
        source=held,
        destination=paid,
        least=least.value,
        rent=rent_of(token, rent.value),
        price=price.value,
        epoch=epoch.value,
    )


def _judged_rent(request: BuildRequest, payment: TokenPayment, token: Token, found: _Found) -> int | None:
    judged = next((effect.units for effect in request.resolved.effects if effect.what is What.LOCKED), None)
    opens = check_recipient_account(payment, token.mint, found.destination)
    if opens and judged is None:
        raise Refused(
            "RECIPIENT_ACCOUNT_GONE",
            "the recipient's account for this token was closed meanwhile, and its rent was not judged",
            hint="send the payment again",
        )
    if opens and judged is not None and judged < found.rent:
        raise Refused(
            "RENT_CHANGED",
            f"opening the recipient's account takes {found.rent} lamports now, and {judged} were judged",
            hint="send the payment again",
        )
    return judged


def _check_units(node: Node, request: BuildRequest, payment: TokenPayment, token: Token, units: int) -> None:
    taken = units_taken(request.in_flight, payment.mint)
    if taken and units < payment.units + taken:
        source = str(source_of(request.account, payment, token.mint))
        batch = node.batch()
        asked = accounts_call([source], node.settings.read_commitment, ACCOUNT_BYTES)
        again = batch.ask(asked, partial(read_accounts, count=1))
        pending = ask_pending(batch, request.in_flight)
        batch.send()
        units, taken = units_held(payment, request.account, again.value[0]), units_taken(pending.value, payment.mint)
    check_units(max(0, units - taken), payment)


def _unsigned(
    request: BuildRequest, payment: TokenPayment, token: Token, found: _Found, terms: Terms, rent: int | None
) -> Unsigned:
    mint = token.mint
    plan = replace(
        plan_of(request, found.latest, terms, payment.memo),
        opening=None if rent is None else Opening(owner=payment.to, mint=mint.address, program=mint.program),
        token=TokenTransfer(
            program=mint.program,
            mint=mint.address,
            to=destination_of(payment, mint),
            units=payment.units,
            decimals=mint.decimals,
            fee=None if found.epoch is None else mint.fee_of(payment.units, found.epoch),
        ),
    )
    evidence = Evidence(lifetime=found.latest.lifetime, owner=str(payment.to), rent=rent)
    is_own = str(payment.to) == request.account.address
    remarks = fee_sentences(mint, payment.units, None if is_own else found.epoch)
    return unsigned_of(plan, evidence, tuple(remarks))
