"""An intent completed with facts from the chain. Network, one request."""

from waiaas.errors import Malformed, Refused
from waiaas.interfaces.chain import Account, Intent, Network, Resolved
from waiaas_solana.payment import Payment, check_recipient, funds_warnings, likely_fee, payment_of, resolved
from waiaas_solana.pricing import going_price
from waiaas_solana.questions import holders_call, prices_call, read_holders, read_prices, rent_call
from waiaas_solana.rpc import Rpc, as_whole
from waiaas_solana.settings import SolanaSettings


def payable(intent: Intent, network: Network) -> Payment:
    """The payment an intent asks for.

    :raises Refused: when it is none that this adapter can make
    """
    try:
        return payment_of(intent, network)
    except Malformed as problem:
        raise Refused(problem.code, problem.message, hint=problem.hint) from problem


def resolve_transfer(
    rpc: Rpc, network: Network, settings: SolanaSettings, intent: Intent, account: Account
) -> Resolved:
    """Both accounts, the rent-exempt minimum and the going price.

    :raises Refused: RECIPIENT_RESERVED, BELOW_RENT, or what :func:`payable` refuses
    """
    payment = payable(intent, network)
    pair = [account.address, str(payment.to)]
    answers = rpc.batch([holders_call(pair, settings.read_commitment), rent_call(), prices_call(pair)])
    sender, recipient = read_holders(answers[0], 2)
    rent = as_whole(answers[1])
    fee = likely_fee(going_price(read_prices(answers[2]), settings), payment.memo)
    is_own = account.address == str(payment.to)
    if is_own:
        warnings = ["the account pays itself: nothing but the fee will change"]
    else:
        warnings = check_recipient(payment, recipient, rent)
    lamports = 0 if sender is None else sender.lamports
    warnings += funds_warnings(lamports, payment, fee, rent, is_own=is_own)
    return resolved(intent, account, network, fee, warnings)
