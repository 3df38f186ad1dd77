"""Policies on the wire. ``rules`` is a snake_case document of the policy's type, which the engine reads."""

import json
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from waiaas.api.models.wire import Answered, Asked, PageAsked, Reference, UnixSeconds, Word

if TYPE_CHECKING:
    from waiaas.store.records import Policy

Priority = Annotated[int, Field(ge=-1_000_000, le=1_000_000)]


class CreatePolicy(Asked):
    """:param agent_id: null applies it to all agents"""

    agent_id: Reference | None = None
    type: Word
    rules: dict[str, Any]
    priority: Priority = 0
    enabled: bool = True


class ReplacePolicy(Asked):
    """What is left out stays. The agent and the type of a policy cannot be changed; naming them as they are is allowed."""

    agent_id: Reference | None = None
    type: Word | None = None
    rules: dict[str, Any] | None = None
    priority: Priority | None = None
    enabled: bool | None = None


class PoliciesAsked(PageAsked):
    """:param agent_id: only this agent's own policies"""

    agent_id: Reference | None = None


class PolicyItem(Answered):
    """A policy. :param version: counts up with every change"""

    id: str
    agent_id: str | None
    type: str
    rules: dict[str, Any]
    priority: int
    enabled: bool
    version: int
    created_at: UnixSeconds
    updated_at: UnixSeconds

    @classmethod
    def of(cls, policy: "Policy") -> "PolicyItem":
        """From the stored record."""
        return cls(
            id=policy.id,
            agent_id=policy.agent_id,
            type=policy.type,
            rules=json.loads(policy.rules),
            priority=policy.priority,
            enabled=policy.enabled,
            version=policy.version,
            created_at=policy.created_at,
            updated_at=policy.updated_at,
        )
