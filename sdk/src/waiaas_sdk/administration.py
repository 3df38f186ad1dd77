"""What the operator looks at: approvals, the audit trail, what is installed, the daemon itself."""

from typing import Any

from waiaas_sdk.credentials import Credentials
from waiaas_sdk.models import (
    AuditReport,
    AuditRow,
    AuditStretch,
    Backup,
    Chain,
    Finding,
    Page,
    Plugin,
    Token,
)
from waiaas_sdk.parsing import parse
from waiaas_sdk.policy_models import PolicyType
from waiaas_sdk.transport import path_of


class Approvals:
    """What waits for whom."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def list(self, *, limit: int | None = None, cursor: str | None = None) -> Page[dict[str, Any]]:
        """Open approvals."""
        return self._credentials.get(Page[dict[str, Any]], "/v1/approvals", {"limit": limit, "cursor": cursor})


class Audit:
    """The audit trail."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def list(
        self,
        *,
        event_type: str | None = None,
        agent_id: str | None = None,
        tx_id: str | None = None,
        severity: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Page[AuditRow]:
        """Rows, newest first. :param severity: info, warning or critical"""
        query = {
            "eventType": event_type,
            "agentId": agent_id,
            "txId": tx_id,
            "severity": severity,
            "limit": limit,
            "cursor": cursor,
        }
        return self._credentials.get(Page[AuditRow], "/v1/audit", query)

    def verify(self) -> AuditReport:
        """Have the daemon check the whole chain, and every checkpoint under its signer's own key."""
        return self._credentials.get(AuditReport, "/v1/audit/verify")

    def export(self, *, after: int = 0, limit: int = 1000) -> AuditStretch:
        """Rows past ``after``, oldest first, byte for byte as they were hashed, with their signed checkpoints."""
        return self._credentials.get(AuditStretch, "/v1/audit/export", {"after": after, "limit": limit})


class Catalogue:
    """What is installed: chains, policy types, plugins."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def chains(self) -> list[Chain]:
        """Chains and their networks."""
        return self._credentials.get(Page[Chain], "/v1/chains").items

    def policy_types(self) -> list[PolicyType]:
        """Policy types with the JSON Schemas of their rules."""
        return self._credentials.get(Page[PolicyType], "/v1/policy-types").items

    def plugins(self) -> list[Plugin]:
        """Plugins, also those that did not load, with the reason."""
        return self._credentials.get(Page[Plugin], "/v1/plugins").items


class Tokens:
    """The lists of tokens that wallets show. A list for the eye: what may be paid is for policies to say."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def list(self, *, chain: str | None = None, network: str | None = None) -> list[Token]:
        """Of all networks, of one chain, or of one network."""
        return self._credentials.get(Page[Token], "/v1/tokens", {"chain": chain, "network": network}).items

    def add(self, chain: str, network: str | None, token: str) -> Token:
        """Add one; the daemon asks the chain what it is.

        :param network: None is the chain's own for trying things out; :param token: its address, or CAIP-19
        """
        body = {"chain": chain, "token": token} | ({} if network is None else {"network": network})
        return parse(Token, self._credentials.call("POST", "/v1/tokens", body=body))

    def remove(self, token_id: str) -> None:
        """Take one off its list."""
        self._credentials.call("DELETE", path_of("v1", "tokens", token_id))


class Admin:
    """The daemon itself."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def status(self) -> dict[str, Any]:
        """Its state, as it describes it."""
        body = self._credentials.call("GET", "/v1/admin/status", repeatable=True).body
        return dict(body) if isinstance(body, dict) else {}

    def findings(self) -> list[Finding]:
        """Rows that decide and were changed outside of the daemon."""
        return self._credentials.get(Page[Finding], "/v1/admin/seals").items

    def accept_rows(self) -> list[Finding]:
        """Take every row as it is now, because you have looked at them. Needs the password. Returns what was found before."""
        return parse(Page[Finding], self._credentials.call("POST", "/v1/admin/seals/accept", body={})).items

    def backup(self) -> Backup:
        """Have it make an encrypted backup; it is whole and on disk when this returns. Seconds for a large database."""
        return parse(Backup, self._credentials.call("POST", "/v1/admin/backup", body={}))

    def shutdown(self) -> None:
        """Ask it to finish what is under way and stop."""
        self._credentials.call("POST", "/v1/admin/shutdown", body={})
