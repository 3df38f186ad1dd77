"""DUPLICATE_GUARD: the very same transaction again within a while is held up. A restriction.

The same is what has the same effects: asset, amount and recipient of everything that leaves. Rent that a first payment locks,
memos and notes make no difference. What ended unpaid (cancelled, expired, failed) is nobody's duplicate: it may be sent again.
"""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from waiaas.builtin.durations import shown_seconds
from waiaas.builtin.rate_limit import LONGEST_WINDOW
from waiaas.interfaces.chain import Effect, Resolved, What
from waiaas.interfaces.policy import Facts, PolicyType, Tier, Verdict, Window

_ALIKE = "alike"
_ANY_NUMBER = 2**62


class DuplicateRules(BaseModel):
    """The window is needed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    window_seconds: int = Field(
        ge=1, le=LONGEST_WINDOW, description="for so long the same again is a duplicate, seconds"
    )
    tier: Literal["NOTIFY", "DELAY", "APPROVAL", "DENY"] = Field(
        default="APPROVAL", description="what becomes of a duplicate"
    )


class DuplicateGuard(PolicyType[DuplicateRules]):
    """See the module."""

    type = "DUPLICATE_GUARD"
    rules_model = DuplicateRules
    grants = False

    def windows(self, rules: DuplicateRules, resolved: Resolved) -> Sequence[Window]:
        """Transactions like this one; none where nothing happens that could happen twice."""
        if not _does_anything(resolved.effects):
            return ()
        where = {"like": "effects"}
        return [Window(name=_ALIKE, measure="count", seconds=rules.window_seconds, scope="agent", where=where)]

    def judge(self, rules: DuplicateRules, facts: Facts) -> Verdict | None:
        """The rule's tier for a duplicate, however many there were before it.

        :raises KeyError: when the window that was asked for is missing
        """
        if not _does_anything(facts.effects):
            return None
        count, window = facts.windows[_ALIKE], shown_seconds(rules.window_seconds)
        if count <= 0:
            return Verdict(
                tier=Tier.INSTANT,
                code="NO_DUPLICATE",
                reason=f"nothing like it was sent in the last {window}",
                valid_while={_ALIKE: 0},
            )
        times = "once" if count == 1 else f"{count} times"
        return Verdict(
            tier=Tier(rules.tier),
            code="DUPLICATE",
            reason=f"the same was sent {times} already in the last {window}",
            resets_at=facts.oldest.get(_ALIKE),
            valid_while={_ALIKE: _ANY_NUMBER},
        )

    def is_tighter(self, old: DuplicateRules, new: DuplicateRules) -> bool:
        """Exact: no shorter a window, no milder a tier."""
        return new.window_seconds >= old.window_seconds and Tier(new.tier).rank >= Tier(old.tier).rank


def _does_anything(effects: Sequence[Effect]) -> bool:
    return any(effect.what is not What.LOCKED for effect in effects)
