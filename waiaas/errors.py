"""Everything that can go wrong, as one tree; each leaf carries its code, its HTTP status and whether retrying can help.

::

    WaiaasError
    ├── BadRequest            400  MALFORMED, INVALID_ADDRESS, INVALID_AMOUNT, UNKNOWN_FIELD, HOST_NOT_ALLOWED, ...
    ├── Unauthenticated       401  UNAUTHENTICATED (one opaque error for every bad credential)
    ├── Denied                403  POLICY_DENIED, CONSTRAINT_DENIED, TYPE_NOT_SUPPORTED, FORBIDDEN, ...
    ├── NotFound              404  NOT_FOUND (also for what is another agent's), METHOD_NOT_ALLOWED (405)
    ├── Conflict              409  STATE_CONFLICT, IDEMPOTENCY_CONFLICT, ...
    ├── TooLarge, BadMediaType 413, 415
    ├── RefusedByChain        422  CHAIN_REFUSED
    ├── Stopped               423  AGENT_SUSPENDED, KILL_SWITCH, ROW_TAMPERED
    ├── TooMany               429  RATE_LIMITED, LOCKED_OUT, MAX_PENDING_TX, MAX_ACTIVE_TX (retry_after is set)
    ├── ChainUnreachable      502  CHAIN_UNREACHABLE (nothing was stored)
    ├── NotReady              503  SIGNER_LOCKED, STOPPING, STORE_FULL, BUSY
    ├── StartRefused               the daemon or a command cannot begin; the message says how to mend it
    └── PluginError                Malformed, Unavailable, NotYet, NodeFailure, Refused (chains);
                                   RetryLater, Undeliverable, Misconfigured, Conflicted (channels)

An error names the thing, the limit and the next step. Its message never holds a secret, a stack, a node's address or a
node's own words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar


class WaiaasError(Exception):
    """Root of the tree.

    :param message: one sentence that names the thing and the limit
    :param code: a code of the class's ``codes``; the first of them when left out
    :param hint: what to do next
    :param details: JSON-able facts, camelCase keys, amounts as strings
    :param retry_after: whole seconds after which the same call may succeed
    """

    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    codes: ClassVar[tuple[str, ...]] = ("INTERNAL",)

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        hint: str = "",
        details: Mapping[str, Any] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        if code is not None and code not in self.codes:
            raise ValueError(f"{code} is not a code of {type(self).__name__}")
        self.code = code or self.codes[0]
        self.message = message
        self.hint = hint
        self.details: dict[str, Any] = dict(details or {})
        self.retry_after = retry_after


class BadRequest(WaiaasError):
    """The request cannot be read, or says something impossible."""

    status = 400
    codes = (
        "MALFORMED",
        "UNKNOWN_FIELD",
        "INVALID_ADDRESS",
        "INVALID_AMOUNT",
        "INVALID_NETWORK",
        "INVALID_RULES",
        "INVALID_CHANNEL",
        "TOKEN_MISMATCH",
        "INVALID_IDEMPOTENCY_KEY",
        "HOST_NOT_ALLOWED",
    )


class Unauthenticated(WaiaasError):
    """No credential, a wrong one, an expired one or a revoked one: the caller is not told which."""

    status = 401
    codes = ("UNAUTHENTICATED",)


class Denied(WaiaasError):
    """A policy, a constraint or a missing permission says no."""

    status = 403
    codes = ("POLICY_DENIED", "CONSTRAINT_DENIED", "TYPE_NOT_SUPPORTED", "FORBIDDEN", "PASSWORD_REQUIRED")


class NotFound(WaiaasError):
    """There is no such thing, or it is another agent's: the caller cannot tell the two apart."""

    status = 404
    codes = ("NOT_FOUND",)


class MethodNotAllowed(WaiaasError):
    """The path exists, the method on it does not."""

    status = 405
    codes = ("METHOD_NOT_ALLOWED",)


class Conflict(WaiaasError):
    """The thing is in a state that does not allow this."""

    status = 409
    codes = ("STATE_CONFLICT", "IDEMPOTENCY_CONFLICT", "NAME_TAKEN", "LIMIT_REACHED")


class TooLarge(WaiaasError):
    """The body is larger than its route takes."""

    status = 413
    codes = ("BODY_TOO_LARGE",)


class BadMediaType(WaiaasError):
    """The body is not application/json."""

    status = 415
    codes = ("UNSUPPORTED_MEDIA_TYPE",)


class RefusedByChain(WaiaasError):
    """The chain would not take this payment, or did not."""

    status = 422
    codes = ("CHAIN_REFUSED",)


class Stopped(WaiaasError):
    """The agent is suspended, or everything is stopped."""

    status = 423
    codes = ("AGENT_SUSPENDED", "KILL_SWITCH", "CHAIN_MISSING", "ROW_TAMPERED")


class TooMany(WaiaasError):
    """A rate or a count is used up; ``retry_after`` says for how long."""

    status = 429
    retryable = True
    codes = ("RATE_LIMITED", "LOCKED_OUT", "MAX_PENDING_TX", "MAX_ACTIVE_TX")


