"""Whether bytes would succeed, asked before they are signed. Network, one request.

They are tried as they will be sent: on the gas, the prices and the nonce that they have. A contract sees the price of gas, so
one that is tried without could show one face then and another when it is paid.
"""

from typing import Any

from waiaas.errors import Unavailable
from waiaas_evm.addresses import address_bytes, checksummed
from waiaas_evm.erc20 import balance_data, is_refusal, read_number, read_transfer
from waiaas_evm.questions import LATEST
from waiaas_evm.reverts import describe_revert, revert_data
from waiaas_evm.rpc import Call, Rpc, RpcError, as_data, as_list, as_object
from waiaas_evm.transaction import Transaction


def replay_call(tx: Transaction, sender: str, block: str = LATEST) -> Call:
    """Ask what the transaction would do after a block."""
    return "eth_call", [_as_sent(tx, sender), block]


def simulate(rpc: Rpc, tx: Transaction, sender: str) -> str | None:
    """Why the transaction would fail, or None when it would succeed.

    Where the node can play several calls (``eth_simulateV1``), a token that takes more than the amount is found too.

    :raises Unavailable: when no node could say
    """
    transfer = read_transfer(tx.data)
    if transfer is None:
        (answer,) = rpc.try_batch([replay_call(tx, sender)])
        return why_failed(answer) if isinstance(answer, RpcError) else None
    answer, played = rpc.try_batch([replay_call(tx, sender), _loss_call(tx, sender)])
    if isinstance(answer, RpcError):
        return why_failed(answer)
    if is_refusal(as_data(answer)):
        return "the token answers that it would not pay"
    lost = _loss(played)
    if lost is not None and lost > transfer.units:
        return f"the token would take {lost} base units of the account for {transfer.units} that are paid"
    return None


def why_failed(error: RpcError) -> str:
    """A node's error to a replayed transaction as one sentence.

    :raises Unavailable: when the error speaks of the node, or of a price that may fall again
    """
    data = revert_data(error)
    if data is not None:
        return describe_revert(data)
    words = error.message.lower()
    if "insufficient" in words or "lack of funds" in words:
        return "the account holds less than the amount and the fee"
    if "out of gas" in words or "outofgas" in words or "gas too low" in words:
        return "the transaction runs out of gas"
    raise error.failure("eth_call")


def _as_sent(tx: Transaction, sender: str) -> dict[str, str]:
    """Every field of the bytes that a contract could see, or a node checks."""
    prices = {"gasPrice": hex(tx.max_fee)}
    if not tx.is_legacy:
        prices = {"maxFeePerGas": hex(tx.max_fee), "maxPriorityFeePerGas": hex(tx.tip)}
    return {
        "from": sender,
        "to": checksummed(tx.to),
        "value": hex(tx.value),
        "data": f"0x{tx.data.hex()}",
        "gas": hex(tx.gas),
        "nonce": hex(tx.nonce),
        **prices,
    }


def _loss_call(tx: Transaction, sender: str) -> Call:
    """Ask for the sender's balance of the token before and after. The base fee is such that the price is the most offered."""
    balance = {"to": checksummed(tx.to), "data": f"0x{balance_data(address_bytes(sender)).hex()}"}
    block: dict[str, Any] = {"calls": [balance, _as_sent(tx, sender), balance]}
    if not tx.is_legacy:
        block["blockOverrides"] = {"baseFeePerGas": hex(tx.max_fee - tx.tip)}
    return "eth_simulateV1", [{"blockStateCalls": [block]}, LATEST]


def _loss(answer: Any) -> int | None:
    """Base units; None where the node does not say."""
    try:
        before, _, after = (as_object(call) for call in as_list(as_object(as_list(answer)[0]).get("calls")))
        first, last = (read_number(as_data(call.get("returnData"))) for call in (before, after))
    except (Unavailable, ValueError, IndexError):
        return None
    return None if first is None or last is None else first - last
