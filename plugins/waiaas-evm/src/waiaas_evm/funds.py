"""What an account holds, what of it is spoken for, and whether that is enough."""

from collections.abc import Sequence
from functools import lru_cache

from waiaas.errors import Refused
from waiaas.interfaces.chain import Signed
from waiaas_evm.addresses import checksummed
from waiaas_evm.decode import gas_fee
from waiaas_evm.erc20 import read_transfer
from waiaas_evm.errand import Errand
from waiaas_evm.nonces import nonce_of
from waiaas_evm.transaction import read_signed

_REMEMBERED = 4096


def under_way(in_flight: Sequence[Signed], counted: int) -> list[Signed]:
    """Those whose nonce the node does not count yet: its balances do not show them.

    :param counted: the account's count at the node's newest block
    """
    return [signed for signed in in_flight if nonce_of(signed) >= counted]


def most_taken(pending: Sequence[Signed], token: str | None = None) -> int:
    """What transactions take if all of them land; of variants with one nonce only one can.

    :param token: a contract's address; None for native money, fees and data fees included
    """
    by_nonce: dict[int, int] = {}
    for signed in pending:
        nonce = nonce_of(signed)
        data_fee = int(signed.evidence.get("data_fee", "0")) if token is None else 0
        by_nonce[nonce] = max(by_nonce.get(nonce, 0), _taken(signed.raw, token) + data_fee)
    return sum(by_nonce.values())


def require_token(holds: int, errand: Errand) -> None:
    """:param holds: base units of the token, less what is under way

    :raises Refused: INSUFFICIENT_FUNDS with figures
    """
    if holds < errand.units:
        raise insufficient(holds, errand.units, f"{holds} base units of the token to spend; {errand.units} are needed")


def require_money(money: int, errand: Errand, fee: int) -> None:
    """:param money: wei, less what is under way; :param fee: the least for which the payment can be built

    :raises Refused: INSUFFICIENT_FUNDS with figures
    """
    if money < errand.value + fee:
        words = f"{money} wei to spend; {errand.value} and a fee of at least {fee} are needed"
        raise insufficient(money, errand.value + fee, words)


def insufficient(spendable: int, needed: int, words: str) -> Refused:
    """The refusal, with how much is missing."""
    return Refused(
        "INSUFFICIENT_FUNDS",
        f"the account has {words}",
        hint=f"fund the account with at least {needed - spendable} more",
        details={"spendable": str(spendable), "needed": str(needed), "missing": str(needed - spendable)},
    )


@lru_cache(maxsize=_REMEMBERED)
def _taken(raw: bytes, token: str | None) -> int:
    # the same bytes are asked about at every payment until they settle
    tx, _ = read_signed(raw)
    if token is None:
        return tx.value + gas_fee(tx)
    transfer = read_transfer(tx.data) if checksummed(tx.to) == token else None
    return 0 if transfer is None else transfer.units
