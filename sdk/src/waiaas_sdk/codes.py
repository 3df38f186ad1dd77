"""One type for each error code, so that ``except`` says what is meant and nobody compares texts.

The daemon's codes are those of its own registry; a test compares the two. A code that this version does not know becomes the
type of its HTTP status (:data:`waiaas_sdk.errors.BY_STATUS`), which every type here is one of.
"""

from collections.abc import Mapping

from waiaas_sdk.errors import (
    BY_STATUS,
    BadAnswer,
    BadRequest,
    ChainRefused,
    ChainUnreachable,
    Conflict,
    Denied,
    NotFound,
    NotReady,
    RateLimited,
    Stopped,
    Unauthenticated,
    Unreachable,
    WaiaasApiError,
)

# --- 400: the request -----------------------------------------------------------------------------------------------------


class Malformed(BadRequest):
    """The request cannot be read, or a field is missing or wrong; ``details["field"]`` names it."""


class UnknownField(BadRequest):
    """A field or query parameter that the route does not have."""


class InvalidAddress(BadRequest):
    """Not an address of the wallet's chain."""


class InvalidAmount(BadRequest):
    """Not an amount. Also raised before anything is sent: for a float, a text or a bool where an ``int`` belongs."""


class InvalidNetwork(BadRequest):
    """No such network is installed, or it is not the wallet's."""


class InvalidRules(BadRequest):
    """A policy's type is not installed, or its rules do not fit the type."""


class InvalidChannel(BadRequest):
    """A channel's type is not installed, or its config does not fit the type."""


class TokenMismatch(BadRequest):
    """The request says something else of its token than the chain does."""


class InvalidIdempotencyKey(BadRequest):
    """The key is not 1 to 128 printable ASCII characters."""


class HostNotAllowed(BadRequest):
    """The daemon does not answer under this name."""


class MethodNotAllowed(BadRequest):
    """The path does not take this method."""


class BodyTooLarge(BadRequest):
    """The body is larger than the daemon takes."""


class UnsupportedMediaType(BadRequest):
    """The body is not application/json."""


# --- 403: refusals --------------------------------------------------------------------------------------------------------


class PolicyDenied(Denied):
    """A policy, or the lack of one, refuses; ``details`` says why, what remains, and whether it can pass later."""


class ConstraintDenied(Denied):
    """A constraint of the session refuses; ``details`` as of :class:`PolicyDenied`."""


class TypeNotSupported(Denied):
    """The chain's plugin does not build this type of transaction."""


class Forbidden(Denied):
    """A good credential, but not of the kind that the route asks for."""


class PasswordRequired(Denied):
    """The route wants the master password itself, not a token."""


# --- 409, 422, 423: states ------------------------------------------------------------------------------------------------


class StateConflict(Conflict):
    """The thing is in a state that does not allow this."""


class IdempotencyConflict(Conflict):
    """The key was used before with another body."""


class NameTaken(Conflict):
    """Another agent has the name."""


class LimitReached(Conflict):
    """Too many sessions of the agent, renewals of the session, or tokens of the network."""


class PaymentFailed(ChainRefused):
    """A payment that was stored has failed while it was waited for; ``transaction`` is its row, ``code`` the row's."""


class AgentSuspended(Stopped):
    """The agent is suspended or terminated."""


class KillSwitched(Stopped):
    """Everything, or this session, is stopped."""


class ChainMissing(Stopped):
    """The plugin of the agent's chain is not loaded; nothing is lost."""


class RowTampered(Stopped):
    """The row was changed outside of the daemon, so it decides nothing."""


# --- 429, 5xx: later ------------------------------------------------------------------------------------------------------


class TooManyRequests(RateLimited):
    """Too many requests in a minute, or too many at once against one limit."""


class LockedOut(RateLimited):
    """Too many wrong master passwords over TCP; the socket still works."""


class TooManyPending(RateLimited):
    """The agent has too many held payments."""


