"""What rollups of the OP stack take for posting a transaction's bytes to the chain below, besides its gas.

A contract at a fixed address on every such chain says it (``GasPriceOracle``). The bytes do not bound this fee, so the bound is
evidence: the oracle's word for bytes of this length that do not compress, and a margin for the first layer's price to rise.
"""

from collections.abc import Mapping
from typing import Any

from waiaas.errors import Unavailable
from waiaas_evm.addresses import ADDRESS_LENGTH
from waiaas_evm.erc20 import WORD, read_number
from waiaas_evm.keccak import keccak256
from waiaas_evm.questions import view_call
from waiaas_evm.reverts import revert_data
from waiaas_evm.rpc import Call, RpcError, as_data
from waiaas_evm.settings import EvmSettings
from waiaas_evm.traits import Traits
from waiaas_evm.transaction import Transaction, unsigned_bytes

ORACLE = "0x420000000000000000000000000000000000000F"
UPPER_BOUND = bytes.fromhex("f1c7a58b")
"""``getL1FeeUpperBound(uint256)``, since the upgrade Fjord: the argument is the length before signing."""
EXACT = bytes.fromhex("49948e0e")
"""``getL1Fee(bytes)``, since the beginning."""

_HUNDRED = 100
_U64, _U96 = (1 << 64) - 1, (1 << 96) - 1


def data_fee_calls(traits: Traits, data: bytes) -> dict[str, Call]:
    """Ask for the fee of a transaction with this calldata; nothing where gas is all that is paid."""
    if traits.rollup != "op-stack":
        return {}
    length = len(unsigned_bytes(_longest(traits, data)))
    noise = _noise(length)
    exact = EXACT + WORD.to_bytes(WORD) + length.to_bytes(WORD) + noise.ljust(-(-length // WORD) * WORD, b"\0")
    return {
        "data_fee_bound": view_call(ORACLE, UPPER_BOUND + length.to_bytes(WORD)),
        "data_fee": view_call(ORACLE, exact),
    }


def read_data_fee(answers: Mapping[str, Any], traits: Traits, settings: EvmSettings) -> int | None:
    """Wei, with the margin; None where there is no such fee.

    :raises Unavailable: when the oracle answers neither
    """
    if traits.rollup != "op-stack":
        return None
    said = [fee for fee in map(_number, (answers["data_fee_bound"], answers["data_fee"])) if fee is not None]
    if not said:
        raise Unavailable("the node does not say what the chain below takes")
    return max(said) * (_HUNDRED + settings.data_fee_margin) // _HUNDRED


def _number(answer: Any) -> int | None:
    if isinstance(answer, RpcError):
        if revert_data(answer) is None:
            raise answer.failure("eth_call")
        return None
    number = read_number(as_data(answer))
    return number if number is None or number <= _U96 else None


def _longest(traits: Traits, data: bytes) -> Transaction:
    """With this calldata, every number as long as it may come."""
    return Transaction(
        chain=traits.number,
        nonce=_U64 >> 1,
        to=b"\xff" * ADDRESS_LENGTH,
        value=_U96,
        data=data,
        gas=_U64,
        max_fee=_U64,
        tip=_U64,
    )


def _noise(length: int) -> bytes:
    blocks = (keccak256(index.to_bytes(8)) for index in range(-(-length // WORD)))
    return b"".join(blocks)[:length]
