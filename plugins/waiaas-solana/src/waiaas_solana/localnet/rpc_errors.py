"""JSON-RPC errors with the codes and texts of a Solana node (Agave's rpc-client-api, custom_error.rs)."""

from __future__ import annotations

from typing import Any

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
BLOCK_CLEANED_UP = -32001
PREFLIGHT_FAILURE = -32002
SIGNATURE_FAILURE = -32003
BLOCK_NOT_AVAILABLE = -32004
NODE_UNHEALTHY = -32005
UNSUPPORTED_VERSION = -32015
MIN_CONTEXT_SLOT = -32016


class RpcError(Exception):
    """An answer that is an error.

    :param code: JSON-RPC or Solana error code.
    :param message: for people.
    :param data: what clients read, JSON-able; None leaves it out.
    """

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data

    def to_json(self) -> dict[str, Any]:
        """The error object of JSON-RPC 2.0, section 5.1."""
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.data is not None:
            body["data"] = self.data
        return body


def invalid_params(message: str) -> RpcError:
    """The client's parameters are wrong.

    :param message: which one, and what is allowed.
    """
    return RpcError(INVALID_PARAMS, message)


def behind(slots: int) -> RpcError:
    """The node knows that it lags.

    :param slots: how far.
    """
    return RpcError(NODE_UNHEALTHY, f"Node is behind by {slots} slots", {"numSlotsBehind": slots})
