"""The conformance kit of policy types: inherit :class:`PolicyKit`, give it a ``bench`` fixture, and run pytest.

Each test states one promise of :mod:`waiaas.interfaces.policy`. The kit knows no rules: what differs is in the bench::

    class TestMyType(PolicyKit):
        @pytest.fixture
        def bench(self) -> PolicyBench:
            return PolicyBench(policy=MyType(), make=MyType, rules=(MyRules(most="5"), MyRules(most="7")))
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import product

import pytest
from pydantic import BaseModel, ValidationError

from waiaas.errors import Malformed
from waiaas.interfaces.policy import PolicyType, Tier, Verdict, Window
from waiaas.interfaces.spelling import require_one_spelling
from waiaas.testing.policy_bench import (
    HUGE,
    PolicyBench,
    SpellingReader,
    Trial,
    misspelt,
    odd_effects,
    resolved,
    with_a_stranger,
)
from waiaas.testing.purity import nothing_outside

_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,63}")
_LONGEST_REASON = 600
_MEASURES = {"spent", "count", "failed", "denied", "near_limit"}


class PolicyKit:
    """Every promise. The subclass provides the fixture ``bench``."""

    def test_rules_refuse_what_they_do_not_know(self, bench: PolicyBench) -> None:
        """Unknown keys are refused, and what is stored reads back as it was."""
        for rules in bench.rules:
            assert type(rules).model_validate_json(rules.model_dump_json(exclude_none=True)) == rules
            with pytest.raises(ValidationError):
                type(rules).model_validate_json(with_a_stranger(rules))

    def test_addresses_and_assets_have_one_spelling(self, bench: PolicyBench) -> None:
        """What is stored is spelled as effects are; another spelling is brought into it, or refused."""
        reader = SpellingReader()
        for rules in bench.rules:
            require_one_spelling(rules.model_dump(mode="json"), reader)
            other = misspelt(rules)
            if other is None:
                continue
            kept: BaseModel | None = None
            with suppress(ValueError, Malformed):  # to refuse it is as good
                kept = bench.make().normalise(type(rules).model_validate_json(other), reader)
            if kept is not None:
                require_one_spelling(kept.model_dump(mode="json"), reader)

    def test_judging_is_pure(self, bench: PolicyBench) -> None:
        """The same arguments give the same verdict: whatever was judged before, at any time, with the world out of reach."""
        asked = [*product(bench.rules, bench.trials())]
        first = [_judged(bench.policy, rules, trial) for rules, trial in asked]
        fresh = bench.make()
        with nothing_outside(type(bench.policy)):
            again = [_judged(fresh, rules, trial) for rules, trial in reversed(asked)]
        for (rules, trial), before, after in zip(asked, first, reversed(again), strict=True):
            assert after == before, f"{rules} of {trial}"

    def test_judging_is_total(self, bench: PolicyBench) -> None:
        """Whatever a transaction does, with prices and without, there is a well-formed verdict, or none; nothing is raised."""
        for rules, effects in product(bench.rules, odd_effects()):
            trial = next(bench.trials())
            for odd in (trial.with_(odd=effects), trial.with_(odd=effects, prices={}, events=())):
                windows = _windows(bench.policy, rules, odd)
                verdict = bench.policy.judge(rules, odd.facts(windows))
                assert verdict is None or _is_well_formed(verdict, windows), f"{verdict} of {rules}, {effects}"

    def test_only_a_granting_type_grants(self, bench: PolicyBench) -> None:
        """A verdict grants only where its type says that it may, and never together with a denial."""
        for _, _, verdict in _verdicts(bench):
            assert not verdict.grants or (type(bench.policy).grants and verdict.tier is not Tier.DENY)

    def test_more_is_never_judged_milder(self, bench: PolicyBench) -> None:
        """A larger amount, and more spent before, gets a verdict at least as strict."""
        if not bench.is_monotone:
            return
        numbers = bench.numbers()
        for rules, trial in product(bench.rules, bench.trials()):
            ranks = [_rank(_judged(bench.policy, rules, trial.with_(units=units))) for units in numbers]
            assert ranks == sorted(ranks), f"{rules} of {trial.asset} at {numbers}: {ranks}"
            for window in _windows(bench.policy, rules, trial):
                if window.measure == "spent":
                    told = [trial.with_(values={window.name: value}) for value in numbers]
                    ranks = [_rank(_judged(bench.policy, rules, one)) for one in told]
                    assert ranks == sorted(ranks), f"{rules} after {window.name} of {numbers}: {ranks}"

    def test_what_remains_can_go_and_no_more(self, bench: PolicyBench) -> None:
        """``remaining`` is what this policy still lets go: that much is not denied, one unit more is."""
        for rules, trial, verdict in _verdicts(bench):
            windows = _windows(bench.policy, rules, trial)
            if verdict.remaining is None or (windows and all(one.measure != "spent" for one in windows)):
                continue  # of a type that counts transactions it is a number of those
            left = verdict.remaining
            within, beyond = (_judged(bench.policy, rules, trial.with_(units=units)) for units in (left, left + 1))
            assert left == 0 or within is None or within.tier is not Tier.DENY, f"{left} of {rules}, {trial}: {within}"
            assert beyond is not None, f"{left + 1} of {rules}, {trial}"
            assert beyond.tier is Tier.DENY, f"{left + 1} of {rules}, {trial}: {beyond}"

    def test_a_verdict_holds_within_its_bounds(self, bench: PolicyBench) -> None:
        """From the value that was judged up to the bound of ``valid_while``, no window makes the verdict stricter."""
        for rules, trial, verdict in _verdicts(bench):
            for values in _within(verdict, trial, _windows(bench.policy, rules, trial)):
                later = _judged(bench.policy, rules, trial.with_(values=values))
                assert _is_no_stricter(later, verdict), f"{rules} of {trial} with {values}: {later}, not {verdict}"

    def test_tighter_rules_let_nothing_more_pass(self, bench: PolicyBench) -> None:
        """Where ``is_tighter`` says so, the new rules are at least as strict about every payment after every past."""
        for old, new in product(bench.rules, repeat=2):
            if not bench.policy.is_tighter(old, new):
                continue
            for trial in bench.trials():
                for units in {trial.units, *bench.numbers()[:12]}:
                    asked = trial.with_(units=units)
                    before, after = (_judged(bench.policy, one, asked) for one in (old, new))
                    assert _rank(after) >= _rank(before), f"{asked}: {old} gives {before}, {new} gives {after}"


def _windows(policy: PolicyType[BaseModel], rules: BaseModel, trial: Trial) -> list[Window]:
    windows = [*policy.windows(rules, resolved(trial.effects))]
    assert len({one.name for one in windows}) == len(windows), "two windows of one name"
    assert all(one.measure in _MEASURES for one in windows), "a window that nobody can measure"
    return windows


def _judged(policy: PolicyType[BaseModel], rules: BaseModel, trial: Trial) -> Verdict | None:
    return policy.judge(rules, trial.facts(_windows(policy, rules, trial)))


def _verdicts(bench: PolicyBench) -> Iterator[tuple[BaseModel, Trial, Verdict]]:
    for rules, trial in product(bench.rules, bench.trials()):
        verdict = _judged(bench.policy, rules, trial)
        if verdict is not None:
            yield rules, trial, verdict


def _rank(verdict: Verdict | None) -> int:
    """From no verdict to a denial, and one that freezes."""
    return -1 if verdict is None else verdict.tier.rank + int(verdict.freeze and verdict.tier is Tier.DENY)


def _within(verdict: Verdict, trial: Trial, windows: list[Window]) -> Iterator[dict[str, int]]:
    """Window values between what was judged and the bounds: each bound alone, halfway, and all together."""
    judged = dict(trial.facts(windows).windows)
    most = {name: max(judged[name], min(verdict.valid_while.get(name, 0), HUGE)) for name in judged}
    for name, value in judged.items():
        yield {**judged, name: most[name]}
        yield {**judged, name: (value + most[name]) // 2}
    yield most


def _is_no_stricter(later: Verdict | None, verdict: Verdict) -> bool:
    return _rank(later) <= _rank(verdict) and (not verdict.grants or (later is not None and later.grants))


def _is_well_formed(verdict: Verdict, windows: list[Window]) -> bool:
    numbers = [verdict.remaining, verdict.resets_at, verdict.delay_seconds, *verdict.valid_while.values()]
    return (
        isinstance(verdict.tier, Tier)
        and _CODE.fullmatch(verdict.code) is not None
        and 0 < len(verdict.reason) <= _LONGEST_REASON
        and verdict.reason.isprintable()
        and all(type(number) is int for number in numbers if number is not None)
        and (verdict.remaining is None or verdict.remaining >= 0)
        and set(verdict.valid_while) <= {one.name for one in windows}
        and (verdict.freeze or not verdict.freeze_agents)
    )
