"""Policies in the daemon's answers, as frozen records."""

from typing import Any

from pydantic import Field

from waiaas_sdk.models import BaseUnits, Record


class Policy(Record):
    """A policy. ``agent_id`` None applies to all agents; ``rules`` is a document of its type, snake_case.

    Amounts in the rules are base units; ``display`` has them in display units by their paths (``daily_limit``).
    """

    id: str
    agent_id: str | None = None
    type: str
    rules: dict[str, Any]
    display: dict[str, str] = Field(default_factory=dict)
    priority: int = 0
    enabled: bool = True
    version: int | None = None
    created_at: int | None = None
    updated_at: int | None = None


class CheckedPolicy(Record):
    """A policy as it would be stored, its amounts in base units; ``display`` as of :class:`Policy`."""

    agent_id: str | None = None
    type: str
    rules: dict[str, Any]
    display: dict[str, str] = Field(default_factory=dict)


class Limit(Record):
    """What is left of one limit now. Amounts in base units of ``asset``, or a number of transactions (``measure``).

    ``limit`` is None where it is one of dollars (``limit_usd``) and no price says how much that is. ``policy_id`` is None for
    the house's own; ``seconds`` is the length of the rolling window; ``used`` is spent and reserved; ``resets_at`` (Unix
    seconds) says when the oldest of what is used leaves the window.
    """

    policy_id: str | None = None
    type: str
    name: str
    measure: str
    scope: str
    seconds: int | None = None
    asset: str | None = None
    symbol: str | None = None
    decimals: int | None = None
    limit: BaseUnits | None = None
    limit_usd: str | None = None
    used: BaseUnits
    remaining: BaseUnits | None = None
    resets_at: int | None = None


class AgentLimits(Record):
    """What one agent may still spend. Without a grant (``has_grant``) payments wait for approval or are denied."""

    agent_id: str
    name: str
    chain: str
    network: str
    status: str
    has_grant: bool = True
    limits: list[Limit] = Field(default_factory=list)


class BacktestRow(Record):
    """One recorded transaction, what it was told (``before``), and what a draft would have told it (``after``)."""

    id: str
    agent_id: str
    created_at: int
    type: str
    status: str
    to_address: str | None = None
    asset: str | None = None
    amount: BaseUnits | None = None
    before: dict[str, Any]
    after: dict[str, Any]
    changed: bool


class Backtest(Record):
    """What a draft would have done, oldest first. ``totals``: ``before`` and ``after``, how many had each tier.

    ``truncated``: not all that is on record was judged.
    """

    rows: list[BacktestRow]
    totals: dict[str, dict[str, int]]
    changed: int
    since: int | None = None
    truncated: bool = False


class PolicyType(Record):
    """An installed policy type with the JSON Schema of its rules."""

    type: str
    grants: bool | None = None
    rules_schema: dict[str, Any] = Field(default_factory=dict)
