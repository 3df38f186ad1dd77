"""The faucet: the node's first unlocked account, whose balance the node sets as needed. Anvil only."""

import time
from collections.abc import Callable
from typing import Any

from waiaas.errors import Refused, Unavailable

Call = Callable[..., Any]
_MINED_SECONDS = 20.0
_FOR_FEES = 10**20
_PLENTY = 10**12
"""How many times what is asked for the faucet gets: a balance set while a block is made may be lost, so it is seldom set."""
_POLL_SECONDS = 0.02


def give(call: Call, address: str, units: int) -> str:
    """Pay ``units`` wei to ``address`` and wait until they are there. Network. Twice pays twice.

    Where the node makes no blocks by itself, one is made.

    :param call: asks the node, from (method, *params)
    :returns: the transaction's hash
    :raises Refused: there is no such faucet, or the recipient does not take it
    :raises Unavailable: no block came
    """
    faucet = _account(call)
    if int(call("eth_getBalance", faucet, "latest"), 16) < units + _FOR_FEES:
        call("anvil_setBalance", faucet, hex((units + _FOR_FEES) * _PLENTY))
    receipt = transact(call, {"from": faucet, "to": address, "value": hex(units)})
    if int(receipt["status"], 16) != 1:
        raise Refused("FUNDING_FAILED", f"{address} does not take what the faucet gives")
    return str(receipt["transactionHash"])


def transact(call: Call, transaction: dict[str, str]) -> Any:
    """Have the node sign and send, and wait for the receipt. Network. ``from`` is the faucet where it is left out.

    Where the node makes no blocks by itself, one is made.

    :raises Refused: the node does not take it; :raises Unavailable: no block came
    """
    # with a price in it the transaction is good before the London fork, too
    own = {"from": transaction.get("from") or _account(call), "gasPrice": hex(2 * int(call("eth_gasPrice"), 16))}
    tx_hash = str(call("eth_sendTransaction", {**transaction, **own}))
    receipt = call("eth_getTransactionReceipt", tx_hash)
    if receipt is None:
        call("evm_mine")
        receipt = _receipt(call, tx_hash)
    return receipt


def _account(call: Call) -> str:
    accounts = call("eth_accounts")
    if not accounts:
        raise Refused("NO_FAUCET", "this node has no unlocked account to give from", hint="use: waiaas localnet evm")
    return str(accounts[0])


def _receipt(call: Call, tx_hash: str) -> Any:
    end = time.monotonic() + _MINED_SECONDS
    while time.monotonic() < end:
        receipt = call("eth_getTransactionReceipt", tx_hash)
        if receipt is not None:
            return receipt
        time.sleep(_POLL_SECONDS)
    raise Unavailable(f"the local node made no block with the payment within {_MINED_SECONDS:g} s")
