"""What a mint's extensions mean to somebody who pays with it: what forbids a payment, and what a person should decide. Pure."""

from waiaas.errors import Refused
from waiaas.interfaces.chain import Caution
from waiaas_solana.mints import Mint
from waiaas_solana.token_programs import (
    CONFIDENTIAL,
    DEFAULT_STATE,
    HARMLESS,
    INTEREST_BEARING,
    MINT_CLOSE_AUTHORITY,
    NON_TRANSFERABLE,
    PAUSABLE,
    PERMANENT_DELEGATE,
    SCALED_AMOUNT,
    TRANSFER_FEE,
    TRANSFER_HOOK,
)

_POWERS = {
    PERMANENT_DELEGATE: ("PERMANENT_DELEGATE", "somebody can move or burn this token out of every account"),
    MINT_CLOSE_AUTHORITY: ("MINT_CLOSE_AUTHORITY", "somebody can close this token's mint once nobody holds any"),
    TRANSFER_HOOK: ("TRANSFER_HOOK", "somebody can make a program of theirs run at every transfer of this token"),
    PAUSABLE: ("PAUSABLE", "somebody can pause every transfer of this token"),
}
_READ = frozenset({*_POWERS, *CONFIDENTIAL, *HARMLESS, TRANSFER_FEE, DEFAULT_STATE, INTEREST_BEARING, SCALED_AMOUNT})


def check_payable(mint: Mint) -> None:
    """Whether the token can be paid with at all.

    :raises Refused: NON_TRANSFERABLE, TOKEN_PAUSED, TRANSFER_HOOK
    """
    if NON_TRANSFERABLE in mint.extensions:
        raise Refused("NON_TRANSFERABLE", "this token cannot be transferred: its mint forbids it")
    if mint.is_paused:
        raise Refused(
            "TOKEN_PAUSED", "transfers of this token are paused", hint="try again when its issuer resumes them"
        )
    if mint.has_hook:
        raise Refused(
            "TRANSFER_HOOK",
            "a program of the issuer's runs at every transfer of this token; such tokens cannot be paid",
        )


def cautions_of(mint: Mint) -> tuple[Caution, ...]:
    """One caution for each power that somebody has over the token, and for each extension that is not known."""
    return tuple(Caution(code=code, text=text, about="asset") for code, text in sorted(_found(mint)))


def warnings_of(mint: Mint) -> list[str]:
    """What a person should know and needs to decide nothing about."""
    if mint.extensions.keys() & {INTEREST_BEARING, SCALED_AMOUNT}:
        return [
            "wallets show this token multiplied by a factor; the amount here is in raw units, as the chain moves them"
        ]
    return []


def _found(mint: Mint) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for kind, value in mint.extensions.items():
        # an authority of 32 zero bytes is nobody; whoever may set a hook or pause may do so later
        if kind in _POWERS and (any(value[:32]) or kind == PAUSABLE):
            found.add(_POWERS[kind])
        elif kind in CONFIDENTIAL:
            found.add(
                ("CONFIDENTIAL_TRANSFERS", "amounts of this token can be hidden; only its open balances are seen here")
            )
        elif kind not in _READ:
            found.add(("UNKNOWN_EXTENSION", f"this token has an extension that is not known here (number {kind})"))
    if mint.is_default_frozen:
        found.add(("DEFAULT_FROZEN", "new accounts of this token begin frozen until somebody thaws them"))
    return found
