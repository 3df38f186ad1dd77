"""Ethereum's JSON-RPC over the host's HTTP client: several calls in one request; answers are believed only in shape."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from waiaas.errors import Unavailable
from waiaas.interfaces.chain import Http

Call = tuple[str, Sequence[Any]]
"""A method's name and its parameters."""

_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}", re.ASCII)
_DATA = re.compile(r"0x(?:[0-9a-fA-F]{2})*", re.ASCII)
_HASH = re.compile(r"0x[0-9a-fA-F]{64}", re.ASCII)
_MOST_DATA = 2 * 1024 * 1024
_MOST_CALLS = 100
"""Calls in one request: what public endpoints take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RpcError:
    """A node's refusal.

    :param message: a node's words, to be recognised and never shown
    :param data: what the node adds, untrusted
    """

    code: int
    message: str
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
        return _result_or_error(self._http.json("POST", "", _request(0, (method, params))), method)

    def try_batch(self, calls: Sequence[Call]) -> list[Any]:
        """The result or error of each, in order, in one request for a hundred of them (JSON-RPC 2.0, section 6). Network.

        A node that does not take batches is asked one by one.

        :raises Unavailable: when no node answered in JSON-RPC
        """
        found: list[Any] = []
        for start in range(0, len(calls), _MOST_CALLS):
            found += self._some(calls[start : start + _MOST_CALLS])
        return found

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """The results, in order. Network.

        :raises Unavailable: when no node answered, or the node refused any of them
        """
        answers = self.try_batch(calls)
        return [required(answer, method) for answer, (method, _) in zip(answers, calls, strict=True)]

    def _some(self, calls: Sequence[Call]) -> list[Any]:
        answer = self._http.json("POST", "", [_request(index, call) for index, call in enumerate(calls)])
        if not isinstance(answer, list):
            return [self.try_call(method, *params) for method, params in calls]
        by_id = {item.get("id"): item for item in answer if isinstance(item, Mapping) and type(item.get("id")) is int}
        return [_result_or_error(by_id.get(index), method) for index, (method, _) in enumerate(calls)]


# --- shapes: each returns what it was given, or says that the answer cannot be read ---------------------------------------


def required(answer: Any, method: str) -> Any:
    """A result. :raises Unavailable: for a node's refusal"""
    if isinstance(answer, RpcError):
        raise Unavailable(f"the node refused {method} (error {answer.code})")
    return answer


def as_object(value: Any) -> Mapping[str, Any]:
    """A JSON object. :raises Unavailable: otherwise"""
    if not isinstance(value, Mapping):
        raise _unreadable()
    return value


def as_list(value: Any) -> list[Any]:
    """A JSON array. :raises Unavailable: otherwise"""
    if not isinstance(value, list):
        raise _unreadable()
    return value


def as_quantity(value: Any) -> int:
    """A number of at most 256 bits, in hexadecimal. :raises Unavailable: otherwise"""
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        raise _unreadable()
    return int(value, 16)


def as_data(value: Any) -> bytes:
    """Bytes, at most a mebibyte. :raises Unavailable: otherwise"""
    if not isinstance(value, str) or len(value) > _MOST_DATA or not _DATA.fullmatch(value):
        raise _unreadable()
    return bytes.fromhex(value[2:])


def as_hash(value: Any) -> str:
    """32 bytes in small letters. :raises Unavailable: otherwise"""
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise _unreadable()
    return value.lower()


def _request(id_: int, call: Call) -> dict[str, Any]:
    method, params = call
    return {"jsonrpc": "2.0", "id": id_, "method": method, "params": list(params)}


def _result_or_error(answer: Any, method: str) -> Any:
    if not isinstance(answer, Mapping):
        raise _unreadable()
    error = answer.get("error")
    if error is not None:
        return _error(error)
    if "result" not in answer:
        raise Unavailable(f"the node's answer to {method} has no result")
    return answer["result"]


def _error(error: Any) -> RpcError:
    fields = error if isinstance(error, Mapping) else {}
    code, message = fields.get("code"), fields.get("message")
    return RpcError(
        code=code if type(code) is int else 0,
        message=message[:1024] if isinstance(message, str) else "",
        data=fields.get("data"),
    )


def _unreadable() -> Unavailable:
    return Unavailable("the node's answer cannot be read")
