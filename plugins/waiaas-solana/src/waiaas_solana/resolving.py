"""A native transfer completed with facts from the chain. Network, one request."""

from functools import partial

from waiaas.errors import Malformed, Refused
from waiaas.interfaces.chain import Account, Intent, Network, Resolved
from waiaas_solana.node import Node
from waiaas_solana.payment import Payment, check_recipient, funds_warnings, likely_fee, payment_of, resolved
from waiaas_solana.questions import accounts_call, read_accounts


def payable(intent: Intent, network: Network) -> Payment:
    """The payment an intent asks for.

    :raises Refused: when it is none that this adapter can make
    """
    try:
        return payment_of(intent, network)
    except Malformed as problem:
        raise Refused(problem.code, problem.message, hint=problem.hint) from problem


def resolve_transfer(node: Node, intent: Intent, account: Account) -> Resolved:
    """Both accounts, the rent-exempt minimum and the going price.

    :raises Refused: RECIPIENT_RESERVED, BELOW_RENT, or what :func:`payable` refuses
    """
    payment = payable(intent, node.network)
    pair = [account.address, str(payment.to)]
    batch = node.batch()
    holders = batch.ask(accounts_call(pair, node.settings.read_commitment), partial(read_accounts, count=2))
    rent, price = node.rent(batch), node.price(batch, pair)
    batch.send()
    sender, recipient = holders.value
    fee = likely_fee(price.value, payment.memo)
    is_own = account.address == str(payment.to)
    if is_own:
        warnings = ["the account pays itself: nothing but the fee will change"]
    else:
        warnings = check_recipient(payment, recipient, rent.value)
    lamports = 0 if sender is None else sender.lamports
    warnings += funds_warnings(lamports, 0 if is_own else payment.lamports, fee, rent.value)
    return resolved(intent, account, node.network, fee, warnings, recipient)
