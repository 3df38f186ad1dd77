"""ALLOWED_ADDRESSES: value goes to these addresses, or is denied or needs approval. It restricts, it never grants.

Where every recipient is on the list the verdict says so with the mark RECIPIENTS_NAMED. The house then lets pass what it
denies of recipients that nobody named: those that may be unable to spend what arrives.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from waiaas.interfaces.chain import Effect, Resolved, What
from waiaas.interfaces.policy import RECIPIENTS_NAMED, AssetReader, Facts, PolicyType, Tier, Verdict, Window

Address = Annotated[str, Field(min_length=1, max_length=128)]

_JUDGED = frozenset({What.OUT, What.APPROVE, What.AUTHORITY, What.UNKNOWN})
"""Who gains by these must be known; locked value (rent) follows its outflow, and a call moves nothing beyond its effects."""


class AddressRules(BaseModel):
    """At least one address."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    addresses: tuple[Address, ...] = Field(min_length=1, max_length=1000, description="who may receive value")
    otherwise: Literal["deny", "approval"] = Field(default="deny", description="what becomes of everybody else")


class AllowedAddresses(PolicyType[AddressRules]):
    """See the module."""

    type = "ALLOWED_ADDRESSES"
    rules_model = AddressRules
    grants = False
    may_loosen = True  # by its mark

    def normalise(self, rules: AddressRules, reader: AssetReader) -> AddressRules:
        """Each address becomes its one text; the order is kept, repetitions go."""
        texts = dict.fromkeys(reader.address(address) for address in rules.addresses)
        return rules.model_copy(update={"addresses": tuple(texts)})

    def windows(self, rules: AddressRules, resolved: Resolved) -> Sequence[Window]:
        """None: the past does not matter."""
        return ()

    def judge(self, rules: AddressRules, facts: Facts) -> Verdict | None:
        """INSTANT where every recipient and spender is listed. An effect that names nobody counts as not listed."""
        judged = [effect for effect in facts.effects if effect.what in _JUDGED]
        if not judged:
            return None
        stranger = next((effect for effect in judged if effect.to not in rules.addresses), None)
        if stranger is None:
            return Verdict(
                tier=Tier.INSTANT,
                code="ADDRESS_ALLOWED",
                reason="every recipient is on the list",
                marks=frozenset({RECIPIENTS_NAMED}),
            )
        tier = Tier.DENY if rules.otherwise == "deny" else Tier.APPROVAL
        return Verdict(tier=tier, code="ADDRESS_NOT_ALLOWED", reason=_reason(stranger))

    def is_tighter(self, old: AddressRules, new: AddressRules) -> bool:
        """No address more, and the rest treated no milder."""
        milder = old.otherwise == "deny" and new.otherwise == "approval"
        return not milder and set(new.addresses) <= set(old.addresses)


def _reason(effect: Effect) -> str:
    if effect.to is None:
        return "it is not known who would gain by the transaction"
    return f"{effect.to} is not on the list"
