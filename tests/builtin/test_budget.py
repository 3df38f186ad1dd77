"""BUDGET: one allowance for several agents, in base units of an asset or in dollars."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.builtin.cases import NATIVE, NOW, RENT, TOKEN, Reader, facts, out, resolved
from waiaas.builtin.budget import Budget
from waiaas.builtin.budget_rules import BudgetRules
from waiaas.errors import Malformed
from waiaas.interfaces.chain import Effect, What
from waiaas.interfaces.money import USD
from waiaas.interfaces.policy import Tier, Verdict

POLICY = Budget()
ANN, BOB, EVE = (f"00000000-0000-7000-8000-00000000000{number}" for number in range(3))
PRICES = {NATIVE: "1000", TOKEN: "0.00003"}
"""A base unit of the coin is worth one millionth of a dollar; one of the token, 3 tenths of a millionth."""


def rules(**document: Any) -> BudgetRules:
    return POLICY.normalise(BudgetRules(**{"name": "team", "agents": (ANN, BOB), **document}), Reader())


def judge(document: BudgetRules, *effects: Effect, used: int = 0, agent: str = ANN, **told: Any) -> Verdict | None:
    return POLICY.judge(document, facts(*effects, windows={"budget": used}, agent=agent, **told))


def judged(document: BudgetRules, *effects: Effect, **told: Any) -> Verdict:
    verdict = judge(document, *effects, **told)
    assert verdict is not None
    return verdict


def test_the_budget_is_inclusive_and_denies_above() -> None:
    """What brings the agents exactly to the budget passes, one unit more is denied, with what is left and when more is."""
    document = rules(limit="100", window_seconds=3600)
    assert judged(document, out(40), used=60).tier is Tier.INSTANT
    verdict = judged(document, out(41), used=60, oldest={"budget": NOW + 9})
    assert (verdict.tier, verdict.code, verdict.remaining, verdict.resets_at) == (
        Tier.DENY, "BUDGET_EXCEEDED", 40, NOW + 9,
    )  # fmt: skip
    assert not verdict.grants
    assert judged(document, out(1), used=170).remaining == 0
    assert judged(document, out(101), oldest={"budget": NOW + 9}).resets_at is None


def test_only_those_who_share_it_are_judged() -> None:
    """An agent that is not named passes, whatever the others spend; with * there is none that is not."""
    other = judge(rules(limit="1"), out(5), agent=EVE)
    assert other is not None
    assert (other.tier, other.code, other.grants) == (Tier.INSTANT, "NOT_SHARED", False)
    assert other.valid_while["budget"] > 10**77
    for agents in ("*", ["*"], ("*",)):
        assert judged(rules(limit="1", agents=agents), out(5), agent=EVE).tier is Tier.DENY


def test_one_window_of_all_agents_is_asked_for() -> None:
    """The sum is over the named agents, or everybody; of the asset, or of every asset in dollars."""

    def asked(document: BudgetRules) -> list[Any]:
        return [
            (one.name, one.measure, one.seconds, one.scope, dict(one.where))
            for one in POLICY.windows(document, resolved((out(1),)))
        ]

    both = f"{ANN},{BOB}"
    named: Any = ("budget", "spent", 60, "all", {"asset": NATIVE, "agents": both})
    assert asked(rules(limit="5", window_seconds=60)) == [named]
    assert asked(rules(limit_usd="5", window_seconds=60, asset="native")) == [named]
    assert asked(rules(limit_usd="5")) == [("budget", "spent", None, "all", {"asset": USD, "agents": both})]
    assert asked(rules(limit="5", agents="*")) == [("budget", "spent", None, "all", {"asset": NATIVE})]
    assert asked(rules(limit="5", asset="Mint")) == []


def test_what_can_leave_of_the_asset_counts() -> None:
    """Outflows, locked value and allowances of the asset are summed; other assets are not its business."""
    document = rules(limit="10")
    allowance = Effect(what=What.APPROVE, asset=NATIVE, units=4, to="A")
    assert judged(document, out(2), RENT, allowance, out(99, asset=TOKEN)).tier is Tier.INSTANT
    assert judged(document, out(3), RENT, allowance).tier is Tier.DENY
    assert judge(document, out(5, asset=TOKEN)) is None
    assert judge(document, Effect(what=What.UNKNOWN)) is None


def test_every_asset_counts_in_dollars() -> None:
    """Without an asset the budget sums what all assets are worth, each rounded up once."""
    document = rules(limit_usd="0.00001")
    assert judged(document, out(7), out(10, asset=TOKEN), prices=PRICES).tier is Tier.INSTANT
    assert judged(document, out(7), out(11, asset=TOKEN), prices=PRICES).tier is Tier.DENY
    assert judged(document, out(5), out(3, asset=TOKEN), prices=PRICES, used=5).tier is Tier.DENY
    verdict = judged(document, out(20, asset=TOKEN), prices=PRICES, used=7)
    assert (verdict.tier, verdict.remaining) == (Tier.DENY, 10)
    assert judged(document, out(5), out(30, asset=TOKEN), prices=PRICES).remaining is None


def test_one_asset_counts_in_dollars_at_the_present_price() -> None:
    """With an asset the budget in dollars measures that asset alone, all that was spent of it at today's price."""
    document = rules(limit_usd="0.0001", asset="native")
    assert judged(document, out(40), out(10**9, asset=TOKEN), used=60, prices={NATIVE: "1000"}).tier is Tier.INSTANT
    assert judged(document, out(41), used=60, prices={NATIVE: "1000"}).remaining == 40
    assert judged(document, out(1), used=60, prices={NATIVE: "2000"}).tier is Tier.DENY
    assert judge(document, out(1, asset=TOKEN)) is None


