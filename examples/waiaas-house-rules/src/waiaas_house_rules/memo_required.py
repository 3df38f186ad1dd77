"""MEMO_REQUIRED: from an amount on, a payment without a memo is held for approval, or denied. It restricts, it never grants."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from waiaas.interfaces.chain import Resolved, What
from waiaas.interfaces.policy import AssetReader, BaseUnits, Facts, PolicyType, Tier, Verdict, Window


class MemoRules(BaseModel):
    """The rules document. Unknown keys are refused; amounts are strings of base units."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    asset: str | None = Field(
        default=None, description="native, or a token's address; left out: the agent's native asset"
    )
    at_least: BaseUnits = Field(description="from this amount on a memo is required")
    otherwise: Literal["approval", "deny"] = "approval"


class MemoRequired(PolicyType[MemoRules]):
    """No state, no I/O: everything it may know is in ``facts``."""

    type = "MEMO_REQUIRED"
    rules_model = MemoRules
    grants = False

    def normalise(self, rules: MemoRules, reader: AssetReader) -> MemoRules:
        """Once, when the policy is stored: the operator's words become the asset's one id."""
        return rules.model_copy(update={"asset": reader.asset(rules.asset)})

    def windows(self, rules: MemoRules, resolved: Resolved) -> Sequence[Window]:
        """The past does not matter here."""
        return ()

    def judge(self, rules: MemoRules, facts: Facts) -> Verdict | None:
        """None where the policy does not apply; raising would deny."""
        moved = [one for one in facts.effects if one.what is What.OUT and one.asset == rules.asset]
        if not moved:
            return None
        is_large = any(one.units is None for one in moved) or sum(one.units or 0 for one in moved) >= int(
            rules.at_least
        )
        if not is_large or facts.resolved.intent.memo:
            return Verdict(tier=Tier.INSTANT, code="MEMO_PRESENT", reason="it has a memo, or needs none")
        tier = Tier.DENY if rules.otherwise == "deny" else Tier.APPROVAL
        return Verdict(tier=tier, code="MEMO_MISSING", reason=f"from {rules.at_least} on a payment needs a memo")

    def is_tighter(self, old: MemoRules, new: MemoRules) -> bool:
        """True only where ``new`` allows nothing that ``old`` did not."""
        is_no_milder = new.otherwise in (old.otherwise, "deny")
        return old.asset == new.asset and int(new.at_least) <= int(old.at_least) and is_no_milder
