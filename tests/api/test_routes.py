"""Who may call what: the route table, walked with every kind of credential."""

import importlib
import inspect
import re
from typing import Any

import httpx
import pytest

from waiaas.api.app import create_app
from waiaas.api.credentials import Credential
from waiaas.api.models.admin import Done
from waiaas.api.models.wire import Nothing
from waiaas.api.planned import PLANNED, Planned, unserved
from waiaas.api.resources import daemon
from waiaas.api.route import AnyRoute, Route
from waiaas.api.routes import ROUTES
from waiaas.config import Settings

from . import engine as played
from .conftest import AS_OPERATOR, AS_SESSION, BY_PASSWORD, House
from .engine import PlayedEngine
from .records import AGENT_ID, CHANNEL_ID, OTHER_SESSION_TOKEN, POLICY_ID, SESSION_ID, TX_ID

GUARDED = [route for route in ROUTES if route.credential is not Credential.NOBODY]
WRONG: dict[str, dict[str, str]] = {
    "none": {},
    "wrong session token": {"Authorization": "Bearer wai_sess_" + "x" * 43},
    "wrong operator token": {"Authorization": "Bearer wai_op_" + "x" * 43},
    "wrong password": {"X-Master-Password": "guess"},
    "another scheme": {"Authorization": "Basic d2FpOm9w"},
    "no prefix": {"Authorization": "Bearer " + "A" * 43},
    "a cookie alone": {"Cookie": f"session={AS_SESSION['Authorization'][7:]}; password=x"},
    "an empty bearer": {"Authorization": "Bearer"},
    "a token as long as a book": {"Authorization": "Bearer wai_sess_" + "A" * 9000},
}
OPAQUE = {
    "code": "UNAUTHENTICATED",
    "message": "no valid credential",
    "retryable": False,
    "hint": "send a valid token; it may have expired or been revoked",
    "details": {},
}
BODIES: dict[str, dict[str, Any]] = {
    "POST /v1/agents": {"name": "carol", "chain": "solana", "network": "localnet"},
    "PATCH /v1/agents/{id}": {"name": "dave"},
    "POST /v1/sessions": {"agentId": AGENT_ID},
    "POST /v1/transactions/send": {"to": "x", "amount": "1"},
    "POST /v1/transactions/simulate": {"to": "x", "amount": "1"},
    "POST /v1/policies": {"type": "SPENDING_LIMIT", "rules": {}},
    "POST /v1/sessions/check": {"agentId": AGENT_ID, "constraints": {"maxAmount": "0.1SOL"}},
    "POST /v1/policies/check": {"type": "SPENDING_LIMIT", "rules": {}},
    "POST /v1/policies/backtest": {"policies": [{"type": "SPENDING_LIMIT", "rules": {}}]},
    "POST /v1/notification-channels": {"type": "TELEGRAM", "config": {"chat_id": "1"}},
    "POST /v1/admin/kill-switch": {"state": "SUSPENDED"},
    "POST /v1/admin/recover": {"release": []},
    "POST /v1/tokens": {"chain": "solana", "network": "localnet", "token": "Mint"},
}


def name(route: AnyRoute) -> str:
    return f"{route.method} {route.path}"


def path(route: AnyRoute) -> str:
    ids = {
        "agents": AGENT_ID,
        "sessions": SESSION_ID,
        "transactions": TX_ID,
        "policies": POLICY_ID,
        "notification-channels": CHANNEL_ID,
        "tokens": "7",
        "ids": AGENT_ID,
    }
    noun = route.path.split("/")[2] if route.path.startswith("/v1/") else ""
    return route.path.replace("{id}", ids.get(noun, ""))


def ask(client: httpx.Client, route: AnyRoute, credential: dict[str, str]) -> httpx.Response:
    body = None if route.method == "GET" else BODIES.get(name(route), {})
    return client.request(route.method, path(route), headers=_bytes(credential), json=body)


def _bytes(credential: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(key.encode(), value.encode("latin-1")) for key, value in credential.items()]


def expected(route: AnyRoute) -> dict[str, int]:
    """Status by who asks, where the answer is a refusal; 0 stands for success."""
    forbidden = {
        Credential.SESSION: {"session": 0, "operator": 403, "password": 403},
        Credential.OPERATOR: {"session": 403, "operator": 0, "password": 0},
        Credential.OPERATOR_PASSWORD: {"session": 403, "operator": 403, "password": 0},
        Credential.OPERATOR_OR_SOCKET: {"session": 403, "operator": 0, "password": 0},
        Credential.UNLOCK: {"session": 403, "operator": 403, "password": 0},
        Credential.SESSION_OR_OPERATOR: {"session": 0, "operator": 0, "password": 0},
        Credential.NOBODY: {"session": 0, "operator": 0, "password": 0},
    }
    return forbidden[route.credential]


