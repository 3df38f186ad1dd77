"""JSON-RPC 2.0: a request body in, an answer body out, batches included."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from .methods import METHODS, Method
from .node import Node
from .rpc_errors import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    RpcError,
)
from .slots import View

_log = logging.getLogger(__name__)

UNKNOWN = "unknown"
"""What a method that does not exist is counted as."""

_IdType = str | int | float | None


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a request.

    :param params: always a list.
    :param fault: why it can't be made, None where it can.
    """

    id: _IdType
    method: str
    params: Sequence[Any]
    is_notification: bool = False
    fault: RpcError | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A request body, read.

    :param calls: one, or those of a batch in order.
    """

    calls: tuple[Call, ...]
    is_batch: bool = False

    @property
    def methods(self) -> list[str]:
        """The methods called, for counters and faults."""
        return [call.method if call.method in METHODS else UNKNOWN for call in self.calls]


def read_request(body: bytes) -> Request:
    """Parse a body; what is wrong with it is kept as the call's fault; pure.

    :param body: UTF-8 JSON.
    """
    try:
        value = json.loads(body.decode(), object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return Request((_broken(RpcError(PARSE_ERROR, "Parse error")),))
    if not isinstance(value, list):
        return Request((_read_call(value),))
    if not value:
        return Request((_broken(RpcError(INVALID_REQUEST, "Invalid request")),))
    return Request(tuple(_read_call(one) for one in value), is_batch=True)


def answer(node: Node, request: Request, lag_slots: int, methods: Mapping[str, Method] = METHODS) -> bytes:
    """Make the calls in order; the body of the answer, empty where all were notifications.

    :param lag_slots: how far behind the node at this address is.
    :param methods: what the node at this address does.
    """
    replies = [reply for call in request.calls if (reply := _reply(node, call, lag_slots, methods)) is not None]
    if not replies:
        return b""
    return json.dumps(replies if request.is_batch else replies[0], separators=(",", ":")).encode()


def _reply(node: Node, call: Call, lag_slots: int, methods: Mapping[str, Method]) -> dict[str, Any] | None:
    try:
        body = {"jsonrpc": "2.0", "result": _result(node, call, node.view(lag_slots), methods), "id": call.id}
    except RpcError as error:
        body = {"jsonrpc": "2.0", "error": error.to_json(), "id": call.id}
    return None if call.is_notification else body


def _result(node: Node, call: Call, view: View, methods: Mapping[str, Method]) -> Any:
    if call.fault is not None:
        raise call.fault
    method = methods.get(call.method)
    if method is None:
        raise RpcError(METHOD_NOT_FOUND, "Method not found")
    try:
        return method(node, view, call.params)
    except RpcError:
        raise
    except Exception as error:  # the client must get an answer; the fault is ours and is told
        _log.exception("%s failed", call.method)
        raise RpcError(INTERNAL_ERROR, "Internal error") from error


def _read_call(value: Any) -> Call:
    if not isinstance(value, dict):
        return _broken(RpcError(INVALID_REQUEST, "Invalid request"))
    call_id, method, params = value.get("id"), value.get("method"), value.get("params")
    if not isinstance(call_id, _IdType) or isinstance(call_id, bool):
        return _broken(RpcError(INVALID_REQUEST, "Invalid request"))
    if value.get("jsonrpc") != "2.0" or not isinstance(method, str):
        return _broken(RpcError(INVALID_REQUEST, "Invalid request"), call_id)
    if params is not None and not isinstance(params, list):
        fault = RpcError(INVALID_PARAMS, "Invalid params: expected an array.")
        return Call(call_id, method, (), fault=fault)
    return Call(call_id, method, params or (), is_notification="id" not in value)


def _broken(fault: RpcError, call_id: _IdType = None) -> Call:
    return Call(call_id, UNKNOWN, (), fault=fault)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate key")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