class TooManyActive(RateLimited):
    """Too many payments are under way."""


class Internal(WaiaasApiError):
    """The daemon met something that nobody foresaw; its log has it under ``request_id``."""


class SignerLocked(NotReady):
    """The signer is locked or dead; nothing was stored; the operator unlocks it."""


class Stopping(NotReady):
    """The daemon is stopping; nothing was stored."""


class StoreFull(NotReady):
    """The daemon's disk is full; nothing was stored."""


class Busy(NotReady):
    """The database, or every thread that may wait, is taken; nothing was stored."""


# --- no answer of a daemon ------------------------------------------------------------------------------------------------


class DaemonUnreachable(Unreachable):
    """Nobody answers there: the request was surely not taken."""


class ConnectionLost(Unreachable):
    """The connection was lost before an answer came: a send may have been taken."""


class SocketUnsafe(Unreachable):
    """The socket is another user's, or none: nothing was said to it."""


BY_CODE: Mapping[str, type[WaiaasApiError]] = {
    "MALFORMED": Malformed,
    "UNKNOWN_FIELD": UnknownField,
    "INVALID_ADDRESS": InvalidAddress,
    "INVALID_AMOUNT": InvalidAmount,
    "INVALID_NETWORK": InvalidNetwork,
    "INVALID_RULES": InvalidRules,
    "INVALID_CHANNEL": InvalidChannel,
    "TOKEN_MISMATCH": TokenMismatch,
    "INVALID_IDEMPOTENCY_KEY": InvalidIdempotencyKey,
    "HOST_NOT_ALLOWED": HostNotAllowed,
    "UNAUTHENTICATED": Unauthenticated,
    "POLICY_DENIED": PolicyDenied,
    "CONSTRAINT_DENIED": ConstraintDenied,
    "TYPE_NOT_SUPPORTED": TypeNotSupported,
    "FORBIDDEN": Forbidden,
    "PASSWORD_REQUIRED": PasswordRequired,
    "NOT_FOUND": NotFound,
    "METHOD_NOT_ALLOWED": MethodNotAllowed,
    "STATE_CONFLICT": StateConflict,
    "IDEMPOTENCY_CONFLICT": IdempotencyConflict,
    "NAME_TAKEN": NameTaken,
    "LIMIT_REACHED": LimitReached,
    "BODY_TOO_LARGE": BodyTooLarge,
    "UNSUPPORTED_MEDIA_TYPE": UnsupportedMediaType,
    "CHAIN_REFUSED": ChainRefused,
    "AGENT_SUSPENDED": AgentSuspended,
    "KILL_SWITCH": KillSwitched,
    "CHAIN_MISSING": ChainMissing,
    "ROW_TAMPERED": RowTampered,
    "RATE_LIMITED": TooManyRequests,
    "LOCKED_OUT": LockedOut,
    "MAX_PENDING_TX": TooManyPending,
    "MAX_ACTIVE_TX": TooManyActive,
    "INTERNAL": Internal,
    "CHAIN_UNREACHABLE": ChainUnreachable,
    "SIGNER_LOCKED": SignerLocked,
    "STOPPING": Stopping,
    "STORE_FULL": StoreFull,
    "BUSY": Busy,
}
"""The daemon's codes."""

OWN_CODES: Mapping[str, type[WaiaasApiError]] = {
    "DAEMON_UNREACHABLE": DaemonUnreachable,
    "CONNECTION_LOST": ConnectionLost,
    "SOCKET_UNSAFE": SocketUnsafe,
    "BAD_ANSWER": BadAnswer,
}
"""Codes of the library itself, where no daemon answered."""


def type_of(status: int, code: str) -> type[WaiaasApiError]:
    """The type of an error answer. A code that came with another status than its own counts for nothing."""
    by_status = BY_STATUS.get(status, WaiaasApiError)
    by_code = BY_CODE.get(code, by_status)
    return by_code if issubclass(by_code, by_status) else by_status
