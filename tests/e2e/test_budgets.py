"""BUDGET on a running daemon: one allowance for agents on two chains, and what a breach does to whom."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from waiaas_sdk import Denied, Stopped

from tests.harness.books import check_books
from tests.harness.chains import TestChain
from tests.harness.evm_chain import EvmCase
from tests.harness.fixtures import MakeHouse, one_case, runnable
from tests.harness.house import House, Wallet, confirmed
from tests.harness.prices import configure, native_of

case = one_case
pytestmark = pytest.mark.xdist_group("e2e-budgets")

ETHER = "eip155:31337/slip44:60"
SECOND = EvmCase()


@pytest.fixture
def second() -> Iterator[TestChain]:
    """Another chain."""
    with runnable(SECOND).start() as running:
        yield running


@pytest.fixture
def both(make_house: MakeHouse, second: TestChain) -> House:
    """A started house on two chains, where a usual payment of either is worth a dollar."""
    house = make_house(environ={**SECOND.environ(second.url), "WAIAAS_PRICES_SOURCES": '["static"]'})
    coin = 10**9 // house.case.amount
    configure(house, f'[prices.static]\n"{native_of(house)}" = "{coin}"\n"{ETHER}" = "100"\n')
    return house.start()


def on_second(house: House, chain: TestChain) -> Wallet:
    """A funded agent of the other chain, whose usual payments go at once."""
    agent = house.operator.agents.create(f"agent-{uuid.uuid4().hex[:12]}", SECOND.chain, SECOND.network)
    assert agent.address is not None
    chain.fund(agent.address, 100 * SECOND.amount)
    for kind, rules in SECOND.spending(instant_max=100 * SECOND.amount):
        house.operator.policies.create(kind, rules, agent_id=agent.id)
    session = house.operator.sessions.issue(agent.id)
    return Wallet(agent_id=agent.id, address=agent.address, session_id=session.id, token=session.token)


def pay(house: House, wallet: Wallet, dollars: int, case: Any = None) -> str:
    """So many dollars' worth, to somebody new; the transaction's id."""
    case = case or house.case
    return house.client(wallet).send(**case.payment(case.new_recipient(), dollars * case.amount)).id


def budget(house: House, *wallets: Wallet, **rules: Any) -> str:
    """A global budget of some agents; its id."""
    document = {"name": "team", "agents": [one.agent_id for one in wallets], "window_seconds": 86_400, **rules}
    return house.operator.policies.create("BUDGET", document).id


def statuses(house: House, *wallets: Wallet) -> list[str]:
    return [house.operator.agents.show(one.agent_id).status for one in wallets]


def test_two_agents_on_two_chains_share_one_budget_in_dollars(both: House, second: TestChain) -> None:
    """What one spends the other cannot; who is not named is not held; a breach denies and freezes nobody."""
    ann, bob, eve = both.instant(), on_second(both, second), both.instant()
    team = budget(both, ann, bob, limit_usd="3")
    confirmed(both, pay(both, ann, 2))
    with pytest.raises(Denied) as denied:
        pay(both, bob, 2, SECOND)
    told = denied.value.details
    assert (told["policyId"], told["code"], told["remaining"]) == (team, "BUDGET_EXCEEDED", str(SECOND.amount))
    assert (
        told["reason"] == '2 USD is over the budget "team": 2 USD of 3 USD is used in the last 24 hours, 1 USD is left'
    )
    (paid,) = both.rows(
        "SELECT at FROM spend_ledger WHERE agent_id = ? AND kind = 'amount' AND asset LIKE 'sol%'", ann.agent_id
    )
    assert told["resetsAt"] == paid["at"] + 86_400
    confirmed(both, pay(both, bob, 1, SECOND))
    with pytest.raises(Denied, match="0 USD is left"):
        pay(both, ann, 1)
    confirmed(both, pay(both, eve, 5))
    assert statuses(both, ann, bob, eve) == ["ACTIVE"] * 3
    check_books(both, ann, eve)


def test_a_breach_freezes_those_who_share_the_budget_and_nobody_else(both: House, second: TestChain) -> None:
    """To ask freezes nobody; to send does: both agents are suspended, the third and the daemon go on."""
    ann, bob, eve = both.instant(), on_second(both, second), both.instant()
    budget(both, ann, bob, limit_usd="3", on_breach="freeze")
    confirmed(both, pay(both, ann, 2))
    asked = both.client(bob).simulate(**SECOND.payment(SECOND.new_recipient(), 2 * SECOND.amount))
    assert (asked.tier, statuses(both, ann, bob, eve)) == ("DENY", ["ACTIVE"] * 3)
    with pytest.raises(Denied) as denied:
        pay(both, bob, 2, SECOND)
    assert denied.value.details["code"] == "BUDGET_EXCEEDED"
    assert statuses(both, ann, bob, eve) == ["SUSPENDED", "SUSPENDED", "ACTIVE"]
    for wallet, its in ((ann, None), (bob, SECOND)):
        with pytest.raises(Stopped):
            pay(both, wallet, 1, its)
    confirmed(both, pay(both, eve, 5))


def test_without_a_price_a_person_decides_about_a_budget_in_dollars(both: House, second: TestChain) -> None:
    """A token that has no price waits for approval under a budget of every asset."""
    wallet = both.instant()
    token = both.chain.new_token()
    both.operator.policies.create("ALLOWED_TOKENS", {"tokens": [token]}, agent_id=wallet.agent_id)
    budget(both, wallet, limit_usd="3")
    told = both.client(wallet).simulate(to=both.case.new_recipient(), amount=1, token=token)
    assert told.tier == "APPROVAL"
    assert "PRICE_MISSING" in {verdict["code"] for verdict in told.verdicts}


def test_many_payments_at_once_of_several_agents_never_pass_the_budget(house: House) -> None:
    """Three agents send at the same time against a budget for five payments: five go, and every other one is denied."""
    house.start()
    wallets = [house.instant() for _ in range(3)]
    budget(house, *wallets, limit=str(5 * house.case.amount), asset=native_of(house))

    def attempt(wallet: Wallet) -> str | None:
        try:
            return pay(house, wallet, 1)
        except Denied:
            return None

    with ThreadPoolExecutor(12) as pool:
        sent = [tx for tx in pool.map(attempt, wallets * 4) if tx is not None]
    assert len(sent) == 5
    for tx in sent:
        confirmed(house, tx)
    check_books(house, *wallets)
