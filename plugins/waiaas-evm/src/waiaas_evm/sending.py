"""Handing bytes to a node. Network, one request; a second one asks for them by hash when the node did not take them.

Every node words its refusals differently, so a refusal alone decides nothing: what the node has is known to it, whatever it
says, and its words only choose a sentence of ours.
"""

from collections.abc import Mapping
from typing import Any

from waiaas.errors import Trouble
from waiaas.interfaces.chain import Sent, Signed
from waiaas_evm.rpc import Rpc, RpcError

_METHOD = "eth_sendRawTransaction"
_ABOUT_BYTES = frozenset({-32000, -32003, -32010, -32602, 3})
"""JSON-RPC error codes with which nodes speak of transactions, for where their words say nothing; others speak of the node."""


def send(rpc: Rpc, signed: Signed) -> tuple[Sent, str]:
    """Hand the bytes over once. Landed bytes are accepted or known again, without effect.

    :raises Unavailable: when no node took a stand
    """
    answer = rpc.try_call(_METHOD, f"0x{signed.raw.hex()}")
    if isinstance(answer, RpcError):
        return (Sent.KNOWN, "") if _is_known(rpc, signed.tx_hash) else (Sent.REFUSED, _opinion(answer))
    if answer.lower() != signed.tx_hash:
        return Sent.REFUSED, "the node answered with the hash of another transaction"
    return Sent.ACCEPTED, ""


def _is_known(rpc: Rpc, tx_hash: str) -> bool:
    pooled, landed = rpc.try_batch([("eth_getTransactionByHash", [tx_hash]), ("eth_getTransactionReceipt", [tx_hash])])
    return _names(pooled, "hash", tx_hash) or _names(landed, "transactionHash", tx_hash)


def _names(answer: Any, field: str, tx_hash: str) -> bool:
    found = answer.get(field) if isinstance(answer, Mapping) else None
    return isinstance(found, str) and found.lower() == tx_hash


def _opinion(error: RpcError) -> str:
    """:raises Unavailable: when it speaks of the node: whether the bytes were taken is then not known"""
    if error.is_own:
        return error.words
    if error.troubles[0].kind is Trouble.FAILED and error.code in _ABOUT_BYTES:
        return f"the node did not take the transaction (error {error.code})"
    raise error.failure(_METHOD)
