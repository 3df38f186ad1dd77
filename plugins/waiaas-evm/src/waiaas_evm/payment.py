"""What an intent must say to be a payment, and the call that makes it. Pure."""

from collections.abc import Sequence

from waiaas.errors import Malformed, Refused
from waiaas.interfaces.chain import Account, Amount, Caution, Effect, Intent, Kind, Network, Resolved, What
from waiaas_evm.addresses import address_bytes, parse_address
from waiaas_evm.erc20 import TokenTransfer, transfer_data
from waiaas_evm.errand import Errand
from waiaas_evm.names import TOKENS, token_address, token_id
from waiaas_evm.tokens import Token

_U256 = 1 << 256
_RESERVED = 1 << 16
"""Addresses below are nobody's: zero, precompiles, and what chains keep for themselves."""
_DEAD = frozenset({"0x000000000000000000000000000000000000dEaD", "0xdEAD000000000000000042069420694206942069"})


def errand_of(intent: Intent, account: Account, network: Network) -> Errand:
    """Read a payment of native money or of a token, or a cancellation, which pays nothing to the account itself.

    :raises Malformed: when it is another kind, or lacks or carries something
    """
    if intent.memo is not None or intent.call or intent.parts:
        raise Malformed(f"a {intent.kind.value} on {network.name} carries no memo, call or parts")
    if intent.kind is Kind.CANCEL and intent.to is None and intent.amount is None:
        return Errand(to=account.address, value=0, data=b"", recipient=account.address, units=0)
    if intent.to is None or intent.to.tag is not None or intent.amount is None:
        raise Malformed(f"a {intent.kind.value} of this shape cannot be built on {network.name}")
    if not 0 < intent.amount.units < _U256:
        raise Malformed("an amount on EVM chains is 1 to 2^256 - 1", code="INVALID_AMOUNT")
    return _paying(intent.kind, parse_address(intent.to.address), intent.amount, network)


def payable(intent: Intent, account: Account, network: Network) -> Errand:
    """The same. :raises Refused: instead of Malformed: no call of this intent will succeed"""
    try:
        return errand_of(intent, account, network)
    except Malformed as problem:
        raise Refused(problem.code, problem.message, hint=problem.hint) from problem


def resolved(
    intent: Intent,
    account: Account,
    network: Network,
    fee: int,
    token: Token | None = None,
    warnings: Sequence[str] = (),
    *,
    pays_token: bool = False,
) -> Resolved:
    """The effects of a payment, from the intent alone; one to oneself has none.

    :param fee: what it will likely cost, in native base units
    :param token: what is paid, where it is no native money
    :param pays_token: whether a node says that the recipient is a token's contract
    """
    errand, native = errand_of(intent, account, network), network.native
    out = Effect(
        what=What.OUT, asset=intent.amount.asset if intent.amount else None, units=errand.units, to=errand.recipient
    )
    return Resolved(
        intent=intent,
        effects=() if errand.recipient == account.address else (out,),
        assets=(native,) if token is None else (token.asset, native),
        likely_fee=Amount(asset=native.id, units=fee),
        warnings=tuple(warnings),
        cautions=(*_cautions(errand, network, pays_token=pays_token), *(token.cautions if token is not None else ())),
    )


def _paying(kind: Kind, to: str, amount: Amount, network: Network) -> Errand:
    if kind is Kind.TRANSFER and amount.asset == network.native.id:
        return Errand(to=to, value=amount.units, data=b"", recipient=to, units=amount.units)
    if kind is Kind.TOKEN_TRANSFER and amount.asset.startswith(f"{network.chain_id}/{TOKENS}:"):
        token = parse_address(token_address(amount.asset))
        data = transfer_data(TokenTransfer(to=address_bytes(to), units=amount.units))
        return Errand(to=token, value=0, data=data, recipient=to, units=amount.units, token=token)
    raise Malformed(f"a {kind.value} of {amount.asset} cannot be built on {network.name}")


def _cautions(errand: Errand, network: Network, *, pays_token: bool) -> list[Caution]:
    number = int.from_bytes(address_bytes(errand.recipient))
    if number < _RESERVED or errand.recipient in _DEAD:
        text = "nobody has a key of this address: what arrives is lost"
        return [Caution(code="BURN_ADDRESS", text=text, about="recipient")]
    if errand.recipient == errand.token:
        text = "the recipient is the token's own contract: what arrives there is lost with most tokens"
        return [Caution(code="TOKEN_CONTRACT", text=text, about="recipient")]
    if errand.token is None and (pays_token or token_id(network.chain_id, errand.recipient) in network.tokens):
        text = "the recipient is the contract of a token, not a wallet: money sent there is lost with most tokens"
        return [Caution(code="TOKEN_CONTRACT", text=text, about="use")]
    return []


def contract_warning(code: bytes) -> list[str]:
    """What a person should know of a recipient with code. A wallet that delegates to code (EIP-7702) is still a wallet."""
    is_contract = bool(code) and not code.startswith(b"\xef\x01\x00")
    return ["the recipient is a contract: check that it can use what it is sent"] if is_contract else []
