"""EXPRESSION: CEL over the facts."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.builtin.cases import NATIVE, NOW, TOKEN, Reader, facts, out
from waiaas.builtin.cel_language import is_true
from waiaas.builtin.expression import Expression, ExpressionRules
from waiaas.errors import Malformed
from waiaas.interfaces.chain import Effect, What
from waiaas.interfaces.policy import Facts, Tier, Verdict

KIND = Expression()


def rules(expression: str, verdict: str = "deny") -> ExpressionRules:
    return ExpressionRules.model_validate_json(f'{{"expression":{quoted(expression)},"verdict":"{verdict}"}}')


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def judged(expression: str, given: Facts, verdict: str = "deny") -> Verdict | None:
    return KIND.judge(KIND.normalise(rules(expression, verdict), Reader()), given)


HUGE = 10**60
PRICED = replace(facts(out(3 * 10**9), out(5, asset=TOKEN)), prices={NATIVE: ("142.5", NOW), TOKEN: ("1", NOW)})


@pytest.mark.parametrize(
    "expression",
    [
        "true",
        "agent == 'agent' && session == 'session' && chain == 'solana' && network == 'localnet'",
        f"native == '{NATIVE}' && kind == 'TRANSFER' && owner_state == 'NONE'",
        f"now == {NOW} && held_seconds == 0",
        "timestamp(now).getFullYear() == 2027",
        "timestamp(now).getHours('Asia/Tokyo') != timestamp(now).getHours('Europe/Zurich')",
        "fee.atMost('5000') && fee.atLeast('5000') && fee.above('4999') && fee.below('5001')",
        "effects.size() == 2 && effects.all(e, e.what == 'out' && e.to == 'ALICE' && e.method == '')",
        "effects.exists(e, e.asset == native && e.units == '3000000000')",
        f"effects.leaving(native) == '3000000000' && effects.leaving('{TOKEN}') == '5' && effects.leaving('none') == '0'",
        "leaving_usd.above('427.5') && leaving_usd.atMost('427.55')",
        "prices[native] == '142.5' && size(prices) == 2",
        "effects.exists(e, e.to.matches('^A.*E$'))",
        "leaving_usd.above('100') && !(agent in ['somebody', 'else'])",
    ],
)
def test_every_fact_can_be_asked_for(expression: str) -> None:
    """The expression is true, so the verdict holds and says which expression it was."""
    verdict = judged(expression, PRICED)
    assert verdict is not None
    assert (verdict.tier, verdict.code, verdict.grants) == (Tier.DENY, "EXPRESSION_TRUE", False)
    assert verdict.reason == f"it is so that {expression}" or expression[:160] in verdict.reason


def test_where_it_is_false_the_policy_does_not_apply() -> None:
    """No verdict at all."""
    assert judged("effects.leaving(native).above('10')", facts(out(10))) is None


@pytest.mark.parametrize(("word", "tier"), [("deny", Tier.DENY), ("APPROVAL", Tier.APPROVAL), ("delay", Tier.DELAY)])
def test_the_verdict_is_the_one_that_was_written(word: str, tier: Tier) -> None:
    """Deny or a tier, in either case; left out it is deny."""
    verdict = judged("true", facts(out(1)), word)
    assert verdict is not None
    assert verdict.tier is tier
    assert ExpressionRules(expression="true").verdict is Tier.DENY


@settings(deadline=None)
@given(st.integers(0, HUGE), st.integers(0, HUGE))
def test_amounts_of_any_size_are_compared_exactly(one: int, other: int) -> None:
    """Comparisons of amounts agree with integers far beyond 64 bits."""
    given = facts(out(one))
    for name, holds in (
        ("above", one > other),
        ("atLeast", one >= other),
        ("below", one < other),
        ("atMost", one <= other),
    ):
        assert is_true(f"effects.leaving(native).{name}('{other}')", given) is holds


@settings(deadline=None)
@given(st.lists(st.integers(0, HUGE), max_size=5), st.integers(0, 9), st.sampled_from([What.LOCKED, What.APPROVE]))
def test_what_leaves_is_the_sum_of_all_effects(units: list[int], more: int, what: What) -> None:
    """Outflows, rent and allowances of the asset count, other effects and assets do not."""
    beside = Effect(what=what, asset=NATIVE, units=more, to="B")
    given = facts(*(out(one) for one in units), beside, out(7, asset=TOKEN), Effect(what=What.CALL, method="m"))
    assert is_true(f"effects.leaving(native) == '{sum(units) + more}'", given)


def test_an_unlimited_allowance_is_more_than_every_amount() -> None:
    """No limit lets it through by comparing."""
    given = facts(Effect(what=What.APPROVE, asset=NATIVE, units=None, to="B"))
    assert is_true(f"effects.leaving(native).above('{'9' * 90}') && effects[0].units.atLeast('1')", given)
    assert not is_true("effects.leaving(native).atMost('5')", given)


@pytest.mark.parametrize(
    "expression",
    [
        "effects[7].to == 'x'",
        "effects.exists(e, e.unit == '1')",
        "effects.exists(e, int(e.to) > 1)",
        f"effects.exists(e, int(e.units) * {2**62} > 1)",
        "fee.above('1e3')",
        "fee.above('-1')",
        "fee.above('١')",
        "1 / (now - now) == 1",
        "effects[0].to.matches('(')",
        "prices['nobody'] == '1'",
    ],
)
def test_an_expression_that_fails_denies(expression: str) -> None:
    """Whatever the verdict would be where it is true."""
    verdict = judged(expression, facts(out(3)), "notify")
    assert verdict is not None
    assert (verdict.tier, verdict.code) == (Tier.DENY, "EXPRESSION_FAILED")


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("", "at least 1 character"),
        ("true" + " " * 4000, "at most 4000"),
        ("amount > 5", "undeclared reference to 'amount'"),
        ("effects.leaving(native) > 5", "no matching overload"),
        ("fee", "it is STRING"),
        ("now", "it is INT"),
        ("dyn(fee)", "it is DYN"),
        ("agent ==", "Syntax error"),
        ("open('/etc/passwd') == ''", "undeclared reference to 'open'"),
        ("(" * 300 + "true" + ")" * 300, "recursion"),
    ],
)
def test_what_is_no_expression_is_refused_when_it_is_written(expression: str, said: str) -> None:
    """Names, types and syntax are checked before a policy is stored, with the place."""
    with pytest.raises((Malformed, ValidationError), match=said):
        KIND.normalise(rules(expression), Reader())


def test_without_a_price_a_person_decides() -> None:
    """Where the price decides it is APPROVAL, or the stricter verdict; where it does not, the price is not missed."""
    given = facts(out(3))
    assert decided("leaving_usd.above('100')", given, "notify") == (Tier.APPROVAL, "PRICE_MISSING")
    assert decided("leaving_usd.above('100')", given, "deny") == (Tier.DENY, "PRICE_MISSING")
    assert decided("prices[native].above('200')", given, "notify") == (Tier.APPROVAL, "PRICE_MISSING")
    assert decided("leaving_usd.above('100') || agent == 'agent'", given, "notify") == (Tier.NOTIFY, "EXPRESSION_TRUE")
    assert judged("leaving_usd.above('100') && agent == 'other'", given) is None
    assert judged("native in prices && leaving_usd.above('100')", given) is None
    assert decided("leaving_usd.above('100') || fee.above('x')", given, "notify") == (Tier.DENY, "EXPRESSION_FAILED")


def decided(expression: str, given: Facts, verdict: str) -> tuple[Tier, str]:
    found = judged(expression, given, verdict)
    assert found is not None
    return found.tier, found.code


def test_a_stale_price_is_no_price() -> None:
    """Facts hold fresh prices alone; one asset without makes the sum unknown."""
    half = replace(PRICED, prices={NATIVE: ("142.5", NOW)})
    assert decided("leaving_usd.above('100')", half, "notify") == (Tier.APPROVAL, "PRICE_MISSING")


def test_it_looks_at_no_history() -> None:
    """It asks for no window."""
    assert KIND.windows(rules("true"), PRICED.resolved) == ()


@pytest.mark.parametrize(
    ("old", "new", "is_tighter"),
    [
        (("true", "notify"), ("true", "notify"), True),
        (("true", "notify"), ("true", "deny"), True),
        (("true", "deny"), ("true", "approval"), False),
        (("true", "deny"), ("agent == agent", "deny"), False),
    ],
)
def test_only_the_same_expression_is_compared(old: tuple[str, str], new: tuple[str, str], is_tighter: bool) -> None:
    """Two expressions cannot be told apart, so an owner is asked."""
    assert KIND.is_tighter(rules(*old), rules(*new)) is is_tighter


def test_a_long_expression_is_shortened_in_reasons() -> None:
    """An agent reads the start of it."""
    verdict = judged(" || ".join(["agent == 'agent'"] * 30), facts(out(1)))
    assert verdict is not None
    assert verdict.reason.endswith("…")
    assert len(verdict.reason) < 200


def test_the_examples_of_the_page_are_expressions() -> None:
    """What docs/policies.md shows can be stored and judged, and every name of its table is a variable."""
    page = (Path(__file__).parents[2] / "docs/policies.md").read_text().split("## EXPRESSION")[1].split("\n## ")[0]
    document, examples = re.findall(r"^```(?:json)?\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    shown = [json.loads(document)["expression"], *examples.splitlines()]
    assert len(shown) == 5
    for expression in shown:
        is_true(expression, PRICED)
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    for name in re.findall(r"`(\w+)`", " ".join(rows)):
        is_true(f"dyn({name}) == dyn({name})", PRICED)
