"""Which nonce comes next: in order, dense, never one that was signed before. Pure.

What this account signed is known from the request; what the node counts is only believed upwards, and only once it is final:
another program used the key then. A count below what is known means that the node lags, and says nothing.
"""

from collections.abc import Sequence

from waiaas.errors import NotYet
from waiaas.interfaces.chain import BuildRequest, Signed
from waiaas_evm.transaction import read_signed

_BUSY = "ACCOUNT_BUSY"


def nonce_of(signed: Signed) -> int:
    """:raises Malformed: when the bytes are not ours"""
    return read_signed(signed.raw)[0].nonce


def own_next(request: BuildRequest) -> int:
    """The first nonce above everything that was signed for the account."""
    newest = [request.newest] if request.newest is not None else []
    return max((nonce_of(signed) + 1 for signed in (*newest, *request.in_flight)), default=0)


def require_dense(own: int, counted: int, in_flight: Sequence[Signed]) -> None:
    """Every nonce between what the node counts and the next must be under way; else bytes would wait behind a gap.

    :param own: see :func:`own_next`; :param counted: the node's count at its newest block
    :raises NotYet: ACCOUNT_BUSY: the node lags behind what is final, or was put back
    """
    under_way = {nonce_of(signed) for signed in in_flight}
    missing = next((nonce for nonce in range(counted, own) if nonce not in under_way), None)
    if missing is not None:
        raise NotYet(f"the node has not yet seen nonce {missing} of the account, which was used", code=_BUSY)


def followed(own: int, counted: int, final: int) -> tuple[int, str]:
    """The nonce after what another program used, and the remark on it.

    :param counted: the node's count at its newest block, above ``own``
    :param final: the least count at finality of all endpoints
    :raises NotYet: ACCOUNT_BUSY until all that the node counts is final
    """
    if final < counted:
        raise NotYet(
            f"another program used nonce {own} to {counted - 1} of the account, and that is not final yet", code=_BUSY
        )
    last = f" to {final - 1}" if final - 1 > own else ""
    return final, f"nonce {own}{last} of the account was used by another program; nonce {final} follows"
