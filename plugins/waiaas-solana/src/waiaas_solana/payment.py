"""A native transfer: what an intent must say to be one, and what the chain's rules say of its accounts. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from solders.pubkey import Pubkey

from waiaas.errors import Malformed, Refused
from waiaas.interfaces.chain import Account, Amount, Caution, Effect, Intent, Kind, Network, Resolved, What
from waiaas_solana.message import MEMO_BYTES, most_units, native_units
from waiaas_solana.names import parse_pubkey
from waiaas_solana.pricing import fee_of
from waiaas_solana.questions import Holder
from waiaas_solana.token_programs import TOKEN_PROGRAMS

_SYSTEM = "11111111111111111111111111111111"
_SYSVAR = "Sysvar1111111111111111111111111111111111111"
_NATIVE_LOADER = "NativeLoader1111111111111111111111111111111"
_U64 = 1 << 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A native transfer, checked for everything that needs no chain."""

    to: Pubkey
    lamports: int
    memo: str | None


def payment_of(intent: Intent, network: Network) -> Payment:
    """Read a native transfer.

    :raises Malformed: when it is another kind, another asset, or lacks something
    """
    if intent.kind is not Kind.TRANSFER or intent.to is None or intent.amount is None:
        raise Malformed(f"a {intent.kind.value} of this shape cannot be built on Solana yet")
    if intent.amount.asset != network.native.id or intent.to.tag is not None or intent.call or intent.parts:
        raise Malformed(f"a transfer on {network.name} moves {network.native.id} to one address")
    if not 0 < intent.amount.units < _U64:
        raise Malformed(f"an amount on Solana is 1 to {_U64 - 1} lamports", code="INVALID_AMOUNT")
    check_memo(intent.memo)
    return Payment(to=parse_pubkey(intent.to.address), lamports=intent.amount.units, memo=intent.memo)


def check_memo(memo: str | None) -> None:
    """:raises Malformed: when it is empty, too long, or no text"""
    if memo is not None and not 0 < _utf8_length(memo) <= MEMO_BYTES:
        raise Malformed(f"a memo on Solana is 1 to {MEMO_BYTES} bytes of UTF-8", hint="shorten the memo")


def resolved(
    intent: Intent,
    account: Account,
    network: Network,
    fee: int,
    warnings: Sequence[str] = (),
    holder: Holder | None = None,
) -> Resolved:
    """The effects of a transfer, from the intent alone; a transfer to oneself has none.

    :param holder: the recipient's account, where a node was asked for it
    """
    payment = payment_of(intent, network)
    to, native = str(payment.to), network.native.id
    out = Effect(what=What.OUT, asset=native, units=payment.lamports, to=to)
    return Resolved(
        intent=intent,
        effects=() if to == account.address else (out,),
        assets=(network.native,),
        likely_fee=Amount(asset=native, units=fee),
        warnings=tuple(warnings),
        cautions=() if to == account.address else recipient_cautions(payment.to, holder),
    )


def recipient_cautions(to: Pubkey, holder: Holder | None) -> tuple[Caution, ...]:
    """What a person should decide about native money for this recipient: only a plain wallet can be trusted to move it again.

    :param holder: its account; None where there is none, or nobody was asked
    """
    if holder is not None and holder.program in TOKEN_PROGRAMS:
        text = "the recipient is a token account or a mint, not a wallet: SOL in it can be out of anybody's reach"
        return (Caution(code="TOKEN_ACCOUNT", text=text, about="use"),)
    if not to.is_on_curve():
        text = "no key can sign for the recipient: only a program can move what it holds"
        return (Caution(code="OFF_CURVE", text=text, about="use"),)
    if holder is not None and holder.owner != _SYSTEM:
        text = "the recipient belongs to a program: it is not a plain wallet"
        return (Caution(code="PROGRAM_ACCOUNT", text=text, about="use"),)
    return ()


def likely_fee(price: int, memo: str | None) -> int:
    """What a transfer will cost at this price, whatever its salt."""
    return fee_of(1, most_units(native_units(memo)), price)


def check_recipient(payment: Payment, holder: Holder | None, rent: int) -> list[str]:
    """What a person should know of the recipient.

    :param rent: the least that an account without data must hold, in lamports
    :raises Refused: when the network would not let it be paid this
    """
    check_not_reserved(holder)
    holds = 0 if holder is None else holder.lamports
    if holds + payment.lamports < rent:
        raise Refused(
            "BELOW_RENT",
            f"the recipient would hold {holds + payment.lamports} lamports, less than the rent-exempt minimum of {rent}",
            hint=f"send at least {rent - holds} lamports to this account",
            details={"minimum": str(rent - holds), "amount": str(payment.lamports)},
        )
    return ["the recipient has no account on this network yet; check the address"] if holder is None else []


def check_not_reserved(holder: Holder | None) -> None:
    """:raises Refused: RECIPIENT_RESERVED, for what could only be lost"""
    if holder is not None and (holder.is_executable or holder.owner in (_SYSVAR, _NATIVE_LOADER)):
        raise Refused("RECIPIENT_RESERVED", "the recipient is a program or a system account and cannot be paid")


def check_funds(lamports: int, amount: int, fee: int, rent: int) -> None:
    """Whether the account can pay, as far as its balance says.

    :param lamports: what it holds, less what payments in flight will take
    :param amount: lamports that leave besides the fee; 0 where the account pays itself
    :raises Refused: with figures
    """
    left = lamports - amount - fee
    figures = {"spendable": str(lamports), "amount": str(amount), "fee": str(fee)}
    if left < 0:
        raise Refused(
            "INSUFFICIENT_FUNDS",
            f"the account has {lamports} lamports to spend; {amount} and a fee of up to {fee} are needed",
            hint=f"fund the account with at least {-left} lamports more",
            details={**figures, "missing": str(-left)},
        )
    if 0 < left < rent:
        raise Refused(
            "SENDER_BELOW_RENT",
            f"the account would be left with {left} lamports, less than the rent-exempt minimum of {rent}",
            hint=f"send at most {max(0, lamports - fee - rent)} lamports, or fund the account",
            details={**figures, "minimum": str(rent)},
        )


def funds_warnings(lamports: int, amount: int, fee: int, rent: int) -> list[str]:
    """What :func:`check_funds` would refuse, as a sentence: the account may be funded before the payment is made."""
    try:
        check_funds(lamports, amount, fee, rent)
    except Refused as problem:
        return [problem.message]
    return []


def _utf8_length(text: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise Malformed("a memo on Solana is UTF-8 text, and half a surrogate pair is none") from None
