"""Whatever JSON comes to whatever route with good credentials, the running daemon answers with a success or a whole 4xx."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.harness.data_directory import PASSWORD
from tests.harness.house import House
from waiaas.api.credentials import Credential
from waiaas.api.openapi import errors_of
from waiaas.api.route import AnyRoute
from waiaas.api.routes import ROUTES

pytestmark = pytest.mark.xdist_group("security-fuzz")

# The route that ends the daemon is asked last of all, elsewhere.
_ROUTES = [route for route in ROUTES if route.path != "/v1/admin/shutdown"]
_EXAMPLES = 40
_ERROR = {"code", "message", "retryable", "hint", "details", "requestId"}


@dataclass
class Aim:
    """Who may ask what.

    :param agent: stays as it is; :param ids: of things that may be deleted
    """

    house: House
    socket: httpx.Client
    operator: str
    session: str
    agent: str
    ids: list[str]

    def good(self, route: AnyRoute) -> dict[str, Any]:
        """A body that the route takes, so that a wrong field alone stands between the request and the engine."""
        case = self.house.case
        payment = {"to": case.new_recipient(), "amount": str(case.amount)}
        place = {"chain": case.chain, "network": case.network}
        limit = {"agentId": self.agent, "type": "SPENDING_LIMIT", "rules": {"instant_max": "5"}, "enabled": False}
        bodies: dict[str, dict[str, Any]] = {
            "POST /v1/transactions/send": payment,
            "POST /v1/transactions/simulate": payment,
            "POST /v1/agents": {"name": os.urandom(8).hex(), **place},
            "POST /v1/sessions": {"agentId": self.agent},
            "POST /v1/policies": limit,
            "POST /v1/sessions/check": {"agentId": self.agent, "constraints": {"maxAmount": "0.5SOL"}},
            "POST /v1/policies/check": {
                "agentId": self.agent,
                "type": limit["type"],
                "rules": {"instant_max": "0.5SOL"},
            },
            "POST /v1/policies/backtest": {
                "agentId": self.agent,
                "policies": [{"type": limit["type"], "rules": limit["rules"]}],
            },
            "POST /v1/notification-channels": {"type": "LOG", "config": {}},
        }
        return bodies.get(f"{route.method} {route.path}", {})

    def headers(self, route: AnyRoute) -> dict[str, str]:
        """What the route's table asks for; whoever logs out does so with a token of its own."""
        if route.path == "/v1/operator/logout":
            login = self.socket.post("/v1/operator/login", headers={"X-Master-Password": PASSWORD}, json={})
            return {"Authorization": f"Bearer {login.json()['token']}"}
        if route.credential in (Credential.OPERATOR_PASSWORD, Credential.UNLOCK):
            return {"X-Master-Password": PASSWORD}
        if route.credential is Credential.OPERATOR or route.path.endswith("/cancel"):
            return {"Authorization": f"Bearer {self.operator}"}
        return {} if route.credential is Credential.NOBODY else {"Authorization": f"Bearer {self.session}"}


@pytest.fixture(scope="module")
def aim(shared_house: House) -> Iterator[Aim]:
    """One daemon, over the socket: what is asked is the same, and no allowance is used up."""
    wallet = shared_house.instant()
    other = shared_house.wallet()
    held = shared_house.client(other).send(wait=0, **shared_house.case.payment(shared_house.case.new_recipient()))
    (policy, *_) = shared_house.operator.policies.list(agent_id=wallet.agent_id).items
    ids = [other.agent_id, other.session_id, held.id, policy.id]
    transport = httpx.HTTPTransport(uds=str(shared_house.paths.admin_socket))
    with httpx.Client(base_url="http://localhost", transport=transport, timeout=60) as socket:
        yield Aim(shared_house, socket, shared_house.operator.login().token, wallet.token, wallet.agent_id, ids)