@pytest.mark.parametrize("price", [{}, {NATIVE: "0"}])
@pytest.mark.parametrize("asset", [{}, {"asset": "native"}])
def test_without_a_price_a_person_decides(asset: dict[str, str], price: dict[str, str]) -> None:
    """A budget in dollars asks for approval where there is no price, or one of nothing."""
    verdict = judged(rules(limit_usd="1", **asset), out(1), prices=price)
    assert (verdict.tier, verdict.code, verdict.remaining) == (Tier.APPROVAL, "PRICE_MISSING", None)


def test_what_is_known_to_be_too_much_is_denied() -> None:
    """One asset without a price beside another does not save what is over the budget already."""
    document, both = rules(limit_usd="0.00001"), (out(11), out(1, asset=TOKEN))
    assert judged(document, *both, prices={NATIVE: "1000"}).tier is Tier.DENY
    assert judged(document, out(10), out(1, asset=TOKEN), prices={NATIVE: "1000"}).tier is Tier.APPROVAL


def test_an_unbounded_amount_is_over_every_budget() -> None:
    """An allowance without end breaches, whatever the measure and with no price too."""
    for document in (rules(limit="9"), rules(limit_usd="9"), rules(limit_usd="9", asset="native")):
        assert judged(document, out(None)).tier is Tier.DENY


@pytest.mark.parametrize("agents", ["*", (BOB, ANN)])
def test_a_breach_can_freeze_those_who_share_it(agents: Any) -> None:
    """The denial names whom to suspend: the agents of the budget, or everybody's; what passes freezes nobody."""
    document = rules(limit="5", on_breach="freeze", agents=agents)
    verdict = judged(document, out(6))
    assert (verdict.freeze, verdict.freeze_agents) == (True, ("*",) if agents == "*" else (ANN, BOB))
    assert not judged(document, out(5)).freeze
    harmless = judged(rules(limit="5"), out(6))
    assert (harmless.freeze, harmless.freeze_agents) == (False, ())


def test_reasons_have_the_figures() -> None:
    """The sentence names the budget in quotes, what is asked, used, allowed, and left."""
    document = rules(limit="1500000000", window_seconds=86_400)
    assert judged(document, out(2 * 10**9), used=10**9).reason == (
        '2 SOL is over the budget "team": 1 SOL of 1.5 SOL is used in the last 24 hours, 0.5 SOL is left'
    )
    assert judged(document, out(5 * 10**8), used=10**9).reason == (
        '0.5 SOL is within the budget "team": 1 SOL of 1.5 SOL is used in the last 24 hours'
    )
    dollars = rules(limit_usd="100", name='x"\n')
    assert judged(dollars, out(10**9), used=75_000_000, prices={NATIVE: "150"}).reason == (
        '150 USD is over the budget "x\\"\\n": 75 USD of 100 USD is used in all, 25 USD is left'
    )
    assert judged(rules(limit_usd="9", asset="native"), out(10**9), prices={NATIVE: "150"}).reason == (
        '150 USD is over the budget "team": 0 USD of 9 USD is used in all, 9 USD is left'
    )


