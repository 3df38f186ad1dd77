"""Evaluate: every policy, constraint and fee limit over one transaction, outside the writer lock.

The judgement carries the windows it rests on, each with the largest value at which it still holds. Whoever commits it re-reads
those windows under the lock (:meth:`Evaluator.still_holds`); plugin code never runs there.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from waiaas.clock import Clock
from waiaas.config import Settings
from waiaas.engine.chains import Chains
from waiaas.engine.facts import Known, Sameness, Subject, read_window, read_windows, sameness
from waiaas.engine.judge_cell import Unjudged
from waiaas.engine.judges import Judge, Judges
from waiaas.engine.reconciliation import FULL, unreconciled, with_doubt
from waiaas.engine.rules.constraints import constraint_windows, judge_constraints, read_constraints
from waiaas.engine.rules.denials import TAMPERED, UNRECONCILED
from waiaas.engine.rules.fees import FEE_DAY, fee_window, judge_fee
from waiaas.engine.rules.verdicts import Decision, Named, combine, house, unreadable, wire_verdict
from waiaas.errors import BadRequest, Malformed
from waiaas.interfaces.chain import Amount, Asset
from waiaas.interfaces.ids import show_units
from waiaas.interfaces.money import USD_DECIMALS, leaving_value, micro_usd
from waiaas.interfaces.policy import Facts, Tier, Verdict, Window
from waiaas.store.database import Store, Unit
from waiaas.store.records import Policy, Transaction

_log = logging.getLogger("waiaas.policies")
POLICY_EPOCH = "policy_epoch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A window, its value when judged, and the largest value at which the judgement holds."""

    window: Window
    at_most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A decision and what it rests on.

    :param epoch: the count of policy changes at the time
    :param usd: what of it leaves and has a price was worth then, in millionths of a dollar
    """

    decision: Decision
    bounds: tuple[Bound, ...]
    epoch: str
    at: int
    usd: int = 0

    def to_wire(self) -> dict[str, Any]:
        """The decision as it is stored and shown."""
        named = self.decision.named
        return {
            "tier": self.decision.tier.value,
            **{key: value for key, value in wire_verdict(named).items() if key != "tier"},
            "verdicts": [wire_verdict(item) for item in self.decision.verdicts],
            "judgedAt": self.at,
            "epoch": self.epoch,
            **({"usd": show_units(self.usd, USD_DECIMALS)} if self.usd else {}),
        }


_FIRST = 1 << 32
"""Above every policy's priority: what makes all their figures void is named, not a policy that tells those figures."""
_TAMPERED = replace(
    house(
        "POLICY_SET",
        Tier.DENY,
        TAMPERED,
        "the policies were changed outside of the daemon, so everything is denied",
    ),
    priority=_FIRST,
)


_CLOCK = house("CLOCK", Tier.APPROVAL, "CLOCK_DISAGREES", "the machine's clock and the chain's are minutes apart")
_UNRECONCILED = replace(
    house(
        "RECONCILIATION",
        Tier.DENY,
        UNRECONCILED,
        "the data directory was restored or moved, and nobody has said yet what was spent since",
    ),
    priority=_FIRST,
)


def judged_usd(row: Transaction) -> int:
    """What a row was worth when it was last judged, in millionths of a dollar; 0 where nothing had a price."""
    text = json.loads(row.decision).get("usd")
    return micro_usd(text) if text else 0


Prices = Callable[[Sequence[Asset]], Mapping[str, tuple[str, int]]]
"""Fresh prices of a transaction's assets, by id; asked for at each judgement, so it must answer from memory."""


def no_prices(assets: Sequence[Asset]) -> Mapping[str, tuple[str, int]]:
    """Nothing has a price."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """One policy that applies, whom to ask, and the windows it wants; or the denial that stands in for its answer."""

    policy: Policy
    judge: Judge | None = None
    windows: tuple[Window, ...] = ()
    denial: Named | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What is judged by.

    :param are_whole: whether the policies are those that the daemon wrote; :param doubtful: agents whose windows nobody knows
    :param books: opens what windows are read from
    """

    policies: Sequence[Policy]
    books: Callable[[], AbstractContextManager[Unit]]
    are_whole: bool = True
    doubtful: frozenset[str] = frozenset()