_texts = st.text(max_size=20) | st.sampled_from(
    ["1", "0", "1000000", "1e18", "native", "TRANSFER", "solana", "localnet"]
)
_numbers = st.integers() | st.sampled_from([0, -1, 2**31, 2**63, 2**64, 2**256]) | st.floats(allow_nan=False)
_leaves = st.none() | st.booleans() | _numbers | _texts
_values = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def _names(schema: Any) -> set[str]:
    """Every property that a JSON Schema names, at whatever depth."""
    if isinstance(schema, list):
        return set[str]().union(*map(_names, schema))
    if not isinstance(schema, dict):
        return set()
    return set(schema.get("properties", {})) | set[str]().union(*map(_names, schema.values()))


def _bodies(route: AnyRoute) -> st.SearchStrategy[dict[str, Any]]:
    names = sorted(_names(route.takes.model_json_schema(by_alias=True))) or ["x"]
    rules = [
        "instant_max",
        "notify_max",
        "delay_max",
        "delay_seconds",
        "daily_limit",
        "asset",
        "addresses",
        "otherwise",
    ]
    documents = st.dictionaries(st.sampled_from(rules), _values, max_size=4)
    known = st.sampled_from(["SPENDING_LIMIT", "ALLOWED_ADDRESSES", "TRANSFER", "TOKEN_TRANSFER", "BATCH", "APPROVE"])
    fields = st.dictionaries(st.sampled_from(names), _values | documents | known, max_size=len(names))
    return fields | st.dictionaries(st.text(max_size=8), _values, max_size=4)


def _whole(answer: httpx.Response, route: AnyRoute, sent: object) -> None:
    where = f"{route.method} {route.path} with {sent!r}: {answer.status_code} {answer.text}"
    assert answer.status_code < 500, where
    assert answer.status_code in {route.status, *route.also, *errors_of(route)}, where
    if answer.status_code >= 400 and not (answer.status_code == 422 and "status" in answer.json()):
        fields = answer.json()
        assert set(fields) == _ERROR, where
        assert fields["code"], where
        assert fields["hint"], where


@pytest.mark.parametrize("route", _ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_no_body_query_or_id_makes_a_5xx(aim: Aim, route: AnyRoute) -> None:
    """Random fields of the route's own names and of others, random ids and queries: never a 5xx, always the common shape."""
    examples = int(os.environ.get("FUZZ_EXAMPLES", _EXAMPLES)) if "{" in route.path or route.method != "GET" else 8
    if route.credential in (Credential.OPERATOR_PASSWORD, Credential.UNLOCK) or "logout" in route.path:
        examples = 5  # each costs a key derivation
    ids = st.sampled_from(aim.ids) | st.text(min_size=1, max_size=12) if "{" in route.path else st.just("")

    @settings(
        max_examples=examples, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow],
    )  # fmt: skip
    @given(body=_bodies(route), id=ids, is_near=st.booleans())
    def ask(body: dict[str, Any], id: str, is_near: bool) -> None:
        path = route.path.replace("{id}", _quoted(id))
        headers = {**aim.headers(route), "Prefer": "respond-async"}
        query = {} if route.method != "GET" else {name: str(value) for name, value in body.items()}
        document = None if route.method == "GET" else {**(aim.good(route) if is_near else {}), **body}
        content = b"" if document is None else json.dumps(document).encode()
        headers |= {"Content-Type": "application/json"} if content else {}
        answer = aim.socket.request(route.method, path, params=_encodable(query), content=content, headers=headers)
        assert answer.status_code != 401, f"{route.method} {route.path} was not asked as its table says"
        _whole(answer, route, document or query)

    ask()


def test_the_daemon_is_as_well_as_before(aim: Aim) -> None:
    """After all of this it is ready, nothing unforeseen is in its log, and its audit trail is whole."""
    assert aim.socket.get("/health").json()["ready"] is True
    # A notice of something grave that was asked for is a line of the channel LOG, and nothing unforeseen.
    lines = [line for line in aim.house.log() if line["logger"] != "waiaas.notifications"]
    assert [line for line in lines if "trace" in line or line["level"] in ("error", "critical")] == []
    assert aim.house.operator.audit.verify().is_intact


def _quoted(id: str) -> str:
    return quote(id.encode("utf-8", "surrogatepass"), safe="")


def _encodable(query: dict[str, str]) -> dict[str, str]:
    return {
        name.encode("utf-8", "replace").decode(): value.encode("utf-8", "replace").decode()
        for name, value in query.items()
    }