@pytest.mark.parametrize(
    "document",
    [
        {}, {"limit": "1", "limit_usd": "1"}, {"limit": "0"}, {"limit": 1}, {"limit_usd": "0"},
        {"limit": "1", "agents": ()}, {"limit": "1", "agents": ("bob",)}, {"limit": "1", "agents": (ANN, "*")},
        {"limit": "1", "agents": "all"}, {"limit": "1", "agents": (ANN.replace("7", "A"),)}, {"limit": "1", "name": ""},
        {"limit": "1", "name": "x" * 65}, {"limit": "1", "window_seconds": 0}, {"limit": "1", "window_seconds": "60"},
        {"limit": "1", "on_breach": "stop"}, {"limit": "1", "daily_limit": "1"}, {"limit": "1", "agents": (ANN,) * 101},
    ],
)  # fmt: skip
def test_rules_that_make_no_sense_are_refused(document: dict[str, Any]) -> None:
    """Two measures or none, agents by name, amounts that are no wire amounts, and unknown keys."""
    with pytest.raises(ValidationError):
        BudgetRules(**{"name": "team", "agents": (ANN,), **document})


def test_rules_are_stored_canonically() -> None:
    """Agents become a list without repetitions, the asset its id; only a budget of every asset has none."""
    document = rules(limit="1", agents=(BOB, ANN, BOB))
    assert (document.agents, document.asset) == ((ANN, BOB), NATIVE)
    assert rules(limit_usd="1").asset is None
    assert rules(limit_usd="1", asset="Mint").asset == TOKEN
    assert BudgetRules.model_validate_json(document.model_dump_json()) == document
    with pytest.raises(Malformed):
        rules(limit="1", asset="Moon")


def test_what_cannot_be_judged_raises() -> None:
    """Rules without an asset, a missing window and a negative effect raise, which denies."""
    with pytest.raises(ValueError, match="not normalised"):
        POLICY.judge(BudgetRules(name="x", agents="*", limit="1"), facts(out(1)))
    with pytest.raises(KeyError):
        POLICY.judge(rules(limit="1"), facts(out(1), agent=ANN))
    with pytest.raises(ValueError, match="negative"):
        judged(rules(limit_usd="10"), out(12), out(-3), prices=PRICES)


# --- tried out

SIZES: list[int | None] = [0, 1, 2, 3, 4, 5, None]
SOME_PRICES: list[dict[str, str]] = [{}, {NATIVE: "1000"}, {NATIVE: "2000"}]
SECONDS = (60, 120, None)


def small(agents: st.SearchStrategy[Any]) -> st.SearchStrategy[BudgetRules]:
    amount = st.integers(1, 4)
    return st.builds(
        rules,
        agents=agents,
        window_seconds=st.sampled_from(SECONDS),
        on_breach=st.sampled_from(["deny", "freeze"]),
        asset=st.sampled_from([None, "native", "Mint"]),
        limit=amount.map(str),
    ) | st.builds(
        rules,
        agents=agents,
        window_seconds=st.sampled_from(SECONDS),
        asset=st.sampled_from([None, "native"]),
        limit_usd=amount.map(lambda micro: f"0.00000{micro}"),
    )


budgets = small(st.just("*") | st.lists(st.sampled_from([ANN, BOB]), min_size=1, max_size=2, unique=True).map(tuple))


@settings(deadline=None)
@given(document=budgets, amount=st.sampled_from(SIZES), used=st.integers(0, 6), prices=st.sampled_from(SOME_PRICES))
def test_a_verdict_holds_exactly_within_its_bound(
    document: BudgetRules, amount: int | None, used: int, prices: dict[str, str]
) -> None:
    """Every value of the window up to the bound gives the same verdict, the next one another."""
    verdict = judge(document, out(amount), used=used, prices=prices)
    if verdict is None or verdict.tier is Tier.DENY:
        assert verdict is None or verdict.valid_while == {}
        return
    most = verdict.valid_while["budget"]
    for value in range(min(most, 9) + 1):
        assert judged(document, out(amount), used=value, prices=prices).code == verdict.code
    beyond = judged(document, out(amount), used=most + 1, prices=prices)
    assert beyond.tier is Tier.DENY or (most > 10**90 and beyond.code == verdict.code)


