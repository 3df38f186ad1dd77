"""Fee caps: in force without any policy. What one transaction may cost the account, and what a day of them may."""

from dataclasses import dataclass

from waiaas.engine.rules.verdicts import Named, house
from waiaas.interfaces.policy import Tier, Window

FEE_DAY = "fees-a-day"
_HEADROOM = 4
"""A cap of so many times the likely fee: room for a busier minute, and small enough not to use up the day's limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeLimits:
    """:param max: for one transaction; :param daily: for an agent in 24 hours; native base units"""

    max: int
    daily: int


def fee_cap(likely: int, limits: FeeLimits) -> int:
    """The most that one transaction's fee may be, given what it will likely be."""
    return min(limits.max, likely * _HEADROOM)


def fee_window(native: str) -> Window:
    """What the agent's transactions of the last 24 hours cost, reserved fees included."""
    return Window(name=FEE_DAY, measure="spent", seconds=86400, scope="agent", where={"asset": native, "kinds": "fee"})


def judge_fee(cap: int, spent: int, limits: FeeLimits, resets_at: int | None) -> Named:
    """Pure. Whether the day's fees still leave room for this cap."""
    left = max(0, limits.daily - spent)
    if spent + cap > limits.daily:
        reason = f"fees of up to {cap} would pass the day's limit of {limits.daily}; {left} is left"
        return house("FEES", Tier.DENY, "FEE_DAILY_LIMIT", reason, remaining=left, resets_at=resets_at)
    return house(
        "FEES",
        Tier.INSTANT,
        "WITHIN_FEE_LIMITS",
        f"fees of up to {cap} are within the day's limit",
        valid_while={FEE_DAY: limits.daily - cap},
    )