class Evaluator:
    """Judges transactions. Thread-safe.

    Policies are read in one short session and windows in another; judges are asked outside of both.
    """

    def __init__(
        self,
        store: Store,
        judges: Judges,
        chains: Chains,
        settings: Settings,
        clock: Clock,
        prices: Prices = no_prices,
    ) -> None:
        self._store = store
        self._judges = judges
        self._chains = chains
        self._delay = settings.security.delay_seconds
        self._clock = clock
        self._prices = prices

    def judge(self, subject: Subject) -> Judgement:
        """Judge now. Reads the database; no network; may be called again."""
        now = self._clock.now()
        with self._store.read() as unit:
            epoch = unit.state.get(POLICY_EPOCH) or "0"
            policies, are_whole = unit.policies.sealed_for(subject.agent.id)
            doubtful = unreconciled(unit)
        ground = _Ground(policies=policies, are_whole=are_whole, doubtful=doubtful, books=self._store.read)
        return self._weighed(subject, ground, epoch, now)

    def rehearse(self, subject: Subject, policies: Sequence[Policy], now: int, books: Unit) -> Judgement:
        """What other policies would have decided at another time over other books; it holds for nothing. No network.

        :param books: where windows are read; not this evaluator's database
        """
        return self._weighed(subject, _Ground(policies=policies, books=lambda: nullcontext(books)), "", now)

    def _weighed(self, subject: Subject, ground: _Ground, epoch: str, now: int) -> Judgement:
        resolved, doubtful = subject.resolved, ground.doubtful
        prices = self._prices(resolved.assets)
        questions = [self._question(policy, subject) for policy in ground.policies]
        bounds: list[Bound] = []
        known: Known = {}
        with ground.books() as unit:
            asked = [_measured(unit, subject, one, now, known, doubtful) for one in questions]
            own = [*self._house(unit, subject, now, bounds), *_doubts(subject, ground.are_whole, doubtful)]
        answers = [
            self._answer(one, values, self._facts(subject, now, values, ends, prices), bounds)
            for one, values, ends in asked
        ]
        verdicts = [*(named for named in answers if named is not None), *own]
        decision = combine(verdicts, resolved.intent.kind, resolved.effects, self._delay, resolved.cautions)
        usd = leaving_value(resolved.effects, resolved.assets, prices)[0] if prices else 0
        return Judgement(decision=decision, bounds=_tightest(bounds), epoch=epoch, at=now, usd=usd)

    def still_holds(self, unit: Unit, subject: Subject, judgement: Judgement) -> bool:
        """Under the writer lock: no policy changed and every window is within its bound."""
        if (unit.state.get(POLICY_EPOCH) or "0") != judgement.epoch:
            return False
        now = self._clock.now()
        return all(read_window(unit, subject, bound.window, now) <= bound.at_most for bound in judgement.bounds)

    def _question(self, policy: Policy, subject: Subject) -> _Question:
        judge = self._judges.get(policy.type)
        if judge is None:
            why = f"no plugin knows the policy type {policy.type}"
            return _Question(policy=policy, denial=unreadable(policy.id, policy.type, why, "POLICY_TYPE_MISSING"))
        try:
            windows = tuple(judge.windows(policy, subject.resolved))
            return _Question(policy=policy, judge=judge, windows=windows)
        except Exception as problem:  # noqa: BLE001 - what cannot be judged denies
            return _Question(policy=policy, denial=_unjudged(policy, problem))

    def _answer(self, one: _Question, values: Mapping[str, int], facts: Facts, bounds: list[Bound]) -> Named | None:
        if one.judge is None:
            return one.denial
        policy = one.policy
        try:
            verdict = one.judge.judge(policy, facts)
            bounds += _bounds(verdict, one.windows, values)
        except Exception as problem:  # noqa: BLE001 - what cannot be judged denies
            return _unjudged(policy, problem)
        if verdict is None:
            return None
        if verdict.grants and not one.judge.grants:
            verdict = replace(verdict, grants=False)
        if verdict.tier is Tier.DENY and FULL in values.values():
            verdict = _doubted(verdict)
        return Named(verdict=verdict, type=policy.type, policy_id=policy.id, priority=policy.priority)

    def _facts(
        self,
        subject: Subject,
        now: int,
        values: Mapping[str, int],
        ends: Mapping[str, int],
        prices: Mapping[str, tuple[str, int]],
    ) -> Facts:
        native = self._chains.of(subject.agent).network.native.id
        agent = subject.agent
        owner = "NONE" if agent.owner_address is None else "LOCKED" if agent.owner_verified else "GRACE"
        return Facts(
            now=now,
            agent=agent.id,
            session=subject.session_id,
            chain=agent.chain,
            network=agent.network,
            native=native,
            kind=subject.resolved.intent.kind,
            effects=subject.resolved.effects,
            fee=Amount(asset=native, units=subject.fee_cap),
            resolved=subject.resolved,
            windows=values,
            oldest=ends,
            prices=prices,
            owner_state=owner,
            held_seconds=subject.held_seconds,
        )

    def _house(self, unit: Unit, subject: Subject, now: int, bounds: list[Bound]) -> list[Named]:
        doubted = [_CLOCK] if self._chains.of(subject.agent).ahead is not None else []
        return [*doubted, *self._fee(unit, subject, now, bounds), *self._session(unit, subject, now, bounds)]

    def _fee(self, unit: Unit, subject: Subject, now: int, bounds: list[Bound]) -> list[Named]:
        chain = self._chains.of(subject.agent)
        window = fee_window(chain.network.native.id)
        values, ends = read_windows(unit, subject, [window], now)
        named = judge_fee(subject.fee_cap, values[FEE_DAY], chain.fees, ends.get(FEE_DAY))
        bounds += _bounds(named.verdict, [window], values)
        return [named]

    def _session(self, unit: Unit, subject: Subject, now: int, bounds: list[Bound]) -> list[Named]:
        if subject.session is None:
            return []
        native = self._chains.of(subject.agent).network.native.id
        try:
            constraints = read_constraints(json.loads(subject.session.constraints))
        except (BadRequest, Malformed, ValueError):
            return [
                unreadable(
                    "", "SESSION_CONSTRAINT", "the session's constraints cannot be read", "CONSTRAINT_UNREADABLE"
                )
            ]
        windows = constraint_windows(constraints, native)
        values, _ = read_windows(unit, subject, windows, now)
        found = judge_constraints(constraints, subject.resolved, native, values)
        held = {name: most for named in found for name, most in named.verdict.valid_while.items()}
        bounds += [Bound(window=window, at_most=held.get(window.name, values[window.name])) for window in windows]
        return list(found)


