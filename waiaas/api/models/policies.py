"""Policies on the wire. ``rules`` is a snake_case document of the policy's type, which the engine reads."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from waiaas.api.models.wire import (
    AmountOrZero,
    Answered,
    Asked,
    Count,
    Decimals,
    PageAsked,
    PageOf,
    Priority,
    Reference,
    UnixSeconds,
    Word,
)

if TYPE_CHECKING:
    from waiaas.store.records import Policy


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


class CheckPolicy(Asked):
    """A policy to look at before it is stored. :param agent_id: null reads it as a global one"""

    agent_id: Reference | None = None
    type: Word
    rules: dict[str, Any]


class CheckedPolicy(Answered):
    """A policy as it would be stored. :param display: the amounts of its rules in display units, by path (``daily_limit``)"""

    agent_id: str | None
    type: str
    rules: dict[str, Any]
    display: dict[str, str]


class PoliciesAsked(PageAsked):
    """:param agent_id: only this agent's own policies"""

    agent_id: Reference | None = None


class Draft(Asked):
    """A policy that is not stored."""

    type: Word
    rules: dict[str, Any]


class AskBacktest(Asked):
    """What to try on what is on record.

    :param agent_id: one agent's transactions; null takes everybody's, and the draft is read as global policies are
    :param policies: the whole draft; it stands in place of every policy, the global ones too
    :param since: Unix seconds; left out, all that is kept
    """

    agent_id: Reference | None = None
    policies: Annotated[list[Draft], Field(max_length=100)]
    since: Annotated[int, Field(ge=0, le=2**53)] | None = None


class DecidedBefore(Answered):
    """What a transaction was told when it was asked for. :param type: of the policy that decided, or the house's rule"""

    tier: str | None
    type: str | None
    code: str | None
    reason: str | None


class DecidedAfter(DecidedBefore):
    """What the draft would have told it.

    :param policy: which policy of the draft decided, from 0; null for the house's own rules
    :param freezes: whether the agent would have been suspended; later rows are judged as if it had not been
    """

    policy: Count | None
    freezes: bool


class BacktestRow(Answered):
    """One transaction.

    :param status: what became of it; :param changed: whether its tier would have been another
    :param before: what it was told; :param after: what the draft would have told it
    """

    id: str
    agent_id: str
    created_at: UnixSeconds
    type: str
    status: str
    to_address: str | None
    asset: str | None
    amount: AmountOrZero | None
    before: DecidedBefore
    after: DecidedAfter
    changed: bool


class BacktestItem(Answered):
    """What a draft would have done, oldest first.

    :param totals: ``before`` and ``after``: how many transactions had each tier
    :param truncated: not all that is on record was judged: the newest 10,000, or as far as the time reached
    """

    rows: list[BacktestRow]
    totals: dict[str, dict[str, Count]]
    changed: Count
    since: UnixSeconds | None
    truncated: bool


class LimitItem(Answered):
    """What is left of one limit now.

    :param policy_id: null for the house's own
    :param measure: spent (base units of ``asset``), count, denied, failed or near_limit (transactions)
    :param scope: session, agent, or all: several agents share it
    :param seconds: length of the rolling window; null is for ever
    :param symbol: and ``decimals``, where the asset is native or dollars
    :param limit: null where it is one of dollars (``limit_usd``) and no price says how much that is
    :param used: spent and reserved
    :param resets_at: when the oldest of what is used leaves the window
    """

    policy_id: str | None
    type: str
    name: str
    measure: str
    scope: str
    seconds: Count | None
    asset: str | None
    symbol: str | None
    decimals: Decimals | None
    limit: AmountOrZero | None
    limit_usd: str | None
    used: AmountOrZero
    remaining: AmountOrZero | None
    resets_at: UnixSeconds | None


class AgentLimits(Answered):
    """What one agent may still spend. :param has_grant: without one, payments wait for approval or are denied"""

    agent_id: str
    name: str
    chain: str
    network: str
    status: str
    has_grant: bool
    limits: list[LimitItem]


class LimitsPage(PageOf[AgentLimits]):
    """One page of agents with their limits, newest agent first."""


class PolicyItem(Answered):
    """A policy.

    :param rules: amounts in base units
    :param display: the same amounts in display units, by path (``daily_limit``), where it is known how the asset is written
    :param version: counts up with every change
    """

    id: str
    agent_id: str | None
    type: str
    rules: dict[str, Any]
    display: dict[str, str]
    priority: Priority
    enabled: bool
    version: Count
    created_at: UnixSeconds
    updated_at: UnixSeconds

    @classmethod
    def of(cls, policy: "Policy", display: Mapping[str, str]) -> "PolicyItem":
        """From the stored record."""
        return cls(
            id=policy.id,
            agent_id=policy.agent_id,
            type=policy.type,
            rules=json.loads(policy.rules),
            display=dict(display),
            priority=policy.priority,
            enabled=policy.enabled,
            version=policy.version,
            created_at=policy.created_at,
            updated_at=policy.updated_at,
        )
