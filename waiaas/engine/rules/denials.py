"""What a refused agent is told: who refused and why, what is left, when, whether the same can pass later, and what to do.

Of several denials the one that decided is named, but what can be done has to pass all of them: the same transaction passes
later only if it passes each, and a smaller one only if each leaves room for it.
"""

from collections.abc import Callable, Sequence
from typing import Any

from waiaas.engine.rules.verdicts import SESSION, Decision
from waiaas.interfaces.policy import Tier, Verdict

TAMPERED, UNRECONCILED = "POLICY_TAMPERED", "WINDOWS_UNRECONCILED"
_REMEDIES = {
    TAMPERED: "retrying will not help; the operator looks at `waiaas audit seals`",
    UNRECONCILED: "retrying will not help; the operator compares with the chain what was spent, then lets it go on:"
    " `waiaas agent resume --confirm-spent`",
}
"""Denials that no change of a policy mends."""


def denial_details(decision: Decision, tx_id: str | None) -> dict[str, Any]:
    """Pure. The facts of a denial, for programs.

    ``canRetry`` says whether the same transaction can pass later with nobody changing anything, and ``retryAt`` from when on.

    :param decision: whose tier is DENY
    """
    named, retry_at = decision.named, _retry_at(_denials(decision))
    return {
        "transactionId": tx_id,
        "policyId": named.policy_id,
        "type": named.type,
        "code": named.verdict.code,
        "reason": named.verdict.reason,
        "remaining": None if named.verdict.remaining is None else str(named.verdict.remaining),
        "resetsAt": named.verdict.resets_at,
        "canRetry": retry_at is not None,
        "retryAt": retry_at,
    }


def denial_hint(decision: Decision, shown: Callable[[int], str]) -> str:
    """Pure. What to do, in a sentence for an agent or a person.

    :param decision: whose tier is DENY
    :param shown: a moment (Unix seconds) as people read it
    """
    denials = _denials(decision)
    if decision.named.verdict.code in _REMEDIES:
        return _REMEDIES[decision.named.verdict.code]
    if any(one.freeze for one in denials):
        return "the agent is stopped; the operator finds out why, and lets it go on: `waiaas agent resume`"
    least, retry_at = min(one.remaining or 0 for one in denials), _retry_at(denials)
    smaller = f"send at most {least} base units" if least else ""
    later = f"try again at {shown(retry_at)}" if retry_at is not None else ""
    if smaller or later:
        return ", or ".join(text for text in (smaller, later) if text)
    if decision.named.type == SESSION:
        return "retrying will not help; ask the operator for a session that allows it"
    return "retrying will not help; ask the operator to change the policy"


def _denials(decision: Decision) -> Sequence[Verdict]:
    return [item.verdict for item in decision.verdicts if item.verdict.tier is Tier.DENY]


def _retry_at(denials: Sequence[Verdict]) -> int | None:
    """When the last of them lets the same pass; None as soon as one never does."""
    moments = [None if one.freeze else one.resets_at for one in denials]
    known = [moment for moment in moments if moment is not None]
    return max(known) if len(known) == len(moments) else None
