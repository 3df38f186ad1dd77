"""Limits in dollars on a running daemon: prices come over HTTP, a stranger's policy type judges by them, and nobody waits."""

import json
import re
import time
from collections.abc import Iterator

import httpx
import pytest
from waiaas_sdk import Denied, Transaction

from tests.harness.books import check_books
from tests.harness.commands import waiaas
from tests.harness.deadline import until
from tests.harness.fixtures import one_case
from tests.harness.house import House, Wallet, confirmed
from tests.harness.price_service import PriceService, price_service
from tests.harness.prices import native_of, prices_of, source_of
from tests.registries.conftest import Plugged, make, plugged
from waiaas.interfaces.money import USD

__all__ = ["make", "plugged"]

case = one_case
pytestmark = pytest.mark.xdist_group("e2e-prices")

DOLLARS = """
from waiaas.interfaces.money import USD, leaving_value, micro_usd
from waiaas.interfaces.policy import Tier, Verdict, Window

class Rules(BaseModel):
    limit: str

class Dollars(PolicyType[Rules]):
    type = "DOLLARS"
    rules_model = Rules
    grants = True
    def windows(self, rules, resolved):
        return [Window(name="day", measure="spent", seconds=86_400, scope="all", where={"asset": USD})]
    def judge(self, rules, facts):
        value, unpriced = leaving_value(facts.effects, facts.resolved.assets, facts.prices)
        if unpriced:
            return Verdict(tier=Tier.APPROVAL, code="NO_PRICE", reason="no price", grants=True)
        left = micro_usd(rules.limit) - facts.windows["day"]
        if value > left:
            return Verdict(tier=Tier.DENY, code="TOO_DEAR", reason="over the limit in dollars", remaining=max(0, left))
        bounds = {"day": micro_usd(rules.limit) - value}
        return Verdict(tier=Tier.INSTANT, code="CHEAP", reason="within the limit", grants=True, valid_while=bounds)

@hookimpl
def waiaas_policy_types():
    return [Dollars]
"""
PRICE = "500"
"""A usual payment of two million lamports is worth a dollar."""
DOLLAR = 1_000_000


@pytest.fixture
def service() -> Iterator[PriceService]:
    """Somebody who sells prices."""
    with price_service() as running:
        running.says("coin", PRICE)
        yield running


@pytest.fixture
def priced(plugged: Plugged, service: PriceService) -> House:
    """A started house that knows what its coin costs, and asks again every five seconds."""
    house = plugged("dollars", DOLLARS)
    house.environ |= {
        "WAIAAS_PRICES_SOURCES": '["http"]',
        "WAIAAS_PRICES_REFRESH_SECONDS": "5",
        "WAIAAS_PRICES_HTTP_URL": f"{service.url}/usd?key=canary-88",
        "WAIAAS_PRICES_HTTP_PATH": "{key}.usd",
        "WAIAAS_PRICES_HTTP_ASSETS": json.dumps({native_of(house): "coin"}),
    }
    house.start()
    until(lambda: prices_of(house, "http"), "the first price")
    return house


def poor(house: House, limit: str) -> Wallet:
    """An agent under a limit in dollars."""
    return house.wallet(policies=[("DOLLARS", {"limit": limit})])


def pay(house: House, wallet: Wallet, times: int = 1) -> Transaction:
    """So many dollars' worth, at the first price."""
    return house.client(wallet).send(**house.case.payment(house.case.new_recipient(), times * house.case.amount))


def dollars(house: House, table: str) -> int:
    """What a table holds of them in all."""
    return sum(int(row["amount"]) for row in house.rows(f"SELECT amount FROM {table} WHERE asset = ?", USD))


def test_a_limit_in_dollars_holds_over_several_agents_and_is_seen_by_none(priced: House) -> None:
    """Two agents share five dollars; what is paid is booked at its worth, and no wallet shows dollars among its assets."""
    one, other = poor(priced, "5"), poor(priced, "5")
    confirmed(priced, pay(priced, one, 2))
    confirmed(priced, pay(priced, other, 2))
    for wallet in (one, other):
        with pytest.raises(Denied, match="over the limit in dollars"):
            pay(priced, wallet, 2)
    confirmed(priced, pay(priced, one))
    assert (dollars(priced, "spend_ledger"), dollars(priced, "reservations")) == (5 * DOLLAR, 0)
    check_books(priced, one, other)
    headers = {"Authorization": f"Bearer {one.token}"}
    for path in ("/v1/wallet/assets", "/v1/wallet/balance", "/v1/connect-info"):
        answer = httpx.get(priced.daemon.url + path, headers=headers)
        assert answer.is_success, path
        assert "USD" not in answer.text, path


def test_without_a_fresh_price_a_person_decides_at_once(priced: House, service: PriceService) -> None:
    """A service that breaks is not missed until its last price is too old; then a payment waits for approval, and no longer
    than any other for its answer. What a person lets through without a price counts nothing in dollars."""
    wallet = poor(priced, "5")
    service.status = 500
    until(lambda: source_of(priced, "http")["state"] == "failing", "the failure to be seen", seconds=30)
    confirmed(priced, pay(priced, wallet))
    service.status = 200
    service.hangs.set()
    asked = len(service.asked)
    until(lambda: len(service.asked) > asked, "the service to hang", seconds=30)
    began = time.monotonic()
    confirmed(priced, pay(priced, wallet))
    priced.clock.shift(301)
    held = pay(priced, wallet)
    assert (held.tier, held.status) == ("APPROVAL", "QUEUED")
    assert time.monotonic() - began < 30
    assert dollars(priced, "reservations") == 0
    priced.operator.transactions.approve(held.id)
    confirmed(priced, held)
    assert dollars(priced, "spend_ledger") == 2 * DOLLAR
    check_books(priced, wallet)


def test_the_operator_sees_prices_and_their_ages_and_nobody_the_services_key(priced: House) -> None:
    """In status and metrics, by source and asset; the service's address is in neither, and not in the log."""
    wallet = poor(priced, "5")
    confirmed(priced, pay(priced, wallet))
    token = priced.operator.login().token
    metrics = httpx.get(f"{priced.daemon.url}/metrics", headers={"Authorization": f"Bearer {token}"}).text
    assert f'waiaas_price_age_seconds{{asset="{native_of(priced)}",source="http"}}' in metrics
    (found,) = source_of(priced, "http")["prices"]
    assert (found["usd"], found["isFresh"], found["decimals"]) == (PRICE, True, 9)
    assert 0 <= found["ageSeconds"] < 300
    done = waiaas(priced.root, "status", "--details")
    row = rf"^http +{native_of(priced)} +{PRICE} +[0-9]+ s\n +state fresh"
    assert re.search(row, done.stdout, re.MULTILINE), done.stdout
    for text in (done.stdout, metrics, json.dumps(priced.operator.admin.status()), priced.paths.log.read_text()):
        assert "canary-88" not in text
