"""The chain as it stood at an earlier block, or with other transactions in place of its own: calls and answers rewritten."""

from collections.abc import Mapping
from typing import Any

Call = dict[str, Any]

_TAGS = frozenset({"latest", "pending", "safe", "finalized"})
_TAG_AT: Mapping[str, int] = {
    "eth_getBalance": 1,
    "eth_getTransactionCount": 1,
    "eth_getCode": 1,
    "eth_getStorageAt": 2,
    "eth_call": 1,
    "eth_estimateGas": 1,
    "eth_createAccessList": 1,
    "eth_getBlockByNumber": 0,
    "eth_getBlockReceipts": 0,
    "eth_getBlockTransactionCountByNumber": 0,
    "eth_getTransactionByBlockNumberAndIndex": 0,
    "eth_feeHistory": 1,
}
"""Where the block parameter of a method stands; one left out is the newest block."""

_BLOCK_METHODS = frozenset({"eth_getBlockByNumber", "eth_getBlockByHash"})
_NOT_YET = frozenset({"eth_getBlockByNumber", "eth_getBlockReceipts", "eth_getTransactionByBlockNumberAndIndex"})
FORGOTTEN = frozenset(
    {
        "eth_getTransactionByHash",
        "eth_getTransactionReceipt",
        "eth_getTransactionBySenderAndNonce",
        "eth_getTransactionByBlockNumberAndIndex",
        "eth_getTransactionByBlockHashAndIndex",
        "eth_getBlockReceipts",
    }
)
"""Refused by a node that keeps no history."""
PRUNED = {"code": 4444, "message": "pruned history unavailable"}
"""As EIP-4444 has it."""


def asked_at(call: Call, tip: int, *, pool_is_seen: bool) -> Call:
    """The call as it must be asked today for the answer of the time when ``tip`` was the newest block.

    :param pool_is_seen: whether that node had later transactions in its pool, which ``pending`` counts
    """
    method, params = str(call.get("method")), list(call.get("params") or [])
    if method == "eth_getLogs" and params:
        query = dict(params[0])
        if "blockHash" not in query:
            query["toBlock"] = _at(query.get("toBlock", "latest"), tip)
        return {**call, "params": [query, *params[1:]]}
    place = _TAG_AT.get(method)
    if place is None or len(params) < place:
        return call
    if len(params) == place:
        params.append("latest")
    if pool_is_seen and method == "eth_getTransactionCount" and params[place] == "pending":
        return call
    params[place] = _at(params[place], tip)
    return {**call, "params": params}


def is_future(call: Call, tip: int) -> bool:
    """Whether the call asks for a block after ``tip`` by its number, which that node answers with null."""
    method, params = str(call.get("method")), call.get("params") or []
    return method in _NOT_YET and bool(params) and _number(params[0]) > tip


def seen_at(call: Call, result: Any, tip: int, *, pool_is_seen: bool) -> Any:
    """What of a result could be seen when ``tip`` was the newest block."""
    method = call.get("method")
    if method == "eth_blockNumber":
        return hex(tip)
    if not isinstance(result, dict):
        return result
    if method in _BLOCK_METHODS:
        return result if _number(result.get("number")) <= tip else None
    if result.get("blockNumber") is None or _number(result["blockNumber"]) <= tip:
        return result
    if method == "eth_getTransactionReceipt" or not pool_is_seen:
        return None if "transactionHash" in result or "hash" in result else result
    return {**result, "blockHash": None, "blockNumber": None, "transactionIndex": None}


def forgotten(call: Call, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer of a node that keeps headers and no transactions."""
    if call.get("method") in FORGOTTEN:
        return {"jsonrpc": "2.0", "id": call.get("id"), "error": PRUNED}
    if call.get("method") in _BLOCK_METHODS and isinstance(answer.get("result"), dict):
        return {**answer, "result": {**answer["result"], "transactions": []}}
    return answer


class Impostors:
    """For every transaction another one that took its place: what a node tells that denies payments."""

    def __init__(self) -> None:
        self._false: dict[str, str] = {}

    def add(self, tx_hash: str) -> None:
        """From now on this transaction never happened."""
        self._false[tx_hash] = "0x" + tx_hash[2:][::-1]

    def truth(self, text: str) -> str:
        """A request, with made-up hashes translated back and true ones unknown."""
        back = {false: true for true, false in self._false.items()}
        return _replaced(text, {**dict.fromkeys(self._false, "0x" + "00" * 32), **back})

    def lie(self, text: str) -> str:
        """An answer, with true hashes made up."""
        return _replaced(text, self._false)


def _replaced(text: str, mapping: Mapping[str, str]) -> str:
    marks = {found: f"@{number}@" for number, found in enumerate(mapping) if found in text}
    for found, mark in marks.items():
        text = text.replace(found, mark)
    for found, mark in marks.items():
        text = text.replace(mark, mapping[found])
    return text


def _at(block: Any, tip: int) -> Any:
    if isinstance(block, str) and (block in _TAGS or _number(block) > tip):
        return hex(tip)
    return block


def _number(block: Any) -> int:
    """Of a number in hex; -1 for anything else."""
    return int(block, 16) if isinstance(block, str) and block.startswith("0x") and len(block) < 20 else -1
