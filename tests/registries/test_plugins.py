"""Every policy type, chain, channel and hook that is installed does its work in a running daemon."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from waiaas_notify_telegram.stand_in import BotApiServer
from waiaas_sdk import PaymentFields

from tests.harness.deadline import until
from tests.harness.fixtures import MakeHouse
from tests.harness.house import House
from tests.harness.price_service import price_service
from tests.harness.prices import configure, native_of, prices_of
from tests.registries.conftest import Plugged
from waiaas import hookspecs

pytestmark = pytest.mark.xdist_group("registries-plugins")

Rules = Callable[[House, str], Mapping[str, Any]]
SAMPLES: Mapping[str, tuple[Rules, str]] = {
    "SPENDING_LIMIT": (lambda house, to: {"notify_max": str(house.case.amount)}, "NOTIFY"),
    "ALLOWED_TOKENS": (lambda house, to: {"tokens": [house.chain.new_token()]}, "INSTANT"),
    "ALLOWED_ADDRESSES": (lambda house, to: {"addresses": [house.case.new_recipient()]}, "DENY"),
    "BUDGET": (lambda house, to: {"name": "nothing", "agents": "*", "limit": "1"}, "DENY"),
    "FEE_LIMIT": (lambda house, to: {"max_fee": "1"}, "DENY"),
    "RATE_LIMIT": (lambda house, to: {"max_transactions": 1, "window_seconds": 3600}, "DENY"),
    "DUPLICATE_GUARD": (lambda house, to: {"window_seconds": 3600}, "APPROVAL"),
    "TIME_RESTRICTION": (lambda house, to: {"days": [_in_three_days(house)], "outside": "delay"}, "DELAY"),
    "AUTO_STOP": (lambda house, to: {"max_transactions": 1, "window_seconds": 3600}, "DENY"),
    "EXPRESSION": (lambda house, to: {"expression": f"effects.exists(e, e.to == '{to}')", "verdict": "delay"}, "DELAY"),
}
"""Policy type → rules under which a second payment to ``to`` gets another tier than without them, and that tier."""

EVERYTHING = """
from pathlib import Path
from waiaas_solana.adapter import SolanaAdapter

class Twin(SolanaAdapter):
    chain = "twin"

@hookimpl
def waiaas_chain_adapters():
    return [Twin]

class Rules(BaseModel):
    pass

class Veto(PolicyType[Rules]):
    type = "VETO"
    rules_model = Rules
    grants = False
    def windows(self, rules, resolved): return ()
    def judge(self, rules, facts):
        from waiaas.interfaces.policy import Tier, Verdict
        return Verdict(tier=Tier.DENY, code="VETOED", reason="the plugin says no")

@hookimpl
def waiaas_policy_types():
    return [Veto]

class Channel(NotificationChannel):
    type = "PIGEON"
    config_model = BaseModel
    def render(self, notification): return ""
    def send(self, rendered, notification_id): return notification_id
    def health(self): return "ready"

@hookimpl
def waiaas_notification_channels():
    return [Channel]

class Oracle(PriceSource):
    name = "oracle"
    settings_model = BaseModel
    def prices(self, assets, now): return {{asset: ("7.5", now) for asset in assets}}

@hookimpl
def waiaas_price_sources():
    return [Oracle]

@hookimpl
def waiaas_event(event):
    with open({told!r}, "a") as file:
        file.write(f"{{event.id}} {{event.name}}\\n")
"""


def _in_three_days(house: House) -> str:
    return f"{datetime.fromtimestamp(house.clock.now() + 3 * 86_400, UTC):%a}".lower()


def payment(house: House, to: str, rules: Mapping[str, Any]) -> PaymentFields:
    """A payment that the rules speak of: of the token that they name, or the case's own."""
    named = {"token": rules["tokens"][0]} if "tokens" in rules else {}
    return cast(PaymentFields, {**house.case.payment(to), **named})


def test_there_is_a_sample_for_every_policy_type_that_is_installed(shared_house: House) -> None:
    """A policy type that was added is tried here too."""
    assert set(SAMPLES) == {kind.type for kind in shared_house.operator.catalogue.policy_types()}


@pytest.mark.parametrize("kind", SAMPLES)
def test_every_policy_type_can_be_created_and_decides(shared_house: House, kind: str) -> None:
    """A policy of the type is stored, its verdict is among those of a payment, and it names the tier."""
    rules, tier = SAMPLES[kind]
    to = shared_house.case.new_recipient()
    wallet = shared_house.wallet()
    if not next(one for one in shared_house.operator.catalogue.policy_types() if one.type == kind).grants:
        (name, limits), *_ = shared_house.case.spending(instant_max=shared_house.case.amount)
        shared_house.operator.policies.create(name, limits, agent_id=wallet.agent_id)
        shared_house.client(wallet).send(wait=0, **shared_house.case.payment(to))
    written = rules(shared_house, to)
    policy = shared_house.operator.policies.create(kind, written, agent_id=wallet.agent_id)
    told = shared_house.client(wallet).simulate(**payment(shared_house, to, written))
    (verdict,) = [verdict for verdict in told.verdicts if verdict["policyId"] == policy.id]
    assert (verdict["type"], verdict["tier"], told.tier) == (kind, tier, tier)


