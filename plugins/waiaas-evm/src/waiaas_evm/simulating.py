"""Whether bytes would succeed, asked before they are signed. Network, one request."""

from waiaas_evm.addresses import checksummed
from waiaas_evm.erc20 import is_refusal, read_transfer
from waiaas_evm.questions import LATEST
from waiaas_evm.reverts import describe_revert, revert_data
from waiaas_evm.rpc import Call, Rpc, RpcError, as_data
from waiaas_evm.transaction import Transaction


def replay_call(tx: Transaction, sender: str, block: str = LATEST) -> Call:
    """Ask what the transaction would do after a block, on the gas that it has."""
    asked = {
        "from": sender,
        "to": checksummed(tx.to),
        "value": hex(tx.value),
        "data": f"0x{tx.data.hex()}",
        "gas": hex(tx.gas),
    }
    return "eth_call", [asked, block]


def simulate(rpc: Rpc, tx: Transaction, sender: str) -> str | None:
    """Why the transaction would fail, or None when it would succeed.

    :raises Unavailable: when no node could say
    """
    method, params = replay_call(tx, sender)
    answer = rpc.try_call(method, *params)
    if not isinstance(answer, RpcError):
        data = as_data(answer)
        is_token = read_transfer(tx.data) is not None
        return "the token answers that it would not pay" if is_token and is_refusal(data) else None
    return why_failed(answer)


def why_failed(error: RpcError) -> str:
    """A node's error to a replayed transaction as one sentence.

    :raises Unavailable: when the error speaks of the node
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
