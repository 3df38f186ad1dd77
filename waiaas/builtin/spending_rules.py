"""The rules document of SPENDING_LIMIT, and when one allows nothing that another did not."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from waiaas.interfaces.policy import Tier

Limit = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,77}$")]
Threshold = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,77})$")]

PERIODS = {"daily": 86_400, "weekly": 604_800, "monthly": 2_592_000}
"""Rolling windows in seconds: 24 hours, 7 days, 30 days; from the shortest to the longest."""


class SpendingRules(BaseModel):
    """Amounts are decimal strings of base units. A field left out does not limit, but one of them must be there."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    asset: str | None = Field(
        default=None,
        min_length=1,
        max_length=256,
        description="native, a token's address, or CAIP-19; left out it is the agent's native asset",
    )
    instant_max: Threshold | None = Field(default=None, description="up to this amount: INSTANT; 0 allows no amount")
    notify_max: Threshold | None = Field(default=None, description="up to this amount: NOTIFY; 0 allows no amount")
    delay_max: Threshold | None = Field(
        default=None, description="up to this amount: DELAY; above the last threshold: APPROVAL"
    )
    delay_seconds: int | None = Field(
        default=None, ge=1, le=86_400, description="how long a DELAY lasts; left out, security.delay_seconds"
    )
    daily_limit: Limit | None = Field(default=None, description="in any 24 hours; above: denied")
    weekly_limit: Limit | None = Field(default=None, description="in any 7 days; above: denied")
    monthly_limit: Limit | None = Field(default=None, description="in any 30 days; above: denied")

    @model_validator(mode="after")
    def _is_sensible(self) -> "SpendingRules":
        given = [bound for bound, _ in self.thresholds()]
        if given != sorted(given):
            raise ValueError("thresholds must rise: instant_max <= notify_max <= delay_max")
        if not given and not any(True for _ in self.limits()):
            raise ValueError("a spending limit needs a threshold (instant_max, ...) or a limit (daily_limit, ...)")
        return self

    def thresholds(self) -> Iterator[tuple[int, Tier]]:
        """(largest amount, its tier) of the thresholds that are given, from the mildest."""
        if self.instant_max is not None:
            yield int(self.instant_max), Tier.INSTANT
        if self.notify_max is not None:
            yield int(self.notify_max), Tier.NOTIFY
        if self.delay_max is not None:
            yield int(self.delay_max), Tier.DELAY

    def limits(self) -> Iterator[tuple[str, int]]:
        """(window name, most that may be spent in it) of the limits that are given, from the shortest window."""
        if self.daily_limit is not None:
            yield "daily", int(self.daily_limit)
        if self.weekly_limit is not None:
            yield "weekly", int(self.weekly_limit)
        if self.monthly_limit is not None:
            yield "monthly", int(self.monthly_limit)

    def tier_of(self, amount: int | None) -> Tier:
        """The tier of one transaction's amount, limits apart. None is unbounded.

        Without any threshold every amount is INSTANT; a tier without its threshold is not used.
        """
        above = Tier.INSTANT
        for bound, tier in self.thresholds():
            if amount is not None and amount <= bound:
                return tier
            above = Tier.APPROVAL
        return above


def is_tighter(old: SpendingRules, new: SpendingRules) -> bool:
    """Whether ``new`` answers every amount, after every history, at least as strictly as ``old``.

    Exact but for delays that one side leaves to the configuration: those count as looser unless both do.
    """
    return old.asset == new.asset and _limits_hold(old, new) and _tiers_hold(old, new)


def _limits_hold(old: SpendingRules, new: SpendingRules) -> bool:
    """What was spent in a window was spent in every longer one too, so a limit may be kept by a longer window's."""
    names = list(PERIODS)
    return all(
        any(new_most <= most and names.index(longer) >= names.index(name) for longer, new_most in new.limits())
        for name, most in old.limits()
    )


def _tiers_hold(old: SpendingRules, new: SpendingRules) -> bool:
    """Tiers are steps: comparing them at each step's end and just beyond compares them everywhere."""
    ends = {bound for rules in (old, new) for bound, _ in rules.thresholds()}
    reachable = min((most for _, most in new.limits()), default=None)
    for amount in {0} | ends | {end + 1 for end in ends}:
        if reachable is not None and amount > reachable:
            continue  # denied by the new rules whatever was spent
        before, after = old.tier_of(amount), new.tier_of(amount)
        if after.rank < before.rank:
            return False
        if before is after is Tier.DELAY and not _lasts(old.delay_seconds, new.delay_seconds):
            return False
    return True


def _lasts(old: int | None, new: int | None) -> bool:
    if old is None or new is None:
        return old is new
    return new >= old