def _doubts(subject: Subject, are_whole: bool, doubtful: frozenset[str]) -> list[Named]:
    """What denies whatever the policies say: they are not the operator's, or what was spent is unknown (invariants 10, 14)."""
    unknown = (_UNRECONCILED,) if subject.agent.id in doubtful else ()
    return [*unknown, *(() if are_whole else (_TAMPERED,))]


def _doubted(verdict: Verdict) -> Verdict:
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


def _measured(
    unit: Unit, subject: Subject, one: _Question, now: int, known: Known, doubtful: frozenset[str]
) -> tuple[_Question, Mapping[str, int], Mapping[str, int]]:
    """The question with its windows' values; a window that nobody can measure denies."""
    try:
        values, ends = read_windows(unit, subject, one.windows, now, known)
        return one, with_doubt(values, one.windows, subject.agent.id, doubtful) if doubtful else values, ends
    except (ValueError, LookupError, TypeError, AttributeError) as problem:
        return replace(one, judge=None, windows=(), denial=_unjudged(one.policy, problem)), {}, {}


def _bounds(verdict: Verdict | None, windows: Sequence[Window], values: Mapping[str, int]) -> list[Bound]:
    """Up to where the answer holds; a window that it does not name holds only at the very value it was judged with."""
    holds = {} if verdict is None else verdict.valid_while
    return [Bound(window=window, at_most=holds.get(window.name, values[window.name])) for window in windows]


def _tightest(bounds: Sequence[Bound]) -> tuple[Bound, ...]:
    """One bound for all windows of one value, so that nothing is read twice under the writer lock."""
    found: dict[Sameness, Bound] = {}
    for bound in bounds:
        key = sameness(bound.window)
        if key not in found or bound.at_most < found[key].at_most:
            found[key] = bound
    return tuple(found.values())


def _unjudged(policy: Policy, problem: Exception) -> Named:
    if isinstance(problem, Unjudged):  # said in the log by who knows more
        return unreadable(policy.id, policy.type, problem.reason, problem.code)
    _log.error("policy %s (%s) could not be judged, so it denies", policy.id, policy.type, exc_info=problem)
    return unreadable(policy.id, policy.type, "this policy could not be read or judged, so it denies")
