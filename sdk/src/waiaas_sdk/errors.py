"""What can go wrong when talking to a daemon, as one tree.

::

    WaiaasApiError            status, code, message, hint, details, retryable, request_id
    ├── BadRequest            400, 405, 413, 415: the request cannot be read or says something impossible
    ├── Unauthenticated       401: no credential, or one that is wrong, expired or revoked
    ├── Denied                403: a policy, a constraint or a missing permission says no
    ├── NotFound              404: also for what belongs to another agent
    ├── Conflict              409: the thing's state does not allow it, or an idempotency key met another body
    ├── ChainRefused          422: the chain would not take the payment; ``transaction`` may be set
    ├── Stopped               423: suspended or stopped by the kill switch
    ├── RateLimited           429: ``retry_after`` says for how long
    ├── ChainUnreachable      502: nothing was stored
    ├── NotReady              503: starting, stopping, or the signer is locked
    ├── Unreachable           no answer: the daemon is not there, or the connection was lost
    └── BadAnswer             an answer that is not what a daemon says
    Below each of them stands one type for each of the daemon's codes (waiaas_sdk.codes): PolicyDenied and ConstraintDenied are
    Denied, InvalidAmount is a BadRequest, PaymentFailed a ChainRefused, ...
    WaitTimeout               a wait ended before the transaction got there; ``transaction`` is its last known state
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from waiaas_sdk.models import Transaction


class WaiaasApiError(Exception):
    """A request did not succeed.

    :param message: one sentence
    :param status: the HTTP status; 0 when there was no answer
    :param code: the daemon's error code, such as ``POLICY_DENIED``
    :param hint: what to do next; may be empty
    :param details: facts such as ``transactionId``, ``policyId``, ``remaining``, ``canRetry``; amounts are strings
    :param retryable: whether the same request may succeed later
    :param request_id: the daemon's id of the request, to look for in its log
    :param retry_after: whole seconds after which it may
    """

    idempotency_key: str | None = None
    """The key of the send that failed. Sending the same body with it again can never pay twice."""

    may_have_arrived: bool = True
    """False when the daemon never got the request, so that a send was surely not accepted."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        code: str = "ERROR",
        hint: str = "",
        details: Mapping[str, Any] | None = None,
        retryable: bool = False,
        request_id: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.hint = hint
        self.details: dict[str, Any] = dict(details or {})
        self.retryable = retryable
        self.request_id = request_id
        self.retry_after = retry_after

    def __str__(self) -> str:
        text = f"{self.code}: {self.message}"
        return f"{text} ({self.hint})" if self.hint else text


class BadRequest(WaiaasApiError):
    """The request cannot be read, or says something impossible."""


class Unauthenticated(WaiaasApiError):
    """No credential, or one that is wrong, expired or revoked: the daemon does not say which."""


class Denied(WaiaasApiError):
    """A policy, a constraint or a missing permission says no; ``details`` names the policy and what remains."""


class NotFound(WaiaasApiError):
    """There is no such thing, or it is another agent's."""


class Conflict(WaiaasApiError):
    """The thing is in a state that does not allow this."""


class ChainRefused(WaiaasApiError):
    """The chain would not take the payment, or did not."""

    transaction: Transaction | None = None
    """The failed transaction, where one was stored."""


class Stopped(WaiaasApiError):
    """The agent is suspended, or everything is stopped."""


class RateLimited(WaiaasApiError):
    """A rate or a count is used up."""


class ChainUnreachable(WaiaasApiError):
    """No node of the chain answered; nothing was stored."""


class NotReady(WaiaasApiError):
    """The daemon is starting or stopping, or its signer is locked."""


class Unreachable(WaiaasApiError):
    """There was no answer. A send may have been accepted: repeat it with the same ``idempotency_key``."""


class BadAnswer(WaiaasApiError):
    """Something answered, but not as a daemon does."""


class WaitTimeout(Exception):
    """A wait ended first. Nothing was cancelled: the transaction goes on.

    :param transaction: its last known state
    """

    def __init__(self, transaction: Transaction, seconds: float) -> None:
        super().__init__(f"transaction {transaction.id} is still {transaction.status} after {seconds:g} seconds")
        self.transaction = transaction


BY_STATUS: Mapping[int, type[WaiaasApiError]] = {
    400: BadRequest,
    401: Unauthenticated,
    403: Denied,
    404: NotFound,
    405: BadRequest,
    409: Conflict,
    413: BadRequest,
    415: BadRequest,
    422: ChainRefused,
    423: Stopped,
    429: RateLimited,
    502: ChainUnreachable,
    503: NotReady,
}
"""Which class an error status becomes; any other is a plain :class:`WaiaasApiError`."""
