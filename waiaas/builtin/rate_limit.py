"""RATE_LIMIT: how many transactions of the agent are admitted in a rolling window. A restriction.

What was admitted counts, whatever became of it; what was denied does not. A held payment took its place when it was admitted.
"""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from waiaas.builtin.durations import shown_seconds
from waiaas.interfaces.chain import Kind, Resolved
from waiaas.interfaces.policy import Facts, Limit, PolicyType, Tier, Verdict, Window

_ADMITTED = "admitted"
LONGEST_WINDOW = 31_536_000
"""A year, in seconds."""


class RateRules(BaseModel):
    """Both are needed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    max_transactions: int = Field(
        ge=1, le=1_000_000, description="so many may be admitted in any window; one more: denied"
    )
    window_seconds: int = Field(ge=1, le=LONGEST_WINDOW, description="length of the rolling window, seconds")


class RateLimit(PolicyType[RateRules]):
    """See the module."""

    type = "RATE_LIMIT"
    rules_model = RateRules
    grants = False

    def windows(self, rules: RateRules, resolved: Resolved) -> Sequence[Window]:
        """What the agent had admitted; nothing for what only gives another payment up."""
        if resolved.intent.kind is Kind.CANCEL:
            return ()
        return [_window(rules)]

    def judge(self, rules: RateRules, facts: Facts) -> Verdict | None:
        """DENY where the window is full. ``remaining`` is how many transactions are left, without this one.

        :raises KeyError: when the window that was asked for is missing
        """
        if facts.kind is Kind.CANCEL:
            return None
        count = facts.windows[_ADMITTED]
        left, resets_at = rules.max_transactions - count, facts.oldest.get(_ADMITTED)
        told = f"{count} of {rules.max_transactions} transactions were sent in the last {shown_seconds(rules.window_seconds)}"
        if left <= 0:
            return Verdict(tier=Tier.DENY, code="RATE_LIMIT_EXCEEDED", reason=told, remaining=0, resets_at=resets_at)
        return Verdict(
            tier=Tier.INSTANT,
            code="WITHIN_RATE_LIMIT",
            reason=told,
            remaining=left,
            resets_at=resets_at,
            valid_while={_ADMITTED: rules.max_transactions - 1},
        )

    def limits(self, rules: RateRules, native: str) -> Sequence[Limit]:
        """How many may be admitted in the window."""
        return [Limit(window=_window(rules), most=rules.max_transactions)]

    def is_tighter(self, old: RateRules, new: RateRules) -> bool:
        """Exact: no more transactions, in no shorter a window."""
        return new.max_transactions <= old.max_transactions and new.window_seconds >= old.window_seconds


def _window(rules: RateRules) -> Window:
    below = {"below": str(rules.max_transactions)}
    return Window(name=_ADMITTED, measure="count", seconds=rules.window_seconds, scope="agent", where=below)
