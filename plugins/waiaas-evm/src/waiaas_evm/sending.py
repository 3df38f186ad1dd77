"""Handing bytes to a node. Network, one request; a second one asks for them by hash when the node did not take them.

Every node words its refusals differently, so a refusal alone decides nothing: what the node has is known to it, whatever it
says, and its words only choose a sentence of ours.
"""

import re
from collections.abc import Mapping
from typing import Any

from waiaas.errors import Unavailable
from waiaas.interfaces.chain import Sent, Signed
from waiaas_evm.rpc import Rpc, RpcError

_OPINIONS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(words), opinion)
    for words, opinion in (
        # the words of geth and its kin, Erigon, reth, Besu, Nethermind and Anvil, in small letters
        (r"nonce.?too.?low|oldnonce|old nonce|nonce is too low", "the nonce was used by another transaction"),
        (r"nonce.?too.?high|noncegap|nonce gap|future nonce", "the node has not seen the nonces before this one"),
        (
            r"replacement|replace.?underpriced|notreplaceable",
            "another transaction with this nonce offers more, or nearly as much",
        ),
        (
            r"underpriced|fee.?too.?low|gas price.*(too low|below|minimum)|less than block base fee|feecaptoolow|"
            r"max fee per gas less|tip.*(too low|below|minimum)|price.*below",
            "the node asks for a higher fee",
        ),
        (r"insufficient.?(funds|balance)|lack of funds|upfront.?cost|balance too low", "the account cannot pay for it"),
        (r"intrinsic gas|gas.?limit|gaslimit|exceeds block", "the node does not take its gas limit"),
        (r"chain.?id|replay.?protect", "the node says that it is for another chain"),
        (r"signature|invalid sender|sender.*recover", "the node says that the signature does not verify"),
        (
            r"type not supported|typenotsupported|unsupported transaction type",
            "the node does not know this type of transaction",
        ),
        (r"rlp|decod|oversized|invalid transaction|invalid params", "the node cannot read the transaction"),
        (r"in-?flight|delegated|account.*limit|sender.*limit", "the node holds too many transactions of the account"),
    )
)
_OF_THE_NODE = re.compile(r"pool.*(full|overflow)|rate.?limit|too many requests|timeout|timed out|syncing|busy")
_ABOUT_BYTES = frozenset({-32000, -32003, -32010, -32602, 3})
"""JSON-RPC error codes with which nodes speak of transactions; others speak of the node."""


def send(rpc: Rpc, signed: Signed) -> tuple[Sent, str]:
    """Hand the bytes over once. Landed bytes are accepted or known again, without effect.

    :raises Unavailable: when no node took a stand
    """
    answer = rpc.try_call("eth_sendRawTransaction", f"0x{signed.raw.hex()}")
    if isinstance(answer, RpcError):
        if _is_known(rpc, signed.tx_hash):
            return Sent.KNOWN, ""
        return Sent.REFUSED, _opinion(answer)
    if not isinstance(answer, str) or answer.lower() != signed.tx_hash:
        return Sent.REFUSED, "the node answered with the hash of another transaction"
    return Sent.ACCEPTED, ""


def _is_known(rpc: Rpc, tx_hash: str) -> bool:
    pooled, landed = rpc.try_batch([("eth_getTransactionByHash", [tx_hash]), ("eth_getTransactionReceipt", [tx_hash])])
    return _names(pooled, "hash", tx_hash) or _names(landed, "transactionHash", tx_hash)


def _names(answer: Any, field: str, tx_hash: str) -> bool:
    found = answer.get(field) if isinstance(answer, Mapping) else None
    return isinstance(found, str) and found.lower() == tx_hash


def _opinion(error: RpcError) -> str:
    words = error.message.lower()
    if not _OF_THE_NODE.search(words):
        for pattern, opinion in _OPINIONS:
            if pattern.search(words):
                return opinion
        if error.code in _ABOUT_BYTES:
            return f"the node did not take the transaction (error {error.code})"
    raise Unavailable(f"the node did not take the transaction (error {error.code})")