class ChainUnreachable(WaiaasError):
    """No configured node answered in time; nothing was stored."""

    status = 502
    retryable = True
    codes = ("CHAIN_UNREACHABLE",)


class NotReady(WaiaasError):
    """The daemon is stopping, busy or out of disk, or its signer is locked; nothing was stored."""

    status = 503
    retryable = True
    codes = ("SIGNER_LOCKED", "STOPPING", "STORE_FULL", "BUSY")


class StartRefused(WaiaasError):
    """The daemon or a command cannot begin here; the message says what is wrong and how to mend it."""

    codes = (
        "START_REFUSED",
        "DATA_DIR_UNSAFE",
        "CONFIG_INVALID",
        "SCHEMA_MISMATCH",
        "ALREADY_RUNNING",
        "KEYSTORE_DAMAGED",
        "WRONG_PASSWORD",
        "WEAK_PASSWORD",
        "BACKUP_DAMAGED",
        "BACKUP_TRUNCATED",
        "BACKUP_VERSION",
    )


# --- raised by plugins, and meaningful to the host ---------------------------------------------------------------------


class PluginError(WaiaasError):
    """Root of what a plugin may raise on purpose. Anything else it raises counts as a fault of the plugin."""

    codes: ClassVar[tuple[str, ...]] = ("PLUGIN_ERROR",)


class Malformed(PluginError):
    """Bytes, an address, an asset or a call cannot be read as what they claim to be."""

    status = 400
    codes = ("MALFORMED_VALUE", "INVALID_ADDRESS", "INVALID_AMOUNT")


class Unavailable(PluginError):
    """The node could not be asked or did not answer in time. The same call may be made again."""

    status = 502
    retryable = True
    codes: ClassVar[tuple[str, ...]] = ("UNAVAILABLE",)


class Trouble(StrEnum):
    """What is wrong with one endpoint, as far as it concerns whoever asked it."""

    UNREACHABLE = "unreachable"  # no name, no connection, no whole answer in time
    LIMITED = "limited"  # it asks for patience, or a plan is used up
    TURNED_AWAY = "turned-away"  # it wants a key, or does not take ours
    MOVED = "moved"  # it names another address, where nobody follows
    FAILED = "failed"  # it says that it failed, or says what nobody here understands
    UNHEALTHY = "unhealthy"  # it is behind, catches up, or reads its books
    PRUNED = "pruned"  # it has thrown away what was asked for
    UNSUPPORTED = "unsupported"  # it does not know the method
    MALFORMED = "malformed"  # what it said is no answer to what was asked
    TOO_LARGE = "too-large"  # the question or the answer is larger than one of the two takes
    WRONG_CHAIN = "wrong-chain"  # it serves another chain


_AWAY = frozenset({Trouble.UNREACHABLE, Trouble.LIMITED, Trouble.TURNED_AWAY, Trouble.MOVED, Trouble.WRONG_CHAIN})


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeTrouble:
    """What one endpoint did instead of answering.

    :param endpoint: scheme and host, everything else masked; empty where nobody knows
    :param position: which of the configured endpoints, from 1; 0 where nobody knows
    :param words: one sentence of ours, never the node's
    """

    kind: Trouble
    words: str
    endpoint: str = ""
    position: int = 0


class NodeFailure(Unavailable):
    """None of the endpoints that were asked answered.

    :param troubles: what is wrong with each, in the order in which they were asked
    :param answer: the JSON that came with an HTTP status that is no 2xx; None where there was none
    """

    def __init__(
        self,
        message: str,
        *,
        troubles: Sequence[NodeTrouble],
        answer: Any = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message, retry_after=retry_after)
        self.troubles = tuple(troubles)
        self.answer = answer

    @property
    def is_away(self) -> bool:
        """Whether every endpoint is out of reach, so that asking for less would be asking in vain."""
        return all(trouble.kind in _AWAY for trouble in self.troubles)


class NotYet(Unavailable):
    """The bytes cannot be built now; nothing is wrong. The payment waits unsigned, and expires with this code when its time is
    over. ``retry_after`` says when to ask again."""

    codes = ("FEE_ABOVE_CAP", "ACCOUNT_BUSY", "CLAIM_HELD")


class Refused(PluginError):
    """Final for this call: the chain's rules say no. ``code`` is free text of the adapter, upper snake case."""

    status = 422
    codes = ("REFUSED",)

    def __init__(self, code: str, message: str, *, hint: str = "", details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message, hint=hint, details=details)
        self.code = code


class RetryLater(PluginError):
    """The service asks for patience: deliver again after ``retry_after`` seconds."""

    codes = ("RETRY_LATER",)


class Undeliverable(PluginError):
    """This notification can never be delivered by this channel."""

    codes = ("UNDELIVERABLE",)


class Misconfigured(PluginError):
    """The channel's configuration is wrong; a person has to mend it."""

    codes = ("MISCONFIGURED",)


class Conflicted(PluginError):
    """Somebody else polls with the same identity."""

    codes = ("CONFLICTED",)
