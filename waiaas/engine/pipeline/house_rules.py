"""House rules: what is judged whatever the policies say. Fee limits, the session's constraints, the clocks, and doubt.

Doubt is about what the judgement rests on: policies that the daemon did not write (invariant 14), or a past that nobody knows
(invariant 10).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from waiaas.engine.chains import Chain
from waiaas.engine.facts import Subject, Wanted, wanted
from waiaas.engine.rules.constraints import constraint_windows, judge_constraints, read_constraints
from waiaas.engine.rules.denials import TAMPERED, UNRECONCILED
from waiaas.engine.rules.fees import FEE_DAY, fee_window, judge_fee
from waiaas.engine.rules.verdicts import SESSION, Named, house, unreadable
from waiaas.errors import BadRequest, Malformed
from waiaas.interfaces.policy import Tier, Verdict

Values = Mapping[str, int]

_FIRST = 1 << 32
"""Above every policy's priority: what makes all their figures void is named, not a policy that tells those figures."""
_TAMPERED = replace(
    house(
        "POLICY_SET", Tier.DENY, TAMPERED, "the policies were changed outside of the daemon, so everything is denied"
    ),
    priority=_FIRST,
)
_UNRECONCILED = replace(
    house(
        "RECONCILIATION",
        Tier.DENY,
        UNRECONCILED,
        "the data directory was restored or moved, and nobody has said yet what was spent since",
    ),
    priority=_FIRST,
)
_CLOCK = house("CLOCK", Tier.APPROVAL, "CLOCK_DISAGREES", "the machine's clock and the chain's are minutes apart")
_UNREADABLE = unreadable("", SESSION, "the session's constraints cannot be read", "CONSTRAINT_UNREADABLE")


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseRule:
    """One rule: the windows that it wants, and what it says to their values and to when they become smaller."""

    windows: Wanted
    judge: Callable[[Values, Values], Sequence[Named]]


def house_rules(subject: Subject, chain: Chain) -> Sequence[HouseRule]:
    """Those that apply to the transaction. Their windows have names of their own within each."""
    return [_fees(subject, chain), *_session(subject, chain), *_clocks(chain)]


def doubts(subject: Subject, are_whole: bool, doubtful: frozenset[str]) -> Sequence[Named]:
    """What denies because the ground is not to be trusted. :param are_whole: whether the policies are the operator's"""
    unknown = (_UNRECONCILED,) if subject.agent.id in doubtful else ()
    return [*unknown, *(() if are_whole else (_TAMPERED,))]


def doubted(verdict: Verdict) -> Verdict:
    """A denial by sums that nobody knows: it tells no figures, and is no breach that agents are frozen for."""
    return replace(
        verdict,
        code=UNRECONCILED,
        reason=_UNRECONCILED.verdict.reason,
        remaining=None,
        resets_at=None,
        freeze=False,
        freeze_agents=(),
    )


def _fees(subject: Subject, chain: Chain) -> HouseRule:
    def judge(values: Values, ends: Values) -> Sequence[Named]:
        return [judge_fee(subject.fee_cap, values[FEE_DAY], chain.fees, ends.get(FEE_DAY))]

    return HouseRule(windows=wanted([fee_window(chain.network.native.id)]), judge=judge)


def _session(subject: Subject, chain: Chain) -> Sequence[HouseRule]:
    if subject.session is None:
        return []
    try:
        constraints = read_constraints(json.loads(subject.session.constraints))
    except (BadRequest, Malformed, ValueError):
        return [HouseRule(windows=(), judge=lambda *_: [_UNREADABLE])]
    native = chain.network.native.id

    def judge(values: Values, _: Values) -> Sequence[Named]:
        return judge_constraints(constraints, subject.resolved, native, values)

    return [HouseRule(windows=wanted(constraint_windows(constraints, native)), judge=judge)]


def _clocks(chain: Chain) -> Sequence[HouseRule]:
    return [] if chain.ahead is None else [HouseRule(windows=(), judge=lambda *_: [_CLOCK])]
