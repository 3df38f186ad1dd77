"""Every route of the table answers on a running daemon as the table says."""

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from uuid6 import uuid7
from waiaas_sdk.payment import payment_body

from tests.docs.pages import ROOT
from tests.harness.data_directory import PASSWORD
from tests.harness.deadline import until
from tests.harness.evm_by_hand import house_on, still_chain
from tests.harness.evm_chain import EvmCase
from tests.harness.fixtures import runnable
from tests.harness.house import House, Wallet
from tests.harness.keystore_commands import new_key_file, seal
from waiaas.api.credentials import Credential
from waiaas.api.route import AnyRoute
from waiaas.api.routes import ROUTES

pytestmark = pytest.mark.xdist_group("registries-routes")
STOPS = "POST /v1/admin/shutdown"
REPLACES = {"POST /v1/transactions/{id}/speed-up", "POST /v1/transactions/{id}/cancel-onchain"}
"""They need a chain that can replace signed bytes."""
LOOSENS = {"POST /v1/policies", "DELETE /v1/policies/{id}"}
"""Put like this they let something pass, so a token is not enough."""


def name(route: AnyRoute) -> str:
    return f"{route.method} {route.path}"


@dataclass
class World:
    """One house, with something for each route to act on; made anew by each question."""

    house: House
    tcp: httpx.Client
    socket: httpx.Client
    token: str
    wallet: Wallet = field(init=False)

    def __post_init__(self) -> None:
        amount = self.house.case.amount
        limits = {"instant_max": amount, "delay_max": 3 * amount, "delay_seconds": 600}
        self.wallet = self.house.wallet(policies=self.house.case.spending(**limits))

    def payment(self, times: int = 1) -> dict[str, Any]:
        """The body of a send: once the amount goes at once, twice is delayed, nine times needs approval."""
        return payment_body(self.house.case.payment(self.house.case.new_recipient(), times * self.house.case.amount))

    def held(self, times: int) -> str:
        """A new payment that waits."""
        answer = self.tcp.post(
            "/v1/transactions/send", json=self.payment(times), headers=self.bearer(self.wallet.token)
        )
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def signed(self) -> str:
        """A new payment that a node has taken and no block."""
        answer = self.tcp.post("/v1/transactions/send", json=self.payment(), headers=self.bearer(self.wallet.token))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def agent(self) -> str:
        """A new agent."""
        return self.house.operator.agents.create(str(uuid7()), self.house.case.chain, self.house.case.network).id

    def session(self) -> tuple[str, str]:
        """A new session's id and token."""
        issued = self.house.operator.sessions.issue(self.wallet.agent_id)
        return issued.id, issued.token

    def policy(self) -> str:
        """A new policy of another agent."""
        (rules,) = self.house.case.spending(instant_max=5)
        return self.house.operator.policies.create(*rules, agent_id=self.agent()).id

    def channel(self) -> str:
        """A new notification channel."""
        return self.house.operator.channels.create("LOG", {}).id

    def token_body(self) -> dict[str, str]:
        """A new token, not yet on a list."""
        case = self.house.case
        return {"chain": case.chain, "network": case.network, "token": self.house.chain.new_token()}

    def listed(self) -> str:
        """A new token's id on its list."""
        body = self.token_body()
        return str(self.house.operator.tokens.add(body["chain"], body["network"], body["token"]).id)

    def suspended(self) -> str:
        """A new agent, suspended."""
        agent = self.agent()
        self.house.operator.agents.suspend(agent)
        return agent

    @staticmethod
    def bearer(token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"}


@dataclass
class Ask:
    """What is put into a route. :param token: instead of the wallet's"""

    id: str = ""
    body: dict[str, Any] | None = None
    token: str | None = None


def _create_agent(world: World) -> Ask:
    case = world.house.case
    return Ask(body={"name": str(uuid7()), "chain": case.chain, "network": case.network})


def _adopt(world: World) -> Ask:
    case = world.house.case
    return Ask(seal(world.house.root, str(uuid7()), case.chain, case.network, new_key_file()), {})


def _create_policy(world: World) -> Ask:
    (kind, rules), *_ = world.house.case.spending(instant_max=5)
    return Ask(body={"agentId": world.agent(), "type": kind, "rules": dict(rules)})


def _backtest(world: World) -> Ask:
    (kind, rules), *_ = world.house.case.spending(instant_max=5)
    world.held(9)
    return Ask(body={"agentId": world.wallet.agent_id, "policies": [{"type": kind, "rules": dict(rules)}]})


def _renew(world: World) -> Ask:
    session, token = world.session()
    return Ask(session, {}, token=token)


def _logout(world: World) -> Ask:
    login = world.socket.post("/v1/operator/login", headers={"X-Master-Password": PASSWORD}, json={})
    return Ask(body={}, token=login.json()["token"])


ASKS: dict[str, Callable[[World], Ask]] = {
    "GET /health": lambda world: Ask(),
    "GET /openapi.json": lambda world: Ask(),
    "GET /metrics": lambda world: Ask(),
    "POST /v1/operator/login": lambda world: Ask(body={}),
    "POST /v1/operator/logout": _logout,
    "POST /v1/operator/unlock": lambda world: Ask(body={}),
    "POST /v1/agents": _create_agent,
    "POST /v1/agents/{id}/adopt": _adopt,
    "GET /v1/agents": lambda world: Ask(),
    "GET /v1/agents/{id}": lambda world: Ask(world.wallet.agent_id),
    "GET /v1/agents/{id}/balances": lambda world: Ask(world.wallet.agent_id),
    "PATCH /v1/agents/{id}": lambda world: Ask(world.agent(), {"name": str(uuid7())}),
    "DELETE /v1/agents/{id}": lambda world: Ask(world.agent()),
    "POST /v1/agents/{id}/suspend": lambda world: Ask(world.agent(), {"reason": "a test"}),
    "POST /v1/agents/{id}/resume": lambda world: Ask(world.suspended(), {}),
    "POST /v1/sessions": lambda world: Ask(body={"agentId": world.agent()}),
    "POST /v1/sessions/check": lambda world: Ask(body={"agentId": world.agent(), "constraints": {"maxAmount": "5"}}),
    "GET /v1/sessions": lambda world: Ask(),
    "DELETE /v1/sessions/{id}": lambda world: Ask(world.session()[0]),
    "PUT /v1/sessions/{id}/renew": _renew,
    "GET /v1/wallet/address": lambda world: Ask(),
    "GET /v1/wallet/balance": lambda world: Ask(),
    "GET /v1/wallet/assets": lambda world: Ask(),
    "GET /v1/connect-info": lambda world: Ask(),
    "POST /v1/transactions/send": lambda world: Ask(body=world.payment()),
    "POST /v1/transactions/simulate": lambda world: Ask(body=world.payment()),
    "GET /v1/transactions": lambda world: Ask(),
    "GET /v1/transactions/pending": lambda world: Ask(),
    "GET /v1/transactions/{id}": lambda world: Ask(world.held(9)),
    "POST /v1/transactions/{id}/cancel": lambda world: Ask(world.held(2), {}),
    "POST /v1/transactions/{id}/speed-up": lambda world: Ask(world.signed(), {}),
    "POST /v1/transactions/{id}/cancel-onchain": lambda world: Ask(world.signed(), {}),
    "POST /v1/transactions/{id}/approve": lambda world: Ask(world.held(9), {}),
    "POST /v1/transactions/{id}/reject": lambda world: Ask(world.held(9), {}),
    "GET /v1/approvals": lambda world: Ask(),
    "POST /v1/policies": _create_policy,
    "POST /v1/policies/check": _create_policy,
    "POST /v1/policies/backtest": _backtest,
    "GET /v1/policies/limits": lambda world: Ask(),
    "GET /v1/policies": lambda world: Ask(),
    "GET /v1/policies/{id}": lambda world: Ask(world.policy()),
    "PUT /v1/policies/{id}": lambda world: Ask(world.policy(), {"priority": 7}),
    "DELETE /v1/policies/{id}": lambda world: Ask(world.policy()),
    "POST /v1/notification-channels": lambda world: Ask(body={"type": "LOG", "config": {}}),
    "GET /v1/notification-channels": lambda world: Ask(),
    "GET /v1/notification-channels/{id}": lambda world: Ask(world.channel()),
    "PUT /v1/notification-channels/{id}": lambda world: Ask(world.channel(), {"priority": 7}),
    "DELETE /v1/notification-channels/{id}": lambda world: Ask(world.channel()),
    "POST /v1/notification-channels/{id}/test": lambda world: Ask(world.channel(), {}),
    "GET /v1/ids/{id}": lambda world: Ask(world.policy()[:8]),
    "GET /v1/tokens": lambda world: Ask(),
    "POST /v1/tokens": lambda world: Ask(body=world.token_body()),
    "DELETE /v1/tokens/{id}": lambda world: Ask(world.listed()),
    "GET /v1/policy-types": lambda world: Ask(),
    "GET /v1/chains": lambda world: Ask(),
    "GET /v1/plugins": lambda world: Ask(),
    "GET /v1/audit": lambda world: Ask(),
    "GET /v1/audit/verify": lambda world: Ask(),
    "GET /v1/audit/export": lambda world: Ask(),
    "GET /v1/admin/status": lambda world: Ask(),
    "GET /v1/admin/seals": lambda world: Ask(),
    "POST /v1/admin/seals/accept": lambda world: Ask(body={}),
    "POST /v1/admin/backup": lambda world: Ask(body={}),
    "POST /v1/admin/kill-switch": lambda world: Ask(body={"state": "SUSPENDED", "agentId": world.agent()}),
    "GET /v1/admin/kill-switch": lambda world: Ask(),
    "POST /v1/admin/recover": lambda world: Ask(body={"agentId": world.suspended(), "release": []}),
    STOPS: lambda world: Ask(body={}),
}


@contextlib.contextmanager
def world_of(house: House) -> Iterator[World]:
    """The house with clients that talk plain HTTP through both doors."""
    transport = httpx.HTTPTransport(uds=str(house.paths.admin_socket))
    with (
        httpx.Client(base_url=house.daemon.url, timeout=60) as tcp,
        httpx.Client(base_url="http://localhost", transport=transport, timeout=60) as socket,
    ):
        yield World(house, tcp, socket, house.operator.login().token)


@pytest.fixture(scope="module")
def world(shared_house: House) -> Iterator[World]:
    """One for all routes but the one that ends it."""
    with world_of(shared_house) as found:
        yield found


def put(world: World, route: AnyRoute) -> httpx.Response:
    """Ask the route as its table says who may."""
    ask = ASKS[name(route)](world)
    headers: dict[str, str] = {}
    client = world.tcp
    if route.credential in (Credential.OPERATOR_PASSWORD, Credential.UNLOCK) or name(route) in LOOSENS:
        headers, client = {"X-Master-Password": PASSWORD}, world.socket
    elif route.credential in (Credential.OPERATOR, Credential.OPERATOR_OR_SOCKET):
        headers = world.bearer(ask.token or world.token)
    elif route.credential is not Credential.NOBODY:
        headers = world.bearer(ask.token or world.wallet.token)
    return client.request(route.method, route.path.replace("{id}", ask.id), headers=headers, json=ask.body)


def hold(route: AnyRoute, answer: httpx.Response) -> None:
    """The answer is a success of the table's, and its body is of the table's model."""
    assert answer.status_code == route.status, answer.text
    assert answer.headers["X-Request-Id"]
    if route.gives is not None:
        route.gives.model_validate_json(answer.content)
    else:
        assert bool(answer.content) is (route.status != 204)


def test_there_is_a_question_for_every_route() -> None:
    """No route was added without being asked here, and none is asked that is gone."""
    assert set(ASKS) == {name(route) for route in ROUTES}


@pytest.mark.parametrize("route", [route for route in ROUTES if name(route) not in {STOPS, *REPLACES}], ids=name)
def test_every_route_answers_as_its_table_says(world: World, route: AnyRoute) -> None:
    """Asked properly, a route of the running daemon answers with its status and its model."""
    hold(route, put(world, route))


def test_routes_that_replace_bytes_answer_as_their_table_says(template: Path, tmp_path: Path) -> None:
    """On a chain that can, each answers with its status and its model."""
    runnable(EvmCase())
    with still_chain() as chain:
        house = house_on(chain, template, tmp_path / "house")
        try:
            with world_of(house.start()) as world:
                for route in ROUTES:
                    if name(route) in REPLACES:
                        hold(route, put(world, route))
        finally:
            house.close()


def test_shutdown_answers_and_the_daemon_ends(house: House) -> None:
    """The order to stop is answered, and the process ends with code 0."""
    (route,) = [route for route in ROUTES if name(route) == STOPS]
    with world_of(house.start()) as world:
        hold(route, put(world, route))
        until(lambda: not house.daemon.is_alive, "the daemon to end")
    assert house.daemon.wait() == 0


def test_every_metric_is_documented_and_every_documented_one_is_there(world: World) -> None:
    """The names that a scraper finds are those of the page about operations."""
    world.held(9)
    page = (ROOT / "docs/operations.md").read_text()
    text = world.tcp.get("/metrics", headers=world.bearer(world.token)).text
    assert set(re.findall(r"^# TYPE (waiaas_\w+)", text, re.MULTILINE)) == set(
        re.findall(r"^\| `(waiaas_\w+)", page, re.MULTILINE)
    )
