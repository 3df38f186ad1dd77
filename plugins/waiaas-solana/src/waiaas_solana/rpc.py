"""Solana's JSON-RPC over the host's HTTP client: several calls in one request, and answers that are believed only in shape."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from waiaas.errors import Unavailable
from waiaas.interfaces.chain import Http

Call = tuple[str, Sequence[Any]]
"""A method's name and its parameters."""

_U64 = 1 << 64


@dataclass(frozen=True, slots=True, kw_only=True)
class RpcError:
    """A node's refusal. Its message is not kept: a node's words reach nobody.

    :param data: what the node adds, untrusted
    """

    code: int
    data: Any


class Rpc:
    """One or more endpoints of a network. Keeps nothing between calls; thread-safe as the client is."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def each(self) -> "Sequence[Rpc]":
        """One for each configured endpoint."""
        return [Rpc(http) for http in self._http.each()]

    def try_call(self, method: str, *params: Any) -> Any:
        """The result, or the node's :class:`RpcError`. Network.

        :raises Unavailable: when no node answered in JSON-RPC
        """
        answer = self._http.json("POST", "", _request(0, (method, params)))
        return _result_or_error(answer, method)

    def call(self, method: str, *params: Any) -> Any:
        """The result. Network.

        :raises Unavailable: when no node answered, or the node refused
        """
        return _required(self.try_call(method, *params), method)

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """The results, in order, asked in one request (JSON-RPC 2.0, section 6). Network.

        A node that does not take batches is asked one by one.

        :raises Unavailable: when no node answered, or the node refused any of them
        """
        answer = self._http.json("POST", "", [_request(index, call) for index, call in enumerate(calls)])
        if not isinstance(answer, list):
            return [self.call(method, *params) for method, params in calls]
        by_id = {item.get("id"): item for item in answer if isinstance(item, Mapping) and type(item.get("id")) is int}
        return [
            _required(_result_or_error(by_id.get(index), method), method) for index, (method, _) in enumerate(calls)
        ]


# --- shapes: each returns what it was given, or says that the answer cannot be read ---------------------------------------


def as_object(value: Any) -> Mapping[str, Any]:
    """A JSON object. :raises Unavailable: otherwise"""
    if not isinstance(value, dict):  # as parsed: a check against the abstract kind costs five times as much
        raise _unreadable()
    return value


def as_list(value: Any) -> list[Any]:
    """A JSON array. :raises Unavailable: otherwise"""
    if not isinstance(value, list):
        raise _unreadable()
    return value


def as_whole(value: Any) -> int:
    """An integer of 64 bits without a sign; booleans and floats are none. :raises Unavailable: otherwise"""
    if type(value) is not int or not 0 <= value < _U64:
        raise _unreadable()
    return value


def as_text(value: Any) -> str:
    """A string of at most 4096 characters. :raises Unavailable: otherwise"""
    if not isinstance(value, str) or len(value) > 4096:
        raise _unreadable()
    return value


def context_slot(value: Any) -> int:
    """The slot at which an answer with a context was given. :raises Unavailable: when it has none"""
    return as_whole(as_object(as_object(value).get("context")).get("slot"))


def in_context(value: Any) -> Any:
    """The value of an answer with a context. :raises Unavailable: when it has none"""
    return as_object(value).get("value")


def _request(id_: int, call: Call) -> dict[str, Any]:
    method, params = call
    return {"jsonrpc": "2.0", "id": id_, "method": method, "params": list(params)}


def _result_or_error(answer: Any, method: str) -> Any:
    if not isinstance(answer, Mapping):
        raise _unreadable()
    error = answer.get("error")
    if error is not None:
        code = error.get("code") if isinstance(error, Mapping) else None
        return RpcError(
            code=code if type(code) is int else 0, data=error.get("data") if isinstance(error, Mapping) else None
        )
    if "result" not in answer:
        raise Unavailable(f"the node's answer to {method} has no result")
    return answer["result"]


def _required(result: Any, method: str) -> Any:
    if isinstance(result, RpcError):
        raise Unavailable(f"the node refused {method} (error {result.code})")
    return result


def _unreadable() -> Unavailable:
    return Unavailable("the node's answer cannot be read")
