"""The agent's client: one session token, one wallet."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, Unpack

from waiaas_sdk.errors import BadAnswer, ChainRefused, WaiaasApiError
from waiaas_sdk.models import (
    Address,
    Assets,
    Balance,
    ConnectInfo,
    Health,
    IssuedSession,
    Page,
    Simulation,
    Transaction,
)
from waiaas_sdk.parsing import R, parse
from waiaas_sdk.payment import PaymentFields, payment_body
from waiaas_sdk.replacing import replace_body
from waiaas_sdk.transport import Answer, Call, Retry, Transport, path_of
from waiaas_sdk.waiting import Until, wait_until

DEFAULT_URL = "http://127.0.0.1:3100"
_SERVER_WAIT_SECONDS = 10
_SLACK_SECONDS = 15.0


class Client:
    """What an agent program talks to its wallet with. Synchronous; one instance may serve several threads.

    :param base_url: the daemon's address; plain http only to this machine
    :param token: the session's token, ``wai_sess_...``
    :param timeout: seconds to wait for one answer; waiting for an outcome adds to it
    :param retry: how patiently to repeat what failed; a send is repeated under one idempotency key and so pays once
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        token: str,
        timeout: float = 30.0,
        retry: Retry | None = None,
        socket: Path | None = None,
    ) -> None:
        self._transport = Transport(base_url, socket=socket, timeout=timeout, retry=retry)
        self._timeout = timeout
        self._token = token

    @classmethod
    def over_socket(cls, path: Path | str, *, token: str, timeout: float = 30.0, retry: Retry | None = None) -> Self:
        """A client that talks over the daemon's Unix socket. :param path: ``<data dir>/run/admin.sock``"""
        return cls("http://localhost", token=token, timeout=timeout, retry=retry, socket=Path(path))

    # --- the wallet -----------------------------------------------------------------------------------------------------

    def health(self) -> Health:
        """Whether the daemon is up and ready. Needs no credential."""
        return parse(Health, self._transport.call(Call(method="GET", path="/health", repeatable=True)))

    def address(self) -> Address:
        """Where the wallet is."""
        return self._get(Address, "/v1/wallet/address")

    def balance(self, asset: str | None = None) -> Balance:
        """What it holds of one asset, read from the chain now.

        :param asset: a token's address, or CAIP-19; None is the native asset
        """
        return self._get(Balance, "/v1/wallet/balance", {"asset": asset})

    def assets(self) -> Assets:
        """What it holds, read from the chain now: the native asset and tokens."""
        return self._get(Assets, "/v1/wallet/assets")

    def connect_info(self) -> ConnectInfo:
        """What an agent needs to begin: wallets, policies, limits, a prompt, capabilities (``memo`` where memos exist)."""
        return self._get(ConnectInfo, "/v1/connect-info")

    def renew(self) -> IssuedSession:
        """Replace the session's token; this client goes on with the new one, the old one is dead.

        Not repeated when the answer is lost: the new token is then lost with it.
        """
        answer = self._call("PUT", path_of("v1", "sessions", self._session_id(), "renew"), body={})
        renewed = parse(IssuedSession, answer)
        self._token = renewed.token
        return renewed

    def _session_id(self) -> str:
        session_id = self.connect_info().session.get("id")
        if not isinstance(session_id, str):
            raise BadAnswer("the daemon did not say which session this is", code="BAD_ANSWER")
        return session_id

    # --- paying ---------------------------------------------------------------------------------------------------------

    def send(
        self,
        *,
        idempotency_key: str | None = None,
        wait: int | None = None,
        respond_async: bool = False,
        **payment: Unpack[PaymentFields],
    ) -> Transaction:
        """Ask for a payment.

        Without ``idempotency_key`` one is made up, so that the repeats inside this call can never pay twice. To repeat over a
        restart of your own program, bring your own key and store it first. When this raises, the error's
        ``idempotency_key`` tells the key that was used.

        :param amount: base units of the asset (lamports, wei), an ``int``
        :param token: a token's address, or :class:`TokenFields`; left out the native asset is paid
        :param idempotency_key: 1 to 128 printable ASCII characters; the same key and body is the same payment
        :param wait: seconds to wait for the outcome, 0 to 30; the daemon's default is 10
        :param respond_async: do not wait at all
        :returns: the transaction as it is when the wait ends: CONFIRMED or SUBMITTED, or still QUEUED (``due_at`` for DELAY,
            ``approval`` for APPROVAL), or EXECUTING while no node can be reached
        :raises Denied: policy or constraint; ``details`` has policyId, reason, remaining, resetsAt, canRetry, retryAt
        :raises PaymentFailed: it failed; ``transaction`` is its row, ``code`` the row's ``error_code``
        :raises ChainRefused: the chain's rules do not allow it; nothing was stored
        :raises InvalidAmount: for an amount that is no ``int``; nothing was sent
        :raises Unreachable: no answer after all repeats; whether it was accepted is open until repeated with the same key
        """
        key = idempotency_key or f"sdk-{uuid.uuid4().hex}"
        headers = {"Idempotency-Key": key, **_prefer(wait, respond_async)}
        try:
            answer = self._call(
                "POST",
                "/v1/transactions/send",
                body=payment_body(payment),
                headers=headers,
                repeatable=True,
                timeout=self._timeout_for(wait),
            )
        except WaiaasApiError as error:
            raise _with_facts(error, key) from error.__cause__
        transaction = parse(Transaction, answer)
        replayed = answer.headers.get("Idempotency-Replayed", "").lower() == "true"
        return transaction.model_copy(update={"replayed": replayed})

    def simulate(self, **payment: Unpack[PaymentFields]) -> Simulation:
        """What a send would be told now; nothing is stored. ``tier`` is DENY where it would be refused."""
        body = payment_body(payment)
        return parse(Simulation, self._call("POST", "/v1/transactions/simulate", body=body, repeatable=True))

    def _timeout_for(self, wait: int | None) -> float:
        return max(self._timeout, (wait if wait is not None else _SERVER_WAIT_SECONDS) + _SLACK_SECONDS)

    # --- transactions ---------------------------------------------------------------------------------------------------

    def transactions(
        self, *, status: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Page[Transaction]:
        """The agent's transactions, newest first."""
        return self._get(Page[Transaction], "/v1/transactions", {"status": status, "limit": limit, "cursor": cursor})

    def pending(self, *, limit: int | None = None, cursor: str | None = None) -> Page[Transaction]:
        """Those that are not final."""
        return self._get(Page[Transaction], "/v1/transactions/pending", {"limit": limit, "cursor": cursor})

    def transaction(self, transaction_id: str) -> Transaction:
        """One transaction as it is now."""
        return self._get(Transaction, path_of("v1", "transactions", transaction_id))

    def cancel(self, transaction_id: str) -> Transaction:
        """Cancel one that is PENDING or QUEUED. :raises Conflict: when it is past that"""
        return parse(Transaction, self._call("POST", path_of("v1", "transactions", transaction_id, "cancel"), body={}))

    def speed_up(self, transaction_id: str, *, max_fee: int | None = None, wait: int | None = None) -> Transaction:
        """Have a SUBMITTED one signed again with a larger fee; of all its bytes at most one lands.

        :param max_fee: the most that the network may take, native base units; twice the dearest so far where left out
        :param wait: seconds to wait until a node has the new bytes, 0 to 30; the daemon's default is 10
        :raises Denied: a policy, or the chain cannot replace signed bytes; :raises Conflict: it is not SUBMITTED
        :raises ChainRefused: the bytes could not be made; nothing has changed
        """
        return self._replace(transaction_id, "speed-up", max_fee, wait)

    def cancel_onchain(
        self, transaction_id: str, *, max_fee: int | None = None, wait: int | None = None
    ) -> Transaction:
        """Have bytes signed that give a SUBMITTED one up. It ends CANCELLED if they land, CONFIRMED if the payment does.

        Parameters and errors are those of :meth:`speed_up`.
        """
        return self._replace(transaction_id, "cancel-onchain", max_fee, wait)

    def _replace(self, transaction_id: str, verb: str, max_fee: int | None, wait: int | None) -> Transaction:
        path = path_of("v1", "transactions", transaction_id, verb)
        body, timeout = replace_body(max_fee), self._timeout_for(wait)
        return parse(Transaction, self._call("POST", path, body=body, headers=_prefer(wait, False), timeout=timeout))

    def wait_for(self, transaction_id: str, until: Until = "final", timeout: float = 60.0) -> Transaction:
        """Poll until the transaction is final, or has one of the statuses given.

        :param timeout: seconds
        :raises WaitTimeout: time is up; nothing is cancelled by that
        """
        return wait_until(lambda: self.transaction(transaction_id), until, timeout)

    # --- the way out ----------------------------------------------------------------------------------------------------

    def _get(self, kind: type[R], path: str, query: Mapping[str, Any] | None = None) -> R:
        return parse(kind, self._call("GET", path, query=query or {}, repeatable=True))

    def _call(self, method: str, path: str, **rest: Any) -> Answer:
        credential = {"Authorization": f"Bearer {self._token}"}
        return self._transport.call(Call(method=method, path=path, credential=credential, **rest))

    def close(self) -> None:
        """Close the connections. May be called twice."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({str(self._transport.socket or self._transport.base_url)!r})"


def _prefer(wait: int | None, respond_async: bool) -> dict[str, str]:
    """RFC 7240."""
    if respond_async:
        return {"Prefer": "respond-async"}
    return {} if wait is None else {"Prefer": f"wait={wait}"}


def _with_facts(error: WaiaasApiError, key: str) -> WaiaasApiError:
    """The error of a send, with the key it went under and the row it left, if any."""
    error.idempotency_key = key
    row = error.details.get("transaction")
    if isinstance(error, ChainRefused) and isinstance(row, dict):
        error.transaction = Transaction.model_validate(row)
    return error
