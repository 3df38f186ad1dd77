"""Handing bytes to a node, for real and for a trial. Network.

Preflight is skipped: it is one node's opinion from one moment, and a replica that lags would keep good bytes from the leader.
The host simulates before it signs. ``maxRetries`` is left to the node, which then forwards the bytes until their blockhash
expires, also while the daemon is down; the host may send the same bytes as often as it likes.
"""

import base64
from typing import Any

from solders.signature import Signature

from waiaas.errors import Unavailable
from waiaas.interfaces.chain import Sent, Signed
from waiaas_solana.failures import describe, error_name
from waiaas_solana.rpc import Rpc, RpcError, as_object, in_context

_METHOD = "sendTransaction"
_PREFLIGHT_FAILURE = -32002


def send(rpc: Rpc, signed: Signed) -> tuple[Sent, str]:
    """Hand the bytes over once. Landed bytes are accepted or known again, without effect.

    :raises Unavailable: when no node took a stand
    """
    options = {"encoding": "base64", "skipPreflight": True}
    answer = rpc.try_call(_METHOD, base64.b64encode(signed.raw).decode(), options)
    if isinstance(answer, RpcError):
        return _opinion(answer)
    if answer != signed.tx_hash:
        return Sent.REFUSED, "the node answered with the id of another transaction"
    return Sent.ACCEPTED, ""


def simulate(rpc: Rpc, body: bytes, commitment: str) -> str | None:
    """Why the message would fail, or None when it would succeed. The place of the signature holds zeros.

    :raises Unavailable: when no node could say
    """
    unsigned = b"\x01" + bytes(Signature.default()) + body
    options = {"encoding": "base64", "commitment": commitment, "sigVerify": False, "replaceRecentBlockhash": False}
    answer = as_object(in_context(rpc.call("simulateTransaction", base64.b64encode(unsigned).decode(), options)))
    if "err" not in answer:
        raise Unavailable("the node's answer does not say whether the transaction would succeed")
    error = answer["err"]
    if error is None:
        return None
    if error_name(error) == "BlockhashNotFound":
        raise Unavailable("the node does not know the blockhash: it lags, or the blockhash has expired")
    return describe(error)


def _opinion(answer: RpcError) -> tuple[Sent, str]:
    """:raises Unavailable: when it speaks of the node: whether the bytes were taken is then not known"""
    error = _transaction_error(answer.data)
    if answer.code == _PREFLIGHT_FAILURE and error is not None:
        sent = Sent.KNOWN if error_name(error) == "AlreadyProcessed" else Sent.REFUSED
        return sent, describe(error)
    if answer.is_own:
        return Sent.REFUSED, answer.words
    raise answer.failure(_METHOD)


def _transaction_error(data: Any) -> Any:
    return data.get("err") if isinstance(data, dict) else None
