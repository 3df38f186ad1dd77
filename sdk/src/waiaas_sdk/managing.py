"""What the operator manages: agents, sessions, and everyone's transactions."""

from collections.abc import Mapping
from typing import Any

from waiaas_sdk.credentials import Credentials
from waiaas_sdk.models import Agent, Assets, CheckedConstraints, IssuedSession, Page, Session, Transaction
from waiaas_sdk.parsing import parse
from waiaas_sdk.replacing import replace_body
from waiaas_sdk.transport import path_of
from waiaas_sdk.waiting import Until, wait_until

_SERVER_WAIT_SECONDS = 10
_SLACK_SECONDS = 20.0


class Agents:
    """Agents: each one key, one chain, one network. Where an id is asked, a name may be given."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def create(self, name: str, chain: str, network: str | None = None) -> Agent:
        """Make an agent with a fresh key.

        :param chain: such as ``solana``
        :param network: such as ``devnet``; left out, the chain's own for trying things out
        """
        body = {"name": name, "chain": chain} | ({} if network is None else {"network": network})
        return parse(Agent, self._credentials.call("POST", "/v1/agents", body=body))

    def adopt(self, agent_id: str) -> Agent:
        """Make an agent of a key that ``waiaas agent import`` sealed in the keystore. :param agent_id: its id to be"""
        path = path_of("v1", "agents", agent_id, "adopt")
        return parse(Agent, self._credentials.call("POST", path, body={}, repeatable=True))

    def list(self, *, status: str | None = None, limit: int | None = None, cursor: str | None = None) -> Page[Agent]:
        """Agents, newest first."""
        return self._credentials.get(Page[Agent], "/v1/agents", {"status": status, "limit": limit, "cursor": cursor})

    def show(self, agent_id: str) -> Agent:
        """One agent."""
        return self._credentials.get(Agent, path_of("v1", "agents", agent_id))

    def balances(self, agent_id: str) -> Assets:
        """What it holds, read from the chain now: the native asset first, then tokens. By id or name.

        :raises ChainUnreachable: no node answered within two seconds
        """
        return self._credentials.get(Assets, path_of("v1", "agents", agent_id, "balances"))

    def rename(self, agent_id: str, name: str) -> Agent:
        """Give it another name."""
        return parse(
            Agent,
            self._credentials.call("PATCH", path_of("v1", "agents", agent_id), body={"name": name}, repeatable=True),
        )

    def suspend(self, agent_id: str, reason: str | None = None) -> Agent:
        """Nothing is signed for it any more, until :meth:`resume`."""
        body = {} if reason is None else {"reason": reason}
        return parse(
            Agent,
            self._credentials.call("POST", path_of("v1", "agents", agent_id, "suspend"), body=body, repeatable=True),
        )

    def resume(self, agent_id: str, *, confirm_spent: bool = False) -> Agent:
        """Let it go on.

        :param confirm_spent: in a directory that was restored or moved: the daemon knows everything that it has spent
        """
        body = {"confirmSpent": True} if confirm_spent else {}
        return parse(
            Agent,
            self._credentials.call("POST", path_of("v1", "agents", agent_id, "resume"), body=body, repeatable=True),
        )

    def terminate(self, agent_id: str) -> None:
        """End it for good: sessions die, held payments are cancelled. What it still owns stays at its address."""
        self._credentials.call("DELETE", path_of("v1", "agents", agent_id))


class Sessions:
    """Sessions: revocable tokens by which a program acts as one agent."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def issue(
        self, agent_id: str, *, ttl: int | None = None, constraints: Mapping[str, Any] | None = None
    ) -> IssuedSession:
        """Issue one; its token is shown this once.

        :param ttl: seconds
        :param constraints: ``maxAmount``, ``maxTotal`` (texts: base units, or display units such as ``0.01SOL``),
            ``maxTransactions``, ``types``, ``recipients``, ...
        """
        body: dict[str, Any] = {"agentId": agent_id}
        if ttl is not None:
            body["ttl"] = ttl
        if constraints is not None:
            body["constraints"] = dict(constraints)
        return parse(IssuedSession, self._credentials.call("POST", "/v1/sessions", body=body))

    def check(self, agent_id: str, constraints: Mapping[str, Any]) -> CheckedConstraints:
        """What :meth:`issue` would store as the constraints: amounts in base units, with display units beside."""
        body = {"agentId": agent_id, "constraints": dict(constraints)}
        answer = self._credentials.call("POST", "/v1/sessions/check", body=body, repeatable=True)
        return parse(CheckedConstraints, answer)

    def list(
        self, *, agent_id: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Page[Session]:
        """Sessions, newest first."""
        return self._credentials.get(
            Page[Session], "/v1/sessions", {"agentId": agent_id, "limit": limit, "cursor": cursor}
        )

    def revoke(self, session_id: str) -> None:
        """End one now; its unsigned payments are cancelled in the same moment."""
        self._credentials.call("DELETE", path_of("v1", "sessions", session_id))


class OperatorTransactions:
    """Everyone's transactions."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def list(
        self,
        *,
        agent_id: str | None = None,
        status: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Page[Transaction]:
        """Transactions, newest first."""
        query = {"agentId": agent_id, "status": status, "limit": limit, "cursor": cursor}
        return self._credentials.get(Page[Transaction], "/v1/transactions", query)

    def pending(self, *, limit: int | None = None, cursor: str | None = None) -> Page[Transaction]:
        """Those that are not final."""
        return self._credentials.get(Page[Transaction], "/v1/transactions/pending", {"limit": limit, "cursor": cursor})

    def show(self, transaction_id: str) -> Transaction:
        """One transaction as it is now."""
        return self._credentials.get(Transaction, path_of("v1", "transactions", transaction_id))

    def cancel(self, transaction_id: str) -> Transaction:
        """Cancel one that is PENDING or QUEUED."""
        return self._decide(transaction_id, "cancel")

    def speed_up(self, transaction_id: str, *, max_fee: int | None = None, wait: int | None = None) -> Transaction:
        """Have a SUBMITTED one signed again with a larger fee; of all its bytes at most one lands.

        :param max_fee: the most that the network may take, native base units; twice the dearest so far where left out
        :param wait: seconds to wait until a node has the new bytes, 0 to 30; the daemon's default is 10
        """
        return self._replace(transaction_id, "speed-up", max_fee, wait)

    def cancel_onchain(
        self, transaction_id: str, *, max_fee: int | None = None, wait: int | None = None
    ) -> Transaction:
        """Have bytes signed that give a SUBMITTED one up. It ends CANCELLED if they land, CONFIRMED if the payment does."""
        return self._replace(transaction_id, "cancel-onchain", max_fee, wait)

    def _replace(self, transaction_id: str, verb: str, max_fee: int | None, wait: int | None) -> Transaction:
        path = path_of("v1", "transactions", transaction_id, verb)
        rest: dict[str, Any] = {
            "body": replace_body(max_fee),
            "timeout": (wait or _SERVER_WAIT_SECONDS) + _SLACK_SECONDS,
        }
        if wait is not None:
            rest["headers"] = {"Prefer": f"wait={wait}"}
        return parse(Transaction, self._credentials.call("POST", path, **rest))

    def approve(self, transaction_id: str) -> Transaction:
        """Let one that waits for approval go on (only where no owner is proved)."""
        return self._decide(transaction_id, "approve")

    def reject(self, transaction_id: str) -> Transaction:
        """Refuse one that waits for approval."""
        return self._decide(transaction_id, "reject")

    def _decide(self, transaction_id: str, verb: str) -> Transaction:
        return parse(
            Transaction, self._credentials.call("POST", path_of("v1", "transactions", transaction_id, verb), body={})
        )

    def wait_for(self, transaction_id: str, until: Until = "final", timeout: float = 60.0) -> Transaction:
        """Poll until the transaction is final, or has one of the statuses given. :raises WaitTimeout: time is up"""
        return wait_until(lambda: self.show(transaction_id), until, timeout)