@pytest.mark.parametrize("credential", WRONG.values(), ids=WRONG)
def test_a_bad_credential_is_one_opaque_401_and_reaches_no_service(house: House, credential: dict[str, str]) -> None:
    """Without a valid credential every guarded route answers the same 401 and the engine is not touched."""
    for route in GUARDED:
        answer = ask(house.http, route, credential)
        assert answer.status_code == 401, name(route)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        fields = answer.json()
        assert fields.pop("requestId") == answer.headers["X-Request-Id"]
        assert fields == OPAQUE, name(route)
    assert set(house.engine.calls()) <= {"operator.unlock"}


@pytest.mark.parametrize("route", ROUTES, ids=name)
@pytest.mark.parametrize(
    ("who", "credential"), [("session", AS_SESSION), ("operator", AS_OPERATOR), ("password", BY_PASSWORD)]
)
def test_every_route_lets_in_whom_it_names_and_nobody_else(
    house: House, route: AnyRoute, who: str, credential: dict[str, str]
) -> None:
    """A good credential passes where the table names it and is a 403 elsewhere, over both doors."""
    wanted = expected(route)[who] or route.status
    for client in (house.http, house.admin):
        answer = ask(client, route, credential)
        if route.credential is Credential.OPERATOR_OR_SOCKET and client is house.admin:
            assert answer.status_code == route.status, answer.text
            continue
        assert answer.status_code == wanted, answer.text
        if wanted == 403:
            code = answer.json()["code"]
            by_token = who == "operator" and route.credential in (Credential.OPERATOR_PASSWORD, Credential.UNLOCK)
            assert code == ("PASSWORD_REQUIRED" if by_token else "FORBIDDEN")
            if who == "session":  # an agent must not be sent to look for what is the operator's
                assert not re.search("password|token|unlock", answer.json()["hint"], re.IGNORECASE), answer.text


def test_a_session_does_not_see_another_agents_transaction(house: House) -> None:
    """What is another agent's is a 404, like what does not exist."""
    theirs = house.http.get(f"/v1/transactions/{TX_ID}", headers={"Authorization": f"Bearer {OTHER_SESSION_TOKEN}"})
    nothing = house.http.get(f"/v1/transactions/{AGENT_ID}", headers=AS_SESSION)
    assert theirs.status_code == nothing.status_code == 404
    assert theirs.json()["message"] == nothing.json()["message"]


def test_on_the_socket_nobody_in_particular_stops(house: House) -> None:
    """Without a credential, and with a wrong one, the kill switch is activated over the socket and told nothing of anybody's;
    over TCP that is a 401."""
    for credential in ({}, WRONG["wrong operator token"], WRONG["wrong password"]):
        answer = house.admin.post("/v1/admin/kill-switch", headers=_bytes(credential), json={"state": "LOCKED"})
        assert (answer.status_code, answer.json()["agents"]) == (200, [])
        assert house.engine.kill_switch.log[-1][1]["actor"].kind == "nobody"
        assert house.http.post("/v1/admin/kill-switch", json={"state": "LOCKED"}).status_code == 401


def test_a_session_renews_only_itself(house: House) -> None:
    """Another session's id in the path is a 404 and renews nothing."""
    answer = house.http.put(
        f"/v1/sessions/{SESSION_ID}/renew", headers={"Authorization": f"Bearer {OTHER_SESSION_TOKEN}"}
    )
    assert answer.status_code == 404
    assert "sessions.renew" not in house.engine.calls()


def test_a_bearer_session_counts_although_a_password_is_there_too(house: House) -> None:
    """On a session's route the token decides and the password is not even tried."""
    answer = house.http.get("/v1/wallet/address", headers=_bytes({**AS_SESSION, **BY_PASSWORD}))
    assert answer.status_code == 200
    assert house.engine.operator.log == []


def test_what_cannot_be_a_token_is_not_looked_up(house: House) -> None:
    """A header of many kilobytes costs no hash and no read of the database."""
    for token in ("wai_sess_" + "A" * 9000, "wai_op_" + "A" * 300, "guess", ""):
        house.http.get("/v1/transactions", headers={"Authorization": f"Bearer {token}".strip()})
    assert house.engine.sessions.log == house.engine.operator.log == []


