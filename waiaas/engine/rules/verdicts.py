"""How verdicts become one decision: grants and restrictions, strictest wins, order never matters (invariant 10).

**Grants.** A verdict grants when its policy speaks for everything that the transaction does: SPENDING_LIMIT of the native
asset for plain transfers of it, SPENDING_LIMIT of a token and ALLOWED_TOKENS for plain transfers of the token, with the
rent that they lock. The first grant lets such a transaction through; every further policy of a granting type that has a
verdict only narrows it, because its verdict counts whether or not it grants, and the strictest of all wins. So two limits
must both allow an amount, and a token must be on every list of tokens that is in force. Without any grant a plain transfer
needs a person, and all else is denied, but for a CANCEL without any effect.

**Effects.** What nobody can judge is denied in spite of every grant: control that changes hands, calls, what could not be read,
unlimited and negative amounts.

**Cautions.** What the chain says of the asset (somebody else has power over it) makes the tier at least APPROVAL. What it
says of the recipient (nobody may be able to spend what arrives) denies, unless a policy names every recipient: a verdict
that carries the mark RECIPIENTS_NAMED. That mark is the one thing by which a restriction lets something pass, so a grant is
needed all the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from waiaas.interfaces.chain import Caution, Effect, Kind, What
from waiaas.interfaces.policy import RECIPIENTS_NAMED, Tier, Verdict

SESSION = "SESSION_CONSTRAINT"
"""The word of the rules that a session brings along."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A verdict and who gave it.

    :param policy_id: the policy's id; None for the house's own rules
    :param type: the policy's type, or the house rule's word
    :param priority: only picks which of several equally strict verdicts is named
    """

    verdict: Verdict
    type: str
    policy_id: str | None = None
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The outcome of all verdicts.

    :param named: the verdict that decided
    :param delay_seconds: how long a DELAY lasts
    """

    tier: Tier
    named: Named
    verdicts: tuple[Named, ...]
    delay_seconds: int


_NO_GRANT = {Kind.TRANSFER: Tier.APPROVAL}
"""Without any grant a plain transfer needs a person; everything else is denied."""


def combine(
    verdicts: Sequence[Named],
    kind: Kind,
    effects: Sequence[Effect],
    default_delay: int,
    cautions: Sequence[Caution] = (),
) -> Decision:
    """Pure. The strictest verdict, after the house's own rules about effects, cautions and missing grants are added."""
    house_rules = (
        *_about_effects(effects),
        *_about_cautions(cautions, verdicts),
        *_about_grants(verdicts, kind, effects),
    )
    everything = (*verdicts, *house_rules)
    deciding = max(
        everything, key=lambda item: (item.verdict.tier.rank, item.priority, item.policy_id or "", item.type)
    )
    return Decision(
        tier=deciding.verdict.tier,
        named=deciding,
        verdicts=tuple(everything),
        delay_seconds=_delay(everything, default_delay),
    )


def unreadable(policy_id: str, type_: str, why: str, code: str = "POLICY_UNREADABLE") -> Named:
    """The denial that stands in for a policy which cannot be read or judged."""
    return Named(verdict=Verdict(tier=Tier.DENY, code=code, reason=why), type=type_, policy_id=policy_id)


def house(type_: str, tier: Tier, code: str, reason: str, **more: object) -> Named:
    """A verdict of the house's own rules."""
    return Named(verdict=Verdict(tier=tier, code=code, reason=reason, **more), type=type_)  # type: ignore[arg-type]


def wire_verdict(named: Named) -> Mapping[str, object]:
    """A verdict as agents see it."""
    verdict = named.verdict
    return {
        "policyId": named.policy_id,
        "type": named.type,
        "tier": verdict.tier.value,
        "code": verdict.code,
        "reason": verdict.reason,
        "remaining": None if verdict.remaining is None else str(verdict.remaining),
        "resetsAt": verdict.resets_at,
    }


def _about_effects(effects: Sequence[Effect]) -> tuple[Named, ...]:
    found = []
    for effect in effects:
        if effect.what is What.AUTHORITY:
            found.append(
                house("EFFECTS", Tier.DENY, "AUTHORITY_CHANGE", "it would hand control of the account to somebody")
            )
        elif effect.what in (What.UNKNOWN, What.CALL):
            found.append(house("EFFECTS", Tier.DENY, "UNKNOWN_EFFECT", "it does something that no policy understands"))
        elif effect.asset is None or (effect.units is not None and effect.units < 0):
            found.append(house("EFFECTS", Tier.DENY, "UNKNOWN_EFFECT", "it moves something that has no name or amount"))
        elif effect.units is None:
            found.append(house("EFFECTS", Tier.DENY, "UNBOUNDED", "it would let somebody take an unlimited amount"))
    return tuple(found)


def _about_cautions(cautions: Sequence[Caution], verdicts: Sequence[Named]) -> tuple[Named, ...]:
    """One verdict a caution; anything that is not about the asset or its use is taken for the gravest kind."""
    is_named = any(RECIPIENTS_NAMED in item.verdict.marks for item in verdicts)
    found = []
    for caution in cautions:
        if caution.about == "asset" or (caution.about == "use" and not is_named):
            found.append(house("CAUTION", Tier.APPROVAL, caution.code, caution.text))
        elif not is_named:
            reason = f"{caution.text}; a policy of the type ALLOWED_ADDRESSES has to name the recipient"
            found.append(house("CAUTION", Tier.DENY, caution.code, reason))
    return tuple(found)


def _about_grants(verdicts: Sequence[Named], kind: Kind, effects: Sequence[Effect]) -> tuple[Named, ...]:
    if kind is Kind.CANCEL and not effects:
        return (
            house("DEFAULT", Tier.INSTANT, "NOTHING_LEAVES", "it takes another's place and nothing but a fee leaves"),
        )
    if any(item.verdict.grants for item in verdicts):
        return ()
    tier = _NO_GRANT.get(kind, Tier.DENY)
    what = "a person must approve it" if tier is Tier.APPROVAL else "it is denied"
    return (house("DEFAULT", tier, "NO_GRANT", f"no policy speaks for this {kind.value}, so {what}"),)


def _delay(verdicts: Sequence[Named], default: int) -> int:
    delays = [item.verdict.delay_seconds for item in verdicts if item.verdict.tier is Tier.DELAY]
    return max((default if seconds is None else seconds for seconds in delays), default=default)