@settings(deadline=None)
@given(
    document=budgets,
    amounts=st.lists(st.sampled_from(SIZES), min_size=2, max_size=2),
    used=st.lists(st.integers(0, 6), min_size=2, max_size=2).map(sorted),
    prices=st.sampled_from(SOME_PRICES),
)
def test_more_is_never_judged_milder(
    document: BudgetRules, amounts: list[int | None], used: list[int], prices: dict[str, str]
) -> None:
    """The verdict is monotone in the amount, an unbounded one being the largest, and in what was used."""
    less, more = sorted(amounts, key=lambda units: float("inf") if units is None else units)
    mild = judge(document, out(less), used=used[0], prices=prices)
    strict = judge(document, out(more), used=used[1], prices=prices)
    assert (mild is None) is (strict is None)
    assert mild is None or strict is None or mild.tier.rank <= strict.tier.rank


def is_milder(old: BudgetRules, new: BudgetRules) -> bool:
    """Whether some transaction of some agent after some history is let through, or let off, by the new rules alone.

    A history is when Ann and Bob each spent so many base units of coin and token, if ever, and their worth then.
    """
    pasts = product((None, 0, 1, 2), (None, 0, 1, 2), ((2, 0), (2, 1), (2, 3), (4, 1)))
    told = product((ANN, BOB, EVE), (NATIVE, TOKEN), (1, 2, 3, 5), SOME_PRICES[:2])
    for (ann, bob, each), (agent, asset, units, prices) in product(pasts, told):
        before, after = (
            _answer(one, {ANN: ann, BOB: bob}, each, agent, out(units, asset=asset), prices) for one in (old, new)
        )
        if after < before:
            return True
    return False


def _answer(
    document: BudgetRules,
    spent: dict[str, int | None],
    each: tuple[int, int],
    agent: str,
    effect: Effect,
    prices: dict[str, str],
) -> tuple[int, bool]:
    reach, (units, worth) = SECONDS.index(document.window_seconds), each
    used = sum(units for one, at in spent.items() if document.covers(one) and at is not None and at <= reach)
    measured = {NATIVE: used, TOKEN: used, None: used * worth}[document.asset]
    verdict = judge(document, effect, used=measured, agent=agent, prices=prices)
    return (-1, False) if verdict is None else (verdict.tier.rank, verdict.freeze)


@settings(deadline=None, max_examples=40)
@given(old=budgets, new=budgets)
def test_tighter_is_what_trying_everything_says(old: BudgetRules, new: BudgetRules) -> None:
    """The answer agrees with every agent's payments after every history, freezing included."""
    assert POLICY.is_tighter(old, new) is not is_milder(old, new)


@pytest.mark.parametrize(
    ("old", "new", "answer"),
    [
        ({"limit": "5"}, {"limit": "4"}, True),
        ({"limit": "5"}, {"limit": "6"}, False),
        ({"limit": "5"}, {"limit": "5", "agents": "*"}, True),
        ({"limit": "5", "agents": "*"}, {"limit": "5"}, False),
        ({"limit": "5"}, {"limit": "5", "agents": (ANN,)}, False),
        ({"limit": "5"}, {"limit": "5", "agents": (ANN, BOB, EVE)}, True),
        ({"limit": "5", "window_seconds": 60}, {"limit": "5"}, True),
        ({"limit": "5"}, {"limit": "5", "window_seconds": 60}, False),
        ({"limit": "5"}, {"limit": "5", "on_breach": "freeze"}, True),
        ({"limit": "5", "on_breach": "freeze"}, {"limit": "1"}, False),
        ({"limit": "5"}, {"limit_usd": "5"}, False),
        ({"limit_usd": "5"}, {"limit_usd": "4.99"}, True),
        ({"limit_usd": "5", "asset": "native"}, {"limit_usd": "5"}, False),
        ({"limit": "5"}, {"limit": "1", "asset": "Mint"}, False),
        ({"limit": "5", "name": "one"}, {"limit": "5", "name": "other"}, True),
    ],
)
def test_tightening_by_example(old: dict[str, Any], new: dict[str, Any], answer: bool) -> None:
    """Fewer agents, a larger or shorter allowance, another measure, and an end of freezing loosen."""
    assert POLICY.is_tighter(rules(**old), rules(**new)) is answer