def test_a_route_without_a_credential_does_not_start() -> None:
    """A row of the table that names no credential is refused when it is made."""
    with pytest.raises(TypeError, match="names no credential"):
        Route("GET", "/v1/open", None, daemon.health, Nothing, Done, "open to all")  # type: ignore[arg-type]


def test_a_route_twice_in_the_table_does_not_start(settings: Settings) -> None:
    """Two rows with one method and path are refused when the application is made."""
    with pytest.raises(TypeError, match="twice"):
        create_app(PlayedEngine().as_services(), settings, routes=(ROUTES[0], ROUTES[0]))


def test_a_route_of_one_door_is_not_there_on_the_other(settings: Settings) -> None:
    """A row that names the socket alone is a 404 over TCP."""
    from falcon import testing

    hidden = Route(
        "GET", "/health", Credential.NOBODY, daemon.health, Nothing, Done, "socket only", doors=frozenset({"socket"})
    )
    app = create_app(PlayedEngine().as_services(), settings, routes=(hidden,))
    assert testing.TestClient(app).simulate_get("/health", headers={"Host": "localhost"}).status_code == 404


def test_unknown_paths_and_methods(house: House) -> None:
    """A path that is not there is 404, a method that is not there 405 with Allow, both in the common shape."""
    gone = house.http.get("/v1/nothing", headers=AS_OPERATOR)
    assert (gone.status_code, gone.json()["code"]) == (404, "NOT_FOUND")
    for method in ("PUT", "OPTIONS", "TRACE"):
        wrong = house.http.request(method, "/v1/agents", headers=AS_OPERATOR)
        assert wrong.status_code == 405, method
        assert set(wrong.headers["Allow"].replace(" ", "").split(",")) >= {"GET", "POST"}


NOUNS = (
    "agents adoption sessions transactions policies backtests limits "
    "channels approvals operator audit wallet tokens admin catalogue metrics kill_switch"
)


@pytest.mark.parametrize("noun", NOUNS.split())
def test_the_played_engine_takes_what_the_real_one_takes(noun: str) -> None:
    """Every method of the fakes has the parameters of the real service's method of the same name."""
    module = importlib.import_module(f"waiaas.engine.{noun}")
    name = noun.title().replace("_", "")
    genuine, fake = getattr(module, name), getattr(played, name)
    for verb, method in vars(fake).items():
        if verb.startswith("_") or not inspect.isfunction(method):
            continue
        theirs = inspect.signature(getattr(genuine, verb)).parameters.values()
        ours = inspect.signature(method).parameters.values()
        assert [(p.name, p.kind) for p in ours] == [(p.name, p.kind) for p in theirs], f"{noun}.{verb}"


@pytest.mark.parametrize("route", [route for route in ROUTES if route.method == "GET"], ids=name)
def test_head_is_answered_like_get_without_a_body(house: House, route: AnyRoute) -> None:
    """Status, type and length are those of GET, over both doors, with and without a credential; the connection goes on."""
    credential = {**BY_PASSWORD} if expected(route)["password"] == 0 else {**AS_SESSION}
    for client in (house.http, house.admin):
        for given in (credential, WRONG["none"]):
            whole = client.get(path(route), headers=_bytes(given))
            head = client.head(path(route), headers=_bytes(given))
            assert (head.status_code, head.content) == (whole.status_code, b"")
            assert head.headers["Content-Type"] == whole.headers["Content-Type"]
            assert int(head.headers["Content-Length"]) == len(whole.content)


@pytest.mark.parametrize("one", PLANNED, ids=lambda one: f"{one.method} {one.path}")
def test_what_is_planned_says_so_to_whom_it_is_for(house: House, one: Planned) -> None:
    """403 with what to do instead, whatever the body; 401 without a credential; nothing is done."""
    where = one.path.replace("{id}", AGENT_ID).replace("{plugin}", "p").replace("{action}", "a")
    good = AS_SESSION if one.credential is Credential.SESSION else BY_PASSWORD
    for client in (house.http, house.admin):
        for body in ({}, {"transaction": "AQID", "anything": [1]}):
            answer = client.request(one.method, where, headers=_bytes(good), json=body)
            assert (answer.status_code, answer.json()["code"]) == (403, "TYPE_NOT_SUPPORTED")
            assert answer.json()["hint"] == one.hint
            assert answer.json()["retryable"] is False
            assert client.request(one.method, where, json=body).status_code == 401


def test_nothing_that_is_served_is_called_planned() -> None:
    """A plan that came true leaves the list."""
    assert unserved(ROUTES) == PLANNED
