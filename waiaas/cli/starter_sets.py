"""Starter sets: policies to begin with, in multiples of a usual payment. Data; what they are for stands in docs/policies.md.

A set is written so that it holds for any chain: ``usual`` times a number becomes base units of the agent's native asset. The
restrictions stand before the grants, so that a set which was applied in part lets nothing pass that the whole would not.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a set is made for.

    :param usual: a usual payment, native base units; :param addresses: who may be paid; :param timezone: IANA
    """

    usual: int
    addresses: Sequence[str] = ()
    timezone: str = "UTC"

    def times(self, number: int) -> str:
        """So many usual payments."""
        return str(number * self.usual)


@dataclass(frozen=True, slots=True, kw_only=True)
class StarterSet:
    """:param says: what it is for; :param needs_addresses: whether it makes no sense without any"""

    says: str
    make: Callable[[Wanted], Sequence[Document]]
    needs_addresses: bool = False


def _careful(wanted: Wanted) -> Sequence[Document]:
    stop = {"consecutive_failures": 3, "max_denials": 10, "window_seconds": 3600}
    limit = {
        "asset": "native",
        "instant_max": wanted.times(1),
        "notify_max": wanted.times(5),
        "delay_max": wanted.times(20),
        "delay_seconds": 900,
        "daily_limit": wanted.times(30),
        "weekly_limit": wanted.times(100),
    }
    return [
        *_named(wanted, "approval"),
        _policy("DUPLICATE_GUARD", window_seconds=600, tier="APPROVAL"),
        _policy("RATE_LIMIT", max_transactions=20, window_seconds=3600),
        _policy("AUTO_STOP", **stop),
        _policy("SPENDING_LIMIT", **limit),
    ]


def _trader(wanted: Wanted) -> Sequence[Document]:
    stop = {"consecutive_failures": 10, "max_denials": 50, "window_seconds": 3600}
    limit = {
        "asset": "native",
        "instant_max": wanted.times(20),
        "notify_max": wanted.times(100),
        "delay_max": wanted.times(200),
        "delay_seconds": 120,
        "daily_limit": wanted.times(1000),
        "weekly_limit": wanted.times(4000),
    }
    return [
        *_named(wanted, "deny"),
        _policy("RATE_LIMIT", max_transactions=600, window_seconds=3600),
        _policy("AUTO_STOP", **stop),
        _policy("SPENDING_LIMIT", **limit),
    ]


def _payroll(wanted: Wanted) -> Sequence[Document]:
    office = {
        "days": ["mon", "tue", "wed", "thu", "fri"],
        "start": "08:00",
        "end": "18:00",
        "timezone": wanted.timezone,
    }
    limit = {
        "asset": "native",
        "notify_max": wanted.times(2),
        "delay_max": wanted.times(5),
        "delay_seconds": 3600,
        "weekly_limit": wanted.times(100),
        "monthly_limit": wanted.times(200),
    }
    return [
        *_named(wanted, "deny"),
        _policy("TIME_RESTRICTION", outside="approval", **office),
        _policy("DUPLICATE_GUARD", window_seconds=72_000, tier="APPROVAL"),
        _policy("RATE_LIMIT", max_transactions=200, window_seconds=86_400),
        _policy("SPENDING_LIMIT", **limit),
    ]


def _named(wanted: Wanted, otherwise: str) -> Sequence[Document]:
    if not wanted.addresses:
        return []
    return [_policy("ALLOWED_ADDRESSES", addresses=list(wanted.addresses), otherwise=otherwise)]


def _policy(type_: str, **rules: Any) -> Document:
    return {"type": type_, "rules": rules}


STARTER_SETS: Mapping[str, StarterSet] = {
    "careful": StarterSet(
        says="small payments at once, larger ones wait, few in an hour, stopped early", make=_careful
    ),
    "trader": StarterSet(says="many payments at once up to a day's limit, stopped when they fail", make=_trader),
    "payroll": StarterSet(
        says="known people alone, in office hours, none twice in a day", make=_payroll, needs_addresses=True
    ),
}
