"""The kit of policy types, run over every type that is built in."""

from typing import Any

import pytest

from waiaas import builtin
from waiaas.interfaces.policy import PolicyType
from waiaas.testing.policy_bench import AGENTS, NATIVE, TOKEN, PolicyBench
from waiaas.testing.policy_kit import PolicyKit

ANN, BOB, _ = AGENTS
DOLLARS = ("0.000003", "0.000005", "0.000009")
STEPS: dict[str, Any] = {"asset": NATIVE, "instant_max": "3", "notify_max": "5", "delay_max": "8", "delay_seconds": 60}
PRICED: dict[str, Any] = {"asset": NATIVE, "instant_max_usd": DOLLARS[0], "notify_max": "6"}
TEAM: dict[str, Any] = {"name": "team", "agents": [ANN, BOB], "asset": NATIVE}
OPEN: dict[str, Any] = {"days": ["mon", "tue"], "start": "22:00", "end": "06:00", "timezone": "Europe/Berlin"}
RULES: dict[str, list[dict[str, Any]]] = {
    "SPENDING_LIMIT": [
        STEPS,
        {**STEPS, "tier_window_seconds": 3600},
        {**STEPS, "tier_window_seconds": 90_000, "daily_limit": "9"},
        {"asset": NATIVE, "daily_limit": "5", "weekly_limit": "7"},
        {"asset": NATIVE, "daily_limit": "4", "monthly_limit": "7", "instant_max": "4"},
        {"asset": TOKEN, "instant_max": "3", "daily_limit": "5"},
        PRICED,
        {**PRICED, "daily_limit_usd": DOLLARS[2], "tier_window_seconds": 3600},
        {"asset": NATIVE, "daily_limit_usd": DOLLARS[1], "daily_limit": "4"},
    ],
    "ALLOWED_ADDRESSES": [{"addresses": ["A" * 32]}, {"addresses": ["B" * 32], "otherwise": "approval"}],
    "ALLOWED_TOKENS": [{"tokens": [TOKEN]}, {"tokens": ["solana:kit/token:Other"]}],
    "BUDGET": [
        {**TEAM, "limit": "5", "window_seconds": 3600},
        {**TEAM, "limit": "5", "window_seconds": 7200},
        {**TEAM, "limit": "4", "on_breach": "freeze"},
        {**TEAM, "agents": "*", "limit": "4"},
        {**TEAM, "agents": [ANN], "limit_usd": DOLLARS[1]},
        {"name": "all", "agents": "*", "limit_usd": DOLLARS[2], "window_seconds": 3600},
    ],
    "FEE_LIMIT": [
        {"asset": NATIVE, "max_fee": "4"},
        {"asset": NATIVE, "max_fee": "5000", "daily_limit": "5004"},
        {"asset": NATIVE, "daily_limit": "3"},
        {"asset": TOKEN, "max_fee": "4"},
    ],
    "EXPRESSION": [
        {"expression": "effects.exists(e, e.to == 'BOB')"},
        {"expression": f"effects.exists(e, e.to == '{'A' * 32}' || e.asset == \"{TOKEN}\")"},
        {"expression": "effects.size() > 1", "verdict": "delay"},
        {"expression": "effects.size() > 1"},
    ],
    "RATE_LIMIT": [
        {"max_transactions": 1, "window_seconds": 3600},
        {"max_transactions": 2, "window_seconds": 3600},
        {"max_transactions": 1, "window_seconds": 7200},
    ],
    "DUPLICATE_GUARD": [
        {"window_seconds": 3600},
        {"window_seconds": 3600, "tier": "DENY"},
        {"window_seconds": 7200, "tier": "NOTIFY"},
    ],
    "TIME_RESTRICTION": [
        OPEN,
        {**OPEN, "days": ["mon"], "outside": "approval"},
        {**OPEN, "days": ["mon", "tue", "wed"], "outside": "delay"},
    ],
    "AUTO_STOP": [
        {"consecutive_failures": 1},
        {"max_denials": 1, "max_transactions": 2, "window_seconds": 3600},
        {"near_limit_hits": 1, "window_seconds": 3600},
    ],
}
"""Rules by type, normalised, with small numbers."""
TYPES = {kind.type: kind for kind in builtin.waiaas_policy_types()}


class TestBuiltIn(PolicyKit):
    """Every promise, kept by every type."""

    @pytest.fixture(params=sorted(TYPES))
    def bench(self, request: pytest.FixtureRequest) -> PolicyBench:
        """A type with its rules."""
        kind: type[PolicyType[Any]] = TYPES[request.param]
        read = tuple(kind.rules_model.model_validate(document, strict=False) for document in RULES[kind.type])
        return PolicyBench(policy=kind(), make=kind, rules=read, is_monotone=kind.type != "EXPRESSION")


def test_every_field_is_described() -> None:
    """The schemas that people write policies by say of each field what it does."""
    for kind in TYPES.values():
        for name, field in kind.rules_model.model_fields.items():
            assert field.description, f"{kind.type}.{name}"
