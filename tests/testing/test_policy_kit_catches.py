"""The kit of policy types is worth something: each wrong type here fails exactly the promise that it breaks."""

import inspect
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from waiaas.interfaces.chain import Resolved
from waiaas.interfaces.policy import Facts, PolicyType, Tier, Verdict, Window
from waiaas.testing.policy_bench import HUGE, NATIVE, TOKEN, PolicyBench
from waiaas.testing.policy_kit import PolicyKit


class CapRules(BaseModel):
    """The most in a minute."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    most: int


class Cap(PolicyType[Any]):
    """Right in everything: no more than so much of the coin in a minute."""

    type = "CAP"
    rules_model = CapRules
    grants = False

    def windows(self, rules: CapRules, resolved: Resolved) -> Sequence[Window]:
        return [Window(name="spent", measure="spent", seconds=60, scope="agent", where={"asset": NATIVE})]

    def judge(self, rules: CapRules, facts: Facts) -> Verdict | None:
        moved = [one.units for one in facts.effects if one.asset == NATIVE]
        if not moved:
            return None
        left = rules.most - facts.windows["spent"]
        if None in moved or sum(one or 0 for one in moved) > left:
            return Verdict(tier=Tier.DENY, code="OVER", reason=f"{max(0, left)} is left", remaining=max(0, left))
        holds = rules.most - sum(one or 0 for one in moved)
        return Verdict(
            tier=Tier.INSTANT, code="WITHIN", reason="it is within", remaining=left, valid_while={"spent": holds}
        )

    def is_tighter(self, old: CapRules, new: CapRules) -> bool:
        return new.most <= old.most


def changed(verdict: Verdict | None, **changes: Any) -> Verdict | None:
    return verdict and replace(verdict, **changes)


class LaxRules(BaseModel):
    """Takes whatever it is told."""

    most: int


class TakesAnything(Cap):
    """Reads rules with a typing error as rules without them."""

    rules_model = LaxRules  # type: ignore[assignment]


class Late(Cap):
    """Milder at night."""

    def judge(self, rules: CapRules, facts: Facts) -> Verdict | None:
        time.time()
        return super().judge(rules, facts)


class Modern(Cap):
    """Asks for the time in another way."""

    def judge(self, rules: CapRules, facts: Facts) -> Verdict | None:
        datetime.now(UTC)
        return super().judge(rules, facts)


class Configured(Cap):
    """Listens to the environment."""

    def windows(self, rules: CapRules, resolved: Resolved) -> Sequence[Window]:
        os.getenv("CAP")
        return super().windows(rules, resolved)


class Remembers(Cap):
    """Counts by itself."""

    count = 0

    def judge(self, rules: CapRules, facts: Facts) -> Verdict | None:
        self.count += 1
        return changed(super().judge(rules, facts), reason=f"number {self.count}")


class Holes(Cap):
    """Has not thought of amounts without a bound."""

    def judge(self, rules: CapRules, facts: Facts) -> Verdict | None:
        sum(one.units for one in facts.effects)  # type: ignore[misc]
        return super().judge(rules, facts)


class Wordless(Cap):
    """Says nothing to a person, where nothing leaves."""

    def judge(self, rules: CapRules, facts: Facts) -> Verdict | None:
        silent = Verdict(tier=Tier.INSTANT, code="fine", reason="")
        return silent if not facts.effects else super().judge(rules, facts)


class Grants(Cap):
    """A restriction that lets pass."""

    def judge(self, rules: CapRules, facts: Facts) -> Verdict | None:
        return changed(super().judge(rules, facts), grants=True)


class Overflows(Cap):
    """An amount that is large enough passes."""

    def judge(self, rules: CapRules, facts: Facts) -> Verdict | None:
        verdict = super().judge(rules, facts)
        is_huge = any(one.asset == NATIVE and one.units == HUGE for one in facts.effects)
        return changed(verdict, tier=Tier.INSTANT) if is_huge else verdict


class Boasts(Cap):
    """Says that one unit more could go."""

    def judge(self, rules: CapRules, facts: Facts) -> Verdict | None:
        verdict = super().judge(rules, facts)
        return verdict and replace(verdict, remaining=(verdict.remaining or 0) + 1)


class Understates(Cap):
    """Says that one unit less could go."""

    def judge(self, rules: CapRules, facts: Facts) -> Verdict | None:
        verdict = super().judge(rules, facts)
        return verdict and replace(verdict, remaining=max(0, (verdict.remaining or 0) - 1))


class Wide(Cap):
    """Forgets the amount itself."""

    def judge(self, rules: CapRules, facts: Facts) -> Verdict | None:
        verdict = super().judge(rules, facts)
        return changed(verdict, valid_while={"spent": rules.most}) if verdict and verdict.valid_while else verdict


class Lies(Cap):
    """Calls everything tighter."""

    def is_tighter(self, old: CapRules, new: CapRules) -> bool:
        return True


class NamedRules(CapRules):
    """Of some asset."""

    asset: str = TOKEN


class SpellsFreely(Cap):
    """Keeps an asset as it was written, though it would never match so."""

    rules_model = NamedRules


PROMISES = [name for name, _ in inspect.getmembers(PolicyKit, inspect.isfunction) if name.startswith("test_")]
WRONG: dict[type[Cap], str] = {
    TakesAnything: "test_rules_refuse_what_they_do_not_know",
    SpellsFreely: "test_addresses_and_assets_have_one_spelling",
    Late: "test_judging_is_pure",
    Modern: "test_judging_is_pure",
    Configured: "test_judging_is_pure",
    Remembers: "test_judging_is_pure",
    Holes: "test_judging_is_total",
    Wordless: "test_judging_is_total",
    Grants: "test_only_a_granting_type_grants",
    Overflows: "test_more_is_never_judged_milder",
    Boasts: "test_what_remains_can_go_and_no_more",
    Understates: "test_what_remains_can_go_and_no_more",
    Wide: "test_a_verdict_holds_within_its_bounds",
    Lies: "test_tighter_rules_let_nothing_more_pass",
}


def broken(kind: type[Cap]) -> list[str]:
    """The promises that a type does not keep."""
    rules = tuple(kind.rules_model.model_validate({"most": most}) for most in (5, 7))
    bench = PolicyBench(policy=kind(), make=kind, rules=rules)
    found = []
    for name in PROMISES:
        try:
            getattr(PolicyKit(), name)(bench)
        except Exception:  # noqa: BLE001 - however it fails, it fails
            found.append(name)
        except BaseException as problem:
            if type(problem).__name__ != "Failed":  # what pytest.raises ends with
                raise
            found.append(name)
    return found


def test_a_right_type_keeps_every_promise() -> None:
    """The type that the wrong ones are made from passes."""
    assert broken(Cap) == []


@pytest.mark.parametrize("kind", WRONG, ids=lambda kind: kind.__name__)
def test_each_wrong_type_fails_the_promise_that_it_breaks(kind: type[Cap]) -> None:
    """One mistake, one failing test."""
    assert broken(kind) == [WRONG[kind]]


def test_every_promise_is_broken_by_somebody() -> None:
    """No test of the kit passes whatever it is given."""
    assert set(WRONG.values()) == set(PROMISES)
