"""What the shipped types tell of their limits before there is a payment: the windows that they judge by, and their bounds."""

import pytest

from tests.builtin.cases import NATIVE, TOKEN, facts, out, resolved
from waiaas.builtin.budget import Budget
from waiaas.builtin.budget_rules import BudgetRules
from waiaas.builtin.fee_limit import FeeLimit, FeeRules
from waiaas.builtin.rate_limit import RateLimit, RateRules
from waiaas.builtin.spending_limit import SpendingLimit
from waiaas.builtin.spending_rules import SpendingRules
from waiaas.interfaces.money import USD


def test_a_spending_limit_tells_each_period_in_each_measure() -> None:
    """What is told are windows that it asks for when it judges, and what it says remains is the bound without what was used."""
    rules = SpendingRules(asset=NATIVE, instant_max="5", daily_limit="60", weekly_limit="90", weekly_limit_usd="2.5")
    told = SpendingLimit().limits(rules, NATIVE)
    assert [(one.window.name, one.most, one.usd) for one in told] == [
        ("daily", 60, None),
        ("weekly", 90, None),
        ("weekly", None, 2_500_000),
    ]
    plain = SpendingRules(asset=NATIVE, daily_limit="60")
    (daily,) = SpendingLimit().limits(plain, NATIVE)
    assert [daily.window] == list(SpendingLimit().windows(plain, resolved((out(1),))))
    verdict = SpendingLimit().judge(plain, facts(out(1), windows={"daily": 45}))
    assert verdict is not None
    assert verdict.remaining == (daily.most or 0) - 45


@pytest.mark.parametrize(
    ("asset", "bound", "told"),
    [
        (NATIVE, {"limit": "70"}, (NATIVE, 70, None)),
        (TOKEN, {"limit_usd": "3"}, (TOKEN, None, 3_000_000)),
        (None, {"limit_usd": "3"}, (USD, 3_000_000, None)),
    ],
)
def test_a_budget_tells_its_one_window(
    asset: str | None, bound: dict[str, str], told: tuple[str, int | None, int | None]
) -> None:
    """In its asset, or in dollars where it measures every asset together."""
    rules = BudgetRules.model_validate({"name": "ours", "agents": ["*"], "asset": asset, **bound})
    (one,) = Budget().limits(rules, NATIVE)
    assert (one.window.where["asset"], one.most, one.usd) == told
    assert [one.window] == list(Budget().windows(rules, resolved((out(1, asset=asset or NATIVE),))))


def test_a_fee_limit_tells_its_day_to_whom_it_concerns() -> None:
    """Agents whose fees are paid in another asset are not told of it, and a bound of one transaction is no window."""
    rules = FeeRules(asset=NATIVE, daily_limit="9")
    (one,) = FeeLimit().limits(rules, NATIVE)
    assert one.most == 9
    assert [one.window] == list(FeeLimit().windows(rules, resolved((out(1),))))
    assert FeeLimit().limits(rules, TOKEN) == ()
    assert FeeLimit().limits(FeeRules(asset=NATIVE, max_fee="9"), NATIVE) == ()


def test_a_rate_limit_tells_how_many_go_into_its_window() -> None:
    """A number of payments, in the window that it asks for."""
    rules = RateRules(max_transactions=9, window_seconds=60)
    (one,) = RateLimit().limits(rules, NATIVE)
    assert (one.most, one.window.measure) == (9, "count")
    assert [one.window] == list(RateLimit().windows(rules, resolved((out(1),))))
