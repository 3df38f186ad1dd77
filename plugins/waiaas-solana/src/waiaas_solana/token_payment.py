"""A token transfer: what an intent must say to be one, and what the token's rules say of its accounts. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from solders.pubkey import Pubkey

from waiaas.errors import Malformed, Refused
from waiaas.interfaces.chain import Account, Amount, Caution, Effect, Intent, Kind, Network, Resolved, What
from waiaas_solana.message import most_units, token_units
from waiaas_solana.mints import Mint, TokenAccount, read_token_account
from waiaas_solana.names import parse_pubkey
from waiaas_solana.payment import check_memo, check_not_reserved
from waiaas_solana.pricing import fee_of
from waiaas_solana.questions import Holder
from waiaas_solana.token_programs import TOKEN_PROGRAMS, derived_account, derived_with_bump
from waiaas_solana.tokens import Token

_SYSTEM = "11111111111111111111111111111111"
_U64 = 1 << 64
_OFF_CURVE = Caution(
    code="OFF_CURVE",
    text="no key can sign for the recipient: only a program can move what it holds",
    about="recipient",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPayment:
    """A token transfer, checked for everything that needs no chain.

    :param to: the recipient's wallet; :param units: raw base units that leave
    """

    to: Pubkey
    mint: Pubkey
    units: int
    memo: str | None


def token_payment_of(intent: Intent, network: Network) -> TokenPayment:
    """Read a token transfer.

    :raises Malformed: when it is another kind, the native asset, or lacks something
    """
    if intent.kind is not Kind.TOKEN_TRANSFER or intent.to is None or intent.amount is None:
        raise Malformed(f"a {intent.kind.value} of this shape cannot be built on Solana yet")
    namespace = f"{network.chain_id}/token:"
    if not intent.amount.asset.startswith(namespace) or intent.to.tag is not None or intent.call or intent.parts:
        raise Malformed(f"a token transfer on {network.name} moves one of its tokens to one address")
    if not 0 < intent.amount.units < _U64:
        raise Malformed(f"an amount on Solana is 1 to {_U64 - 1} base units", code="INVALID_AMOUNT")
    check_memo(intent.memo)
    return TokenPayment(
        to=parse_pubkey(intent.to.address),
        mint=parse_pubkey(intent.amount.asset.removeprefix(namespace)),
        units=intent.amount.units,
        memo=intent.memo,
    )


def resolved_token(
    intent: Intent,
    account: Account,
    token: Token,
    native: str,
    *,
    rent: int | None,
    fee: int,
    warnings: Sequence[str],
    cautions: Sequence[Caution],
) -> Resolved:
    """The effects: what leaves the account, and the rent that goes with it. A transfer to oneself has none.

    :param rent: lamports for the recipient's account; None where it exists
    """
    assert intent.to is not None  # token_payment_of said so
    assert intent.amount is not None
    to = intent.to.address
    effects = [Effect(what=What.OUT, asset=token.asset.id, units=intent.amount.units, to=to)]
    if rent is not None:
        effects.append(Effect(what=What.LOCKED, asset=native, units=rent, to=to))
    return Resolved(
        intent=intent,
        effects=() if to == account.address else tuple(effects),
        assets=(token.asset,),
        likely_fee=Amount(asset=native, units=fee),
        warnings=tuple(warnings),
        cautions=tuple(cautions),
    )


def likely_token_fee(price: int, payment: TokenPayment, mint: Mint, *, opens: bool) -> int:
    """What the transfer will cost at this price, whatever its salt."""
    return fee_of(1, most_units(ample_units(payment, mint, opens=opens)), price)


def ample_units(payment: TokenPayment, mint: Mint, *, opens: bool) -> int:
    """Compute units that are enough for it."""
    bump = derived_with_bump(payment.to, mint.address, mint.program)[1]
    return token_units(payment.memo, bump if opens else None)


def check_wallet(payment: TokenPayment, holder: Holder | None) -> tuple[list[str], list[Caution]]:
    """What a person should know of the recipient, and what the host judges by.

    :raises Refused: RECIPIENT_RESERVED, RECIPIENT_IS_TOKEN_ACCOUNT
    """
    check_not_reserved(holder)
    if holder is not None and holder.program in TOKEN_PROGRAMS:
        account = read_token_account(holder.program, holder.data)
        hint = f"its wallet is {account.owner}" if account is not None else "name the recipient's wallet"
        raise Refused(
            "RECIPIENT_IS_TOKEN_ACCOUNT", "the recipient is a token account or a mint, not a wallet", hint=hint
        )
    warnings = []
    if holder is None:
        warnings.append("the recipient has no account on this network yet; check the address")
    if not payment.to.is_on_curve():
        return warnings, [_OFF_CURVE]
    if holder is not None and holder.owner != _SYSTEM:
        warnings.append("the recipient belongs to a program: it is not a plain wallet")
    return warnings, []


def check_recipient_account(payment: TokenPayment, mint: Mint, account: Holder | None) -> bool:
    """Whether the recipient's derived account has to be opened.

    :raises Refused: RECIPIENT_FROZEN, MEMO_REQUIRED, RECIPIENT_ACCOUNT_TAKEN
    """
    held = _token_account(account)
    if held is None:
        if mint.is_default_frozen:
            raise Refused("RECIPIENT_FROZEN", "new accounts of this token begin frozen, and the recipient has none")
        return True
    if held.owner != payment.to or held.mint != payment.mint:
        raise Refused("RECIPIENT_ACCOUNT_TAKEN", "the recipient's account for this token belongs to somebody else now")
    if held.is_frozen:
        raise Refused("RECIPIENT_FROZEN", "the recipient's account for this token is frozen")
    if held.requires_memo and payment.memo is None:
        raise Refused("MEMO_REQUIRED", "the recipient takes this token only with a memo", hint="add a memo")
    return False


def units_held(payment: TokenPayment, account: Account, holder: Holder | None) -> int:
    """Base units in the account's own derived account.

    :raises Refused: with code ACCOUNT_FROZEN
    """
    held = _token_account(holder)
    if held is None or str(held.owner) != account.address or held.mint != payment.mint:
        return 0
    if held.is_frozen:
        raise Refused("ACCOUNT_FROZEN", "this wallet's account for this token is frozen")
    return held.units


def check_units(units: int, payment: TokenPayment) -> None:
    """:param units: what the account has to spend :raises Refused: INSUFFICIENT_FUNDS, with figures"""
    if units < payment.units:
        raise Refused(
            "INSUFFICIENT_FUNDS",
            f"the account has {units} base units of this token to spend; {payment.units} are needed",
            hint=f"fund its own derived account with at least {payment.units - units} more",
            details={
                "spendable": str(units),
                "amount": str(payment.units),
                "missing": str(payment.units - units),
            },
        )


def units_warnings(units: int, payment: TokenPayment) -> list[str]:
    """What :func:`check_units` would refuse, as a sentence."""
    try:
        check_units(units, payment)
    except Refused as problem:
        return [problem.message]
    return []


def fee_sentences(mint: Mint, units: int, epoch: int | None) -> list[str]:
    """What the token's own fee leaves of a transfer. :param epoch: None where the token takes none"""
    withheld = 0 if epoch is None else mint.fee_of(units, epoch)
    if withheld == 0:
        return []
    return [f"this token takes a fee of {withheld} base units from each transfer: {units - withheld} arrive"]


def source_of(account: Account, payment: TokenPayment, mint: Mint) -> Pubkey:
    """The account's own derived account."""
    return derived_account(parse_pubkey(account.address), payment.mint, mint.program)


def destination_of(payment: TokenPayment, mint: Mint) -> Pubkey:
    """The recipient's derived account."""
    return derived_account(payment.to, payment.mint, mint.program)


def _token_account(holder: Holder | None) -> TokenAccount | None:
    if holder is None or holder.owner == _SYSTEM:
        return None
    return read_token_account(holder.program, holder.data)
