"""A token transfer completed with facts from the chain. Network, one request, and one to each endpoint for a new token."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from waiaas.errors import Malformed, Refused
from waiaas.interfaces.chain import Account, Intent, Network, Resolved
from waiaas_solana.batches import Answer, Batch
from waiaas_solana.mints import Mint
from waiaas_solana.node import Node
from waiaas_solana.payment import funds_warnings
from waiaas_solana.pricing import least_rent
from waiaas_solana.questions import Holder, accounts_call, read_accounts
from waiaas_solana.rpc import as_object, as_whole
from waiaas_solana.token_payment import (
    TokenPayment,
    check_recipient_account,
    check_wallet,
    destination_of,
    fee_sentences,
    likely_token_fee,
    resolved_token,
    source_of,
    token_payment_of,
    units_held,
    units_warnings,
)
from waiaas_solana.tokens import Token

ACCOUNT_BYTES = 1024
"""Of an account; every extension of a token account fits."""


def token_payable(intent: Intent, network: Network) -> TokenPayment:
    """The payment an intent asks for.

    :raises Refused: when it is none that this adapter can make
    """
    try:
        return token_payment_of(intent, network)
    except Malformed as problem:
        raise Refused(problem.code, problem.message, hint=problem.hint) from problem


def payable_token(node: Node, payment: TokenPayment) -> Token:
    """The token that is paid with. Network, unless it is remembered.

    :raises Refused: ASSET_UNKNOWN, or why it cannot be paid with
    """
    (token,) = node.tokens([str(payment.mint)])
    if token is None:
        raise Refused("ASSET_UNKNOWN", f"{node.network.name} knows no token {payment.mint}")
    if token.refusal is not None:
        raise Refused(token.refusal.code, token.refusal.message, hint=token.refusal.hint)
    return token


def ask_epoch(batch: Batch, mint: Mint, commitment: str) -> Answer[int | None]:
    """The epoch, by which the token's own fee is reckoned; None for tokens that take none."""
    if not mint.takes_fees:
        return Answer.known(None)
    return batch.ask(("getEpochInfo", [{"commitment": commitment}]), _read_epoch)


def rent_of(token: Token, told: int) -> int:
    """What opening an account takes: the node's figure, and never less than the rate since genesis gives."""
    return max(told, least_rent(token.account_length))


def resolve_token_transfer(node: Node, intent: Intent, account: Account) -> Resolved:
    """Both wallets, both derived accounts, rent, the going price, and what the token itself takes.

    :raises Refused: what the token's or the accounts' state forbids
    """
    payment = token_payable(intent, node.network)
    token = payable_token(node, payment)
    source, destination = str(source_of(account, payment, token.mint)), str(destination_of(payment, token.mint))
    batch, commitment = node.batch(), node.settings.read_commitment
    asked = [account.address, str(payment.to), source, destination]
    holders = batch.ask(accounts_call(asked, commitment, ACCOUNT_BYTES), partial(read_accounts, count=4))
    least, rent = node.rent(batch), node.rent(batch, token.account_length)
    price = node.price(batch, [account.address, source, destination])
    epoch = ask_epoch(batch, token.mint, commitment)
    batch.send()
    sender, wallet, held, paid = holders.value
    found = _Found(
        sender=sender,
        wallet=wallet,
        source=held,
        destination=paid,
        least=least.value,
        rent=rent_of(token, rent.value),
        price=price.value,
        epoch=epoch.value,
    )
    return _resolved(found, node.network, token, intent, account)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What the node said. :param least: rent of an account without data; :param rent: of the recipient's token account"""

    sender: Holder | None
    wallet: Holder | None
    source: Holder | None
    destination: Holder | None
    least: int
    rent: int
    price: int
    epoch: int | None


def _resolved(found: _Found, network: Network, token: Token, intent: Intent, account: Account) -> Resolved:
    payment, mint = token_payable(intent, network), token.mint
    units = units_held(payment, account, found.source)
    is_own = str(payment.to) == account.address
    warnings, about_recipient = check_wallet(payment, found.wallet)
    opens = False
    if is_own:
        warnings.append("the account pays itself: nothing but the fee will change")
    else:
        opens = check_recipient_account(payment, mint, found.destination)
        warnings += fee_sentences(mint, payment.units, found.epoch)
    fee = likely_token_fee(found.price, payment, mint, opens=opens)
    lamports = 0 if found.sender is None else found.sender.lamports
    warnings += [*token.warnings, *units_warnings(units, payment)]
    warnings += funds_warnings(lamports, found.rent if opens else 0, fee, found.least)
    return resolved_token(
        intent,
        account,
        token,
        network.native.id,
        rent=found.rent if opens else None,
        fee=fee,
        warnings=warnings,
        cautions=[*token.cautions, *about_recipient],
    )


def _read_epoch(answer: Any) -> int | None:
    return as_whole(as_object(answer).get("epoch"))
