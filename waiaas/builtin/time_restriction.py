"""TIME_RESTRICTION: payments are made within given hours of given days, as a clock on the wall shows them. A restriction.

Transactions are judged when they are sent and again when they are released; what was released within the hours is signed.
"""

from collections.abc import Sequence
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from waiaas.builtin.opening_hours import DAYS, OpeningHours
from waiaas.interfaces.chain import Kind, Resolved
from waiaas.interfaces.policy import Facts, PolicyType, Tier, Verdict, Window

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_TIERS = {"deny": Tier.DENY, "approval": Tier.APPROVAL, "delay": Tier.DELAY}
_LONGEST_DELAY = 86_400
"""The longest delay at once; what is still outside the hours after it is delayed again."""
_MINUTES = 1440


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone of the IANA database, such as Europe/Berlin") from None
    return name


class HoursRules(BaseModel):
    """A field left out does not limit, but days or hours must be there."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    days: tuple[Day, ...] | None = Field(
        default=None, min_length=1, max_length=7, description="on which the hours begin; left out, every day"
    )
    start: str | None = Field(
        default=None, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="HH:MM, included; left out, 00:00"
    )
    end: str | None = Field(
        default=None,
        pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
        description="HH:MM, not included; not after start is on the next day; left out, 24:00",
    )
    timezone: Annotated[str, AfterValidator(_known_zone)] = Field(
        default="UTC", min_length=1, max_length=64, description="IANA name, such as Europe/Berlin"
    )
    outside: Literal["deny", "approval", "delay"] = Field(
        default="deny", description="what becomes of a payment outside the hours; delay waits for the next opening"
    )

    @model_validator(mode="after")
    def _is_sensible(self) -> "HoursRules":
        if self.days is None and self.start is None and self.end is None:
            raise ValueError("a time restriction needs days, start or end")
        if self.days is not None and len(set(self.days)) < len(self.days):
            raise ValueError("a day is named twice")
        return self

    def hours(self) -> OpeningHours:
        """What the rules say, with everything that was left out."""
        start, end = _minutes(self.start or "00:00"), _minutes(self.end or "24:00")
        return OpeningHours(days=self.days or DAYS, start=start, end=end, zone=self.timezone)


class TimeRestriction(PolicyType[HoursRules]):
    """See the module."""

    type = "TIME_RESTRICTION"
    rules_model = HoursRules
    grants = False

    def windows(self, rules: HoursRules, resolved: Resolved) -> Sequence[Window]:
        """None: the past does not matter."""
        return ()

    def judge(self, rules: HoursRules, facts: Facts) -> Verdict | None:
        """INSTANT within the hours, else what the rules say, with the next opening; nothing for what only gives up."""
        if facts.kind is Kind.CANCEL:
            return None
        hours = rules.hours()
        shown = hours.local(facts.now).strftime("%a %H:%M")
        told = f"it is {shown} in {rules.timezone}, and payments are made {_shown(rules)}"
        if hours.is_open(facts.now):
            return Verdict(tier=Tier.INSTANT, code="WITHIN_HOURS", reason=told)
        opening = hours.next_opening(facts.now)
        wait = _LONGEST_DELAY if opening is None else min(_LONGEST_DELAY, opening - facts.now)
        tier = _TIERS[rules.outside]
        return Verdict(
            tier=tier,
            code="OUTSIDE_HOURS",
            reason=told,
            resets_at=opening,
            delay_seconds=facts.held_seconds + wait if tier is Tier.DELAY else None,
        )

    def is_tighter(self, old: HoursRules, new: HoursRules) -> bool:
        """Exact within one time zone; between two of them nothing is compared but with hours that never close."""
        before, after = old.hours().minutes(), new.hours().minutes()
        if len(before) == 7 * _MINUTES:
            return True
        is_within = old.timezone == new.timezone and after <= before
        return is_within and _TIERS[new.outside].rank >= _TIERS[old.outside].rank


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _shown(rules: HoursRules) -> str:
    days = "every day" if rules.days is None else ", ".join(day.capitalize() for day in DAYS if day in rules.days)
    if rules.start is None and rules.end is None:
        return days
    return f"{days} from {rules.start or '00:00'} to {rules.end or '24:00'}"