def test_every_network_of_every_chain_makes_agents(shared_house: House) -> None:
    """On each network that the catalogue lists an agent gets an address, under that network's chain id."""
    networks = shared_house.operator.catalogue.chains()
    assert networks
    for network in networks:
        agent = shared_house.operator.agents.create(f"on-{network.network}", network.chain, network.network)
        assert agent.address
        assert agent.chain_id == network.chain_id


def test_every_builtin_channel_type_is_fed_by_the_outbox(shared_house: House) -> None:
    """The channel LOG, which a new daemon makes for itself, writes a notice of a refused payment."""
    wallet = shared_house.wallet()
    shared_house.operator.agents.suspend(wallet.agent_id, "to be told of")
    assert "LOG" in {row["type"] for row in shared_house.rows("SELECT type FROM notification_channels")}
    until(lambda: wallet.agent_id in told(shared_house), "the log to tell of the suspended agent")


def test_the_channel_types_of_plugins_are_fed_by_the_outbox(shared_house: House) -> None:
    """Each type that is installed besides LOG serves a channel that is made over the API."""
    types = {
        one
        for plugin in shared_house.operator.catalogue.plugins()
        for one in (plugin.registers or {"channels": ()})["channels"]
    }
    assert types == {"LOG", "TELEGRAM"}, "a type that was added is tried here too"
    with BotApiServer(seconds_between=0) as service:
        made = shared_house.operator.channels.create("TELEGRAM", service.config())
        wallet = shared_house.wallet()
        shared_house.operator.agents.suspend(wallet.agent_id, "to be told of")
        until(lambda: any("Agent suspended" in one.text for one in service.messages), "the chat to be told")
        shared_house.operator.channels.delete(made.id)


def told(house: House) -> str:
    """Agents of whose suspension the LOG channel has told."""
    lines = [line for line in house.log() if line["logger"] == "waiaas.notifications"]
    names = {row["name"]: row["id"] for row in house.rows("SELECT id, name FROM agents")}
    notices = [json.loads(line["message"]) for line in lines]
    suspended = [dict(notice["lines"])["Agent"] for notice in notices if notice["event"] == "agent.suspended"]
    return " ".join(names[name] for name in suspended)


def test_every_builtin_price_source_is_asked(make_house: MakeHouse) -> None:
    """The shipped ones price assets in a running daemon, each from its own table."""
    house = make_house()
    native = native_of(house)
    with price_service() as service:
        service.says("coin", "142.5")
        house.environ |= {
            "WAIAAS_PRICES_SOURCES": '["http", "static"]',
            "WAIAAS_PRICES_HTTP_URL": f"{service.url}/prices",
            "WAIAAS_PRICES_HTTP_PATH": "{key}.usd",
            "WAIAAS_PRICES_HTTP_ASSETS": json.dumps({native: "coin"}),
        }
        configure(house, f"[prices.static]\n{json.dumps(native)} = '140'\n")
        house.start()
        registered = {
            name
            for one in house.operator.catalogue.plugins()
            for name in (one.registers or {"priceSources": ()})["priceSources"]
        }
        assert registered == {"static", "http"}, "a source that was added is tried here too"
        for name, usd in (("static", "140"), ("http", "142.5")):
            until(partial(prices_of, house, name), f"{name} to be asked")
            assert prices_of(house, name) == {native: usd}


def test_every_hook_is_called_and_what_it_brings_is_used(plugged: Plugged, tmp_path: Path) -> None:
    """A plugin that implements every hook gives the daemon a chain, a policy type, a channel, prices, and hears of events."""
    log = tmp_path / "told"
    house = plugged("all", EVERYTHING.format(told=str(log)), WAIAAS_PRICES_SOURCES='["oracle"]').start()
    (plugin,) = [one for one in house.operator.catalogue.plugins() if one.name == "demo-all"]
    assert plugin.registers == {
        "chains": ["twin"],
        "policyTypes": ["VETO"],
        "channels": ["PIGEON"],
        "priceSources": ["oracle"],
    }
    until(lambda: prices_of(house, "oracle"), "the source to be asked")
    assert set(prices_of(house, "oracle").values()) == {"7.5"}
    assert house.operator.agents.create("twin", "twin", "localnet").address
    wallet = house.instant()
    house.operator.policies.create("VETO", {}, agent_id=wallet.agent_id)
    told = house.client(wallet).simulate(**house.case.payment(house.case.new_recipient()))
    assert (told.tier, "VETO" in {verdict["type"] for verdict in told.verdicts}) == ("DENY", True)
    until(lambda: "policy.created" in log.read_text(), "the listener to be told")
    numbers = [int(line.split()[0]) for line in log.read_text().splitlines()]
    assert numbers == list(range(1, len(numbers) + 1)), "events are told in order, none left out"
    hooks = {name for name, value in vars(hookspecs).items() if hasattr(value, "waiaas_spec")}
    assert all(f"def {hook}(" in EVERYTHING for hook in hooks), "a hook is not tried here"
