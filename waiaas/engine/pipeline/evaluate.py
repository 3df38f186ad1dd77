"""Evaluate: every policy, constraint and fee limit over one transaction, outside the writer lock.

The judgement carries the windows it rests on, each with the largest value at which it still holds. Whoever commits it re-reads
those windows under the lock (:meth:`Evaluator.still_holds`); plugin code never runs there.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from waiaas.clock import Clock
from waiaas.config import Settings
from waiaas.engine.chains import Chains
from waiaas.engine.facts import Subject, read_window, read_windows
from waiaas.engine.rules.constraints import constraint_windows, judge_constraints, read_constraints
from waiaas.engine.rules.fees import FEE_DAY, fee_window, judge_fee
from waiaas.engine.rules.verdicts import Decision, Named, combine, unreadable, wire_verdict
from waiaas.errors import BadRequest, Malformed
from waiaas.interfaces.chain import Amount
from waiaas.interfaces.policy import Facts, PolicyType, Verdict, Window
from waiaas.registry import Registry
from waiaas.store.database import Store, Unit
from waiaas.store.records import Policy

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
    """

    decision: Decision
    bounds: tuple[Bound, ...]
    epoch: str
    at: int

    def to_wire(self) -> dict[str, Any]:
        """The decision as it is stored and shown."""
        named = self.decision.named
        return {
            "tier": self.decision.tier.value,
            **{key: value for key, value in wire_verdict(named).items() if key != "tier"},
            "verdicts": [wire_verdict(item) for item in self.decision.verdicts],
            "judgedAt": self.at,
            "epoch": self.epoch,
        }


class Evaluator:
    """Judges transactions. Thread-safe; keeps parsed rules, which never change under one version."""

    def __init__(self, store: Store, registry: Registry, chains: Chains, settings: Settings, clock: Clock) -> None:
        self._store = store
        self._types = registry.policy_types
        self._chains = chains
        self._delay = settings.security.delay_seconds
        self._clock = clock
        self._rules: dict[tuple[str, int], BaseModel] = {}

    def judge(self, subject: Subject) -> Judgement:
        """Judge now. Reads the database; no network; may be called again."""
        now = self._clock.now()
        with self._store.read() as unit:
            epoch = unit.state.get(POLICY_EPOCH) or "0"
            bounds: list[Bound] = []
            verdicts = [*self._policies(unit, subject, now, bounds), *self._house(unit, subject, now, bounds)]
        resolved = subject.resolved
        decision = combine(verdicts, resolved.intent.kind, resolved.effects, self._delay, resolved.cautions)
        return Judgement(decision=decision, bounds=tuple(bounds), epoch=epoch, at=now)

    def still_holds(self, unit: Unit, subject: Subject, judgement: Judgement) -> bool:
        """Under the writer lock: no policy changed and every window is within its bound."""
        if (unit.state.get(POLICY_EPOCH) or "0") != judgement.epoch:
            return False
        now = self._clock.now()
        return all(read_window(unit, subject, bound.window, now) <= bound.at_most for bound in judgement.bounds)

    def _policies(self, unit: Unit, subject: Subject, now: int, bounds: list[Bound]) -> list[Named]:
        found = [
            self._one(unit, policy, subject, now, bounds) for policy in unit.policies.applying_to(subject.agent.id)
        ]
        return [named for named in found if named is not None]

    def _one(self, unit: Unit, policy: Policy, subject: Subject, now: int, bounds: list[Bound]) -> Named | None:
        judge = self._types.get(policy.type)
        if judge is None:
            return unreadable(
                policy.id, policy.type, f"no plugin knows the policy type {policy.type}", "POLICY_TYPE_MISSING"
            )
        try:
            return self._judged(unit, policy, judge, subject, now, bounds)
        except Exception:  # noqa: BLE001 - what cannot be judged denies
            _log.exception("policy %s (%s) could not be judged, so it denies", policy.id, policy.type)
            return unreadable(policy.id, policy.type, "this policy could not be read or judged, so it denies")

    def _judged(
        self, unit: Unit, policy: Policy, judge: PolicyType[Any], subject: Subject, now: int, bounds: list[Bound]
    ) -> Named | None:
        rules = self._parsed(policy, judge)
        windows = judge.windows(rules, subject.resolved)
        values, ends = read_windows(unit, subject, windows, now)
        verdict = judge.judge(rules, self._facts(subject, now, values, ends))
        if verdict is None:
            bounds += [Bound(window=window, at_most=values[window.name]) for window in windows]
            return None
        if not isinstance(verdict, Verdict):
            raise TypeError("a judge answers with a verdict or None")
        bounds += _bounds(verdict, windows, values)
        granting = replace(verdict, grants=verdict.grants and judge.grants)
        return Named(verdict=granting, type=policy.type, policy_id=policy.id, priority=policy.priority)

    def _parsed(self, policy: Policy, judge: PolicyType[Any]) -> BaseModel:
        known = self._rules.get((policy.id, policy.version))
        if known is None:
            known = judge.rules_model.model_validate_json(policy.rules)
            self._rules[policy.id, policy.version] = known
        return known

    def _facts(self, subject: Subject, now: int, values: Mapping[str, int], ends: Mapping[str, int]) -> Facts:
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
            owner_state=owner,
            held_seconds=subject.held_seconds,
        )

    def _house(self, unit: Unit, subject: Subject, now: int, bounds: list[Bound]) -> list[Named]:
        return [*self._fee(unit, subject, now, bounds), *self._session(unit, subject, now, bounds)]

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


def _bounds(verdict: Verdict, windows: Sequence[Window], values: Mapping[str, int]) -> list[Bound]:
    return [
        Bound(window=window, at_most=verdict.valid_while.get(window.name, values[window.name])) for window in windows
    ]
