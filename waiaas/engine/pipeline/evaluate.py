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
from waiaas.engine.chains import Chain, Chains
from waiaas.engine.facts import Measured, Subject, Wanted, measure, told, wanted
from waiaas.engine.judge_cell import Unjudged
from waiaas.engine.judges import Judge, Judges
from waiaas.engine.pipeline.bounds import Bounds, with_sources
from waiaas.engine.pipeline.house_rules import HouseRule, doubted, doubts, house_rules
from waiaas.engine.reconciliation import FULL, unreconciled, with_doubt
from waiaas.engine.rules.verdicts import Decision, Named, combine, unreadable, wire_verdict
from waiaas.interfaces.chain import Amount, Asset
from waiaas.interfaces.ids import show_units
from waiaas.interfaces.money import USD_DECIMALS, leaving_value, micro_usd
from waiaas.interfaces.policy import Facts, Tier
from waiaas.store.database import Store, Unit
from waiaas.store.records import Policy, Transaction

_log = logging.getLogger("waiaas.policies")
POLICY_EPOCH = "policy_epoch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A decision and what it rests on.

    :param epoch: the count of policy changes at the time
    :param usd: what of it leaves and has a price was worth then, in millionths of a dollar
    """

    decision: Decision
    bounds: Bounds
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
    windows: Wanted = ()
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
        resolved, network = subject.resolved, self._chains.of(subject.agent)
        prices = self._prices(resolved.assets)
        questions = [self._question(policy, subject) for policy in ground.policies]
        rules = house_rules(subject, network)
        asked = with_sources([*(one.windows for one in questions), *(rule.windows for rule in rules)])
        with ground.books() as unit:
            measured = measure(unit, subject, asked.items(), now)
        facts, bounds = _common_facts(subject, network, now, prices), Bounds(asked, measured)
        answers = [self._answer(one, measured, facts, ground.doubtful, bounds) for one in questions]
        verdicts = [
            *(named for named in answers if named is not None),
            *(named for rule in rules for named in _ruled(rule, measured, bounds)),
            *doubts(subject, ground.are_whole, ground.doubtful),
        ]
        decision = combine(verdicts, resolved.intent.kind, resolved.effects, self._delay, resolved.cautions)
        usd = leaving_value(resolved.effects, resolved.assets, prices)[0] if prices else 0
        return Judgement(decision=decision, bounds=bounds, epoch=epoch, at=now, usd=usd)

    def still_holds(self, unit: Unit, subject: Subject, judgement: Judgement) -> bool:
        """Under the writer lock: no policy changed and every window is within its bound."""
        if (unit.state.get(POLICY_EPOCH) or "0") != judgement.epoch:
            return False
        return judgement.bounds.still_hold(unit, subject, self._clock.now())

    def _question(self, policy: Policy, subject: Subject) -> _Question:
        judge = self._judges.get(policy.type)
        if judge is None:
            why = self._judges.why_missing(policy.type)
            return _Question(policy=policy, denial=unreadable(policy.id, policy.type, why, "POLICY_TYPE_MISSING"))
        try:
            return _Question(policy=policy, judge=judge, windows=wanted(judge.windows(policy, subject.resolved)))
        except Exception as problem:  # noqa: BLE001 - what cannot be judged denies
            return _Question(policy=policy, denial=_unjudged(policy, problem))

    def _answer(
        self,
        one: _Question,
        measured: Measured,
        common: Mapping[str, Any],
        doubtful: frozenset[str],
        bounds: Bounds,
    ) -> Named | None:
        """The policy's verdict, and up to where it holds; what cannot be measured or judged denies."""
        policy, judge = one.policy, one.judge
        if judge is None:
            return one.denial
        try:
            values, ends = told(measured, one.windows)
            if doubtful:
                values = with_doubt(values, [window for _, window in one.windows], common["agent"], doubtful)
            verdict = judge.judge(policy, Facts(**common, windows=values, oldest=ends))
            bounds.hold(one.windows, values, {} if verdict is None else verdict.valid_while)
        except Exception as problem:  # noqa: BLE001 - what cannot be judged denies
            return _unjudged(policy, problem)
        if verdict is None:
            return None
        if verdict.grants and not judge.grants:
            verdict = replace(verdict, grants=False)
        if verdict.tier is Tier.DENY and FULL in values.values():
            verdict = doubted(verdict)
        return Named(verdict=verdict, type=policy.type, policy_id=policy.id, priority=policy.priority)


def _common_facts(subject: Subject, chain: Chain, now: int, prices: Mapping[str, tuple[str, int]]) -> Mapping[str, Any]:
    """What every judge is told alike; windows come from each policy."""
    native, agent = chain.network.native.id, subject.agent
    return {
        "now": now,
        "agent": agent.id,
        "session": subject.session_id,
        "chain": agent.chain,
        "network": agent.network,
        "native": native,
        "kind": subject.resolved.intent.kind,
        "effects": subject.resolved.effects,
        "fee": Amount(asset=native, units=subject.fee_cap),
        "resolved": subject.resolved,
        "prices": prices,
        "owner_state": "NONE" if agent.owner_address is None else "LOCKED" if agent.owner_verified else "GRACE",
        "held_seconds": subject.held_seconds,
    }


def _ruled(rule: HouseRule, measured: Measured, bounds: Bounds) -> Sequence[Named]:
    """What a house rule says, and up to where that holds: of two verdicts on one window, the tighter bound."""
    values, ends = told(measured, rule.windows)
    said = rule.judge(values, ends)
    held: dict[str, int] = {}
    for one in said:
        held |= {name: min(most, held.get(name, most)) for name, most in one.verdict.valid_while.items()}
    bounds.hold(rule.windows, values, held)
    return said


def _unjudged(policy: Policy, problem: Exception) -> Named:
    if isinstance(problem, Unjudged):  # said in the log by who knows more
        return unreadable(policy.id, policy.type, problem.reason, problem.code)
    _log.error("policy %s (%s) could not be judged, so it denies", policy.id, policy.type, exc_info=problem)
    return unreadable(policy.id, policy.type, "this policy could not be read or judged, so it denies")
