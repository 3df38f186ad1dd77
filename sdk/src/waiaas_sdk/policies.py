"""The operator's policies: made and changed, tried before they are in force, and what they leave to be spent."""

from collections.abc import Mapping, Sequence
from typing import Any

from waiaas_sdk.credentials import Credentials
from waiaas_sdk.models import Page
from waiaas_sdk.parsing import parse
from waiaas_sdk.policy_models import AgentLimits, Backtest, CheckedPolicy, Policy
from waiaas_sdk.transport import path_of

_BACKTEST_SECONDS = 120.0


class Policies:
    """Policies: ``rules`` is a snake_case document of the policy's type. Amounts in it are texts: base units, or display units
    with the symbol of the asset (``0.01SOL``)."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def create(
        self,
        type: str,
        rules: Mapping[str, Any],
        *,
        agent_id: str | None = None,
        priority: int = 0,
        enabled: bool = True,
    ) -> Policy:
        """Add one. :param agent_id: None applies it to all agents"""
        body = {"agentId": agent_id, "type": type, "rules": dict(rules), "priority": priority, "enabled": enabled}
        return parse(Policy, self._credentials.call("POST", "/v1/policies", body=body))

    def check(self, type: str, rules: Mapping[str, Any], *, agent_id: str | None = None) -> CheckedPolicy:
        """What :meth:`create` would store: amounts in base units, with display units beside. Stores nothing."""
        body = {"agentId": agent_id, "type": type, "rules": dict(rules)}
        answer = self._credentials.call("POST", "/v1/policies/check", body=body, repeatable=True)
        return parse(CheckedPolicy, answer)

    def list(self, *, agent_id: str | None = None, limit: int | None = None, cursor: str | None = None) -> Page[Policy]:
        """Policies. :param agent_id: only this agent's own"""
        return self._credentials.get(
            Page[Policy], "/v1/policies", {"agentId": agent_id, "limit": limit, "cursor": cursor}
        )

    def show(self, policy_id: str) -> Policy:
        """One policy."""
        return self._credentials.get(Policy, path_of("v1", "policies", policy_id))

    def update(
        self,
        policy_id: str,
        *,
        rules: Mapping[str, Any] | None = None,
        priority: int | None = None,
        enabled: bool | None = None,
    ) -> Policy:
        """Change what is given, keep the rest."""
        given = {"rules": rules, "priority": priority, "enabled": enabled}
        body = {name: value for name, value in given.items() if value is not None}
        return parse(Policy, self._credentials.call("PUT", path_of("v1", "policies", policy_id), body=body))

    def delete(self, policy_id: str) -> None:
        """Remove one."""
        self._credentials.call("DELETE", path_of("v1", "policies", policy_id))

    def limits(
        self, *, agent_id: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Page[AgentLimits]:
        """Who can spend what now, agent by agent, newest first. :param agent_id: only this one, by id or name"""
        query = {"agentId": agent_id, "limit": limit, "cursor": cursor}
        return self._credentials.get(Page[AgentLimits], "/v1/policies/limits", query)

    def backtest(
        self, policies: Sequence[Mapping[str, Any]], *, agent_id: str | None = None, since: int | None = None
    ) -> Backtest:
        """What these policies, each ``{"type", "rules"}``, would have done with the recorded transactions. Stores nothing.

        Seconds for thousands of transactions; one at a time, another is a :class:`Conflict`.

        :param policies: the whole draft: it stands in place of every policy
        :param agent_id: one agent's transactions, by id or name; None takes everybody's, and the draft is read as global
        :param since: Unix seconds; None takes all that is on record
        """
        drafts = [{"type": one["type"], "rules": dict(one["rules"])} for one in policies]
        body = {"agentId": agent_id, "policies": drafts, "since": since}
        answer = self._credentials.call(
            "POST", "/v1/policies/backtest", body=body, repeatable=True, timeout=_BACKTEST_SECONDS
        )
        return parse(Backtest, answer)
