"""The rules document of SPENDING_LIMIT."""

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field, model_validator

from waiaas.builtin.dollars import Dollars, PositiveDollars
from waiaas.interfaces.money import micro_usd
from waiaas.interfaces.policy import BaseUnits, BaseUnitsOrZero, Tier

PERIODS = {"daily": 86_400, "weekly": 604_800, "monthly": 2_592_000}
"""Rolling windows in seconds: 24 hours, 7 days, 30 days; from the shortest to the longest."""
TIER = "tier"
"""The window over which a tier is judged."""
Bounds = tuple[int | None, int | None]
"""One bound in base units and in millionths of a dollar; both hold where both are given."""

_STEPS = (("instant_max", Tier.INSTANT), ("notify_max", Tier.NOTIFY), ("delay_max", Tier.DELAY))


class SpendingRules(BaseModel):
    """Amounts are decimal strings of base units, or of dollars. A field left out does not limit, but one must be there."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    asset: str | None = Field(
        default=None,
        min_length=1,
        max_length=256,
        description="native, a token's address, or CAIP-19; left out it is the agent's native asset",
    )
    instant_max: BaseUnitsOrZero | None = Field(
        default=None, description="up to this amount: INSTANT; 0 allows no amount"
    )
    notify_max: BaseUnitsOrZero | None = Field(
        default=None, description="up to this amount: NOTIFY; 0 allows no amount"
    )
    delay_max: BaseUnitsOrZero | None = Field(
        default=None, description="up to this amount: DELAY; above the last threshold: APPROVAL"
    )
    instant_max_usd: Dollars | None = Field(
        default=None, description="the same in dollars; with both, a tier needs both; without a price: APPROVAL"
    )
    notify_max_usd: Dollars | None = Field(default=None, description="as notify_max, in dollars")
    delay_max_usd: Dollars | None = Field(default=None, description="as delay_max, in dollars")
    delay_seconds: int | None = Field(
        default=None, ge=1, le=86_400, description="how long a DELAY lasts; left out, security.delay_seconds"
    )
    tier_window_seconds: int | None = Field(
        default=None,
        ge=1,
        le=31_536_000,
        description="thresholds count the amount and what was spent in so many seconds before it; left out, the amount alone",
    )
    daily_limit: BaseUnits | None = Field(default=None, description="in any 24 hours; above: denied")
    weekly_limit: BaseUnits | None = Field(default=None, description="in any 7 days; above: denied")
    monthly_limit: BaseUnits | None = Field(default=None, description="in any 30 days; above: denied")
    daily_limit_usd: PositiveDollars | None = Field(
        default=None, description="as daily_limit, in dollars at the present price; without a price: APPROVAL"
    )
    weekly_limit_usd: PositiveDollars | None = Field(default=None, description="as weekly_limit, in dollars")
    monthly_limit_usd: PositiveDollars | None = Field(default=None, description="as monthly_limit, in dollars")

    @model_validator(mode="after")
    def _is_sensible(self) -> "SpendingRules":
        for index in (0, 1):
            given = [bounds[index] for bounds, _ in self.thresholds()]
            rising = [bound for bound in given if bound is not None]
            if rising != sorted(rising):
                raise ValueError("thresholds must rise: instant_max <= notify_max <= delay_max")
        has_thresholds = any(True for _ in self.thresholds())
        if not has_thresholds and not any(True for _ in self.limits()):
            raise ValueError("a spending limit needs a threshold (instant_max, ...) or a limit (daily_limit, ...)")
        if self.tier_window_seconds is not None and not has_thresholds:
            raise ValueError("tier_window_seconds needs a threshold (instant_max, ...)")
        return self

    def thresholds(self) -> Iterator[tuple[Bounds, Tier]]:
        """The bounds of each tier that has one, from the mildest."""
        for name, tier in _STEPS:
            bounds = self._bounds(name)
            if bounds != (None, None):
                yield bounds, tier

    def limits(self) -> Iterator[tuple[str, Bounds]]:
        """(window name, the most that may be spent in it) of the limits that are given, from the shortest window."""
        for name in PERIODS:
            bounds = self._bounds(f"{name}_limit")
            if bounds != (None, None):
                yield name, bounds

    def windows(self) -> Iterator[tuple[str, int]]:
        """(name, seconds) of every window that is needed to judge."""
        for name, _ in self.limits():
            yield name, PERIODS[name]
        if self.tier_window_seconds is not None:
            yield TIER, self.tier_window_seconds

    def _bounds(self, name: str) -> Bounds:
        base, dollars = getattr(self, name), getattr(self, f"{name}_usd")
        return None if base is None else int(base), None if dollars is None else micro_usd(dollars)
