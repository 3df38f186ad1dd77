"""AUTO_STOP: an agent that behaves as if something were wrong is suspended, until a person lets it go on. A restriction.

It looks at what happened to the agent since a person last let it go on: failures in a row, and in a rolling window what was
sent, what was denied, and what came near to a limit. The transaction that is judged when a mark is reached is denied, and in
the same commit the agent is suspended, as an operator suspends it.
"""

from collections.abc import Iterator, Sequence

from pydantic import BaseModel, ConfigDict, Field, model_validator

from waiaas.builtin.durations import shown_seconds
from waiaas.builtin.rate_limit import LONGEST_WINDOW
from waiaas.interfaces.chain import Kind, Resolved
from waiaas.interfaces.policy import Facts, Measure, PolicyType, Tier, Verdict, Window

_FAILED = "failed"
_IN_WINDOW: tuple[tuple[str, Measure], ...] = (
    ("max_transactions", "count"),
    ("max_denials", "denied"),
    ("near_limit_hits", "near_limit"),
)
_WORDS = {
    "max_transactions": ("AUTO_STOP_TRANSACTIONS", "transactions were sent"),
    "max_denials": ("AUTO_STOP_DENIALS", "transactions were denied"),
    "near_limit_hits": ("AUTO_STOP_NEAR_LIMIT", "payments were over 90 % of what their tier allows"),
}


class StopRules(BaseModel):
    """A field left out does not stop, but one of them must be there."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    consecutive_failures: int | None = Field(
        default=None, ge=1, le=1_000_000, description="once so many failed in a row, with none paid in between: stopped"
    )
    max_transactions: int | None = Field(
        default=None, ge=1, le=1_000_000, description="so many may be sent in the window; one more: stopped"
    )
    max_denials: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="so many may be denied in the window; whatever comes next: stopped",
    )
    near_limit_hits: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="so many may be over 90 % of a tier's threshold in the window; whatever comes next: stopped",
    )
    window_seconds: int | None = Field(
        default=None,
        ge=1,
        le=LONGEST_WINDOW,
        description="length of the rolling window of all but consecutive_failures, seconds",
    )

    @model_validator(mode="after")
    def _is_sensible(self) -> "StopRules":
        has_counts = any(True for _ in self.counts())
        if has_counts and self.window_seconds is None:
            raise ValueError("max_transactions, max_denials and near_limit_hits need window_seconds")
        if not has_counts and self.window_seconds is not None:
            raise ValueError("window_seconds needs max_transactions, max_denials or near_limit_hits")
        if not has_counts and self.consecutive_failures is None:
            raise ValueError("an automatic stop needs something to stop at (consecutive_failures, max_denials, ...)")
        return self

    def counts(self) -> Iterator[tuple[str, Measure, int]]:
        """(field, what it counts, how many are too many) of the counts in the window that are given."""
        for name, measure in _IN_WINDOW:
            most = getattr(self, name)
            if most is not None:
                yield name, measure, most

    def marks(self) -> Iterator[tuple[str, int]]:
        """(window name, the value that stops) of everything that is given."""
        if self.consecutive_failures is not None:
            yield _FAILED, self.consecutive_failures
        for name, _, most in self.counts():
            yield name, most


class AutoStop(PolicyType[StopRules]):
    """See the module."""

    type = "AUTO_STOP"
    rules_model = StopRules
    grants = False

    def windows(self, rules: StopRules, resolved: Resolved) -> Sequence[Window]:
        """Counts of the agent since it was last let go on; nothing for what only gives another payment up."""
        if resolved.intent.kind is Kind.CANCEL:
            return ()
        wanted = [
            Window(name=name, measure=measure, seconds=rules.window_seconds, scope="agent", where={"since": "resumed"})
            for name, measure, _ in rules.counts()
        ]
        if rules.consecutive_failures is None:
            return wanted
        streak = {"since": "paid,resumed"}
        return [Window(name=_FAILED, measure="failed", seconds=None, scope="agent", where=streak), *wanted]

    def judge(self, rules: StopRules, facts: Facts) -> Verdict | None:
        """DENY that freezes the agent as soon as one count has reached its mark.

        :raises KeyError: when a window that was asked for is missing
        """
        if facts.kind is Kind.CANCEL:
            return None
        values = {name: facts.windows[name] for name, _ in rules.marks()}
        for name, most in rules.marks():
            if values[name] >= most:
                code, why = _reason(rules, name, values[name])
                return Verdict(tier=Tier.DENY, code=code, reason=why, freeze=True)
        return Verdict(
            tier=Tier.INSTANT,
            code="WITHIN_AUTO_STOP",
            reason="nothing calls for a stop",
            valid_while={name: most - 1 for name, most in rules.marks()},
        )

    def is_tighter(self, old: StopRules, new: StopRules) -> bool:
        """Exact: every mark is there, no higher, over no shorter a window."""
        marks = dict(new.marks())
        is_as_long = (new.window_seconds or 0) >= (old.window_seconds or 0)
        return all(
            name in marks and marks[name] <= most and (name == _FAILED or is_as_long) for name, most in old.marks()
        )


def _reason(rules: StopRules, name: str, value: int) -> tuple[str, str]:
    if name == _FAILED:
        return "AUTO_STOP_FAILURES", f"{value} payments in a row failed, so the agent is stopped"
    code, what = _WORDS[name]
    window = shown_seconds(rules.window_seconds or 0)
    return code, f"{value} {what} in the last {window}, so the agent is stopped"
