"""What every request passes and every answer carries."""

import json
import logging
from typing import Any
from uuid import UUID

import pytest

from waiaas.api.app import create_app
from waiaas.config import Settings
from waiaas.errors import StartRefused, WaiaasError

from .conftest import AS_OPERATOR, AS_SESSION, BY_PASSWORD, Build, House
from .engine import PlayedEngine
from .records import NOW, PASSWORD
from .wire import error_of, exchange, request

CANARY = "canary /etc/secret http://node.example/key"
HARDENING = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
}


@pytest.mark.parametrize(
    ("method", "path", "credential"),
    [
        ("GET", "/health", {}),
        ("GET", "/openapi.json", {}),
        ("GET", "/v1/agents", {}),
        ("GET", "/v1/agents", AS_OPERATOR),
        ("DELETE", "/v1/policies/x", AS_OPERATOR),
        ("GET", "/nowhere", {}),
        ("PUT", "/health", {}),
        ("GET", "/metrics", AS_OPERATOR),
    ],
)
def test_every_answer_is_hardened_and_named(house: House, method: str, path: str, credential: dict[str, str]) -> None:
    """Successes and errors alike carry the hardening headers and a request id of our own making."""
    answer = house.http.request(method, path, headers={**credential, "X-Request-Id": "mine"})
    assert HARDENING.items() <= dict(answer.headers).items()
    assert UUID(answer.headers["X-Request-Id"]).version == 7
    assert "server" not in answer.headers
    assert answer.headers["X-Request-Id"] != house.http.request(method, path).headers["X-Request-Id"]


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:3100", "127.0.0.1", "127.0.0.1:1", "[::1]:3100", "[::1]", "127.8.9.1"]
)
def test_names_of_loopback_are_answered(house: House, host: str) -> None:
    """Every spelling of this machine is a good Host."""
    assert exchange(house, request("GET", "/health", Host=host))[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "0.0.0.0",
        "10.0.0.1",
        "",
        "localhost, evil.example",
        "localhost:3100:1",
        "local host",
        "evil.example@localhost",
        "[::2]",
        "2130706433",
    ],
)
def test_another_host_is_refused_on_both_doors(house: House, host: str) -> None:
    """A name that DNS could point here (rebinding) gets nothing, not even health."""
    status, _, body = exchange(house, request("GET", "/health", Host=host))
    assert status == 400
    assert error_of(body)["code"] == "HOST_NOT_ALLOWED"
    assert house.admin.get("/health", headers={"Host": host}).status_code == 400
    assert house.engine.calls() == []


def test_a_request_without_a_host_is_refused(house: House) -> None:
    """HTTP/1.0 without Host is no way around the check."""
    assert exchange(house, b"GET /health HTTP/1.0\r\n\r\n")[0] == 400


def test_a_forwarded_host_does_not_count(house: House) -> None:
    """Only Host is looked at, whatever a proxy's headers say."""
    status, _, _ = exchange(house, request("GET", "/health", Host="evil.example", X_Forwarded_Host="localhost"))
    assert status == 400


def test_configured_hosts_are_answered(build: Build) -> None:
    """security.allowed_hosts adds names, without regard to case and port."""
    house = build(allowed_hosts=("Wallet.Example",))
    assert exchange(house, request("GET", "/health", Host="wallet.example:443"))[0] == 200
    assert exchange(house, request("GET", "/health", Host="other.example"))[0] == 400


def test_no_origin_is_shared_with_by_default(house: House) -> None:
    """Without configuration no cross-origin header leaves, and a preflight is a 405."""
    answer = house.http.get("/health", headers={"Origin": "http://localhost:3000"})
    assert not any(name.lower().startswith("access-control") for name in answer.headers)
    preflight = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST"}
    assert house.http.options("/v1/agents", headers=preflight).status_code == 405


def test_a_configured_origin_may_read(build: Build) -> None:
    """A configured origin gets its preflight and its answers, another one nothing; credentials mode is never allowed."""
    house = build(cors_origins=("https://ui.example",))
    ours = {"Origin": "https://ui.example", "Access-Control-Request-Method": "POST"}
    answer = house.http.options("/v1/agents", headers=ours)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (204, "https://ui.example")
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert house.http.get("/health", headers=ours).headers["Access-Control-Allow-Origin"] == "https://ui.example"
    theirs = {**ours, "Origin": "https://ui.example.evil.example"}
    refused = house.http.options("/v1/agents", headers=theirs)
    assert refused.status_code == 405
    assert "Access-Control-Allow-Origin" not in refused.headers


def test_the_password_comes_as_its_utf8_bytes_and_is_wiped(house: House) -> None:
    """The engine gets the very bytes that were sent, in a buffer that holds zeros when the request is over."""
    headers = [(name.encode(), value.encode("latin-1")) for name, value in BY_PASSWORD.items()]
    assert house.http.post("/v1/operator/unlock", headers=headers).status_code == 200
    assert house.engine.operator.kept == [PASSWORD.encode()]
    assert set(house.engine.operator.seen[0]) == {0}


def test_a_password_that_is_not_needed_is_wiped_unread(settings: Settings) -> None:
    """Also when the request ends before authentication the environment no longer holds the password."""
    from falcon import testing

    app = create_app(PlayedEngine().as_services(), settings)
    environ = testing.create_environ("/health", host="localhost", headers={"X-Master-Password": "canary"})
    list(app(environ, testing.StartResponseMock()))
    assert "canary" not in repr(environ)


@pytest.mark.parametrize("by", ["address", "X-Forwarded-For", "Forwarded", "Via"])
def test_a_password_from_elsewhere_is_refused_untried(settings: Settings, by: str) -> None:
    """A password that crossed a network, directly or through a proxy, is a 403 and never compared."""
    from falcon import testing

    engine = PlayedEngine()
    client = testing.TestClient(create_app(engine.as_services(), settings))
    headers = {"X-Master-Password": "x", "Host": "localhost"}
    address = "192.0.2.7" if by == "address" else "127.0.0.1"
    if by != "address":
        headers[by] = "192.0.2.7"
    answer = client.simulate_get("/v1/agents", headers=headers, remote_addr=address)
    assert (answer.status_code, answer.json["code"]) == (403, "FORBIDDEN")
    assert engine.operator.log == []


def test_the_engine_learns_the_door_and_the_peer(house: House) -> None:
    """Over TCP the peer's address, over the socket the word socket; no header changes either."""
    lying = [(b"X-Master-Password", PASSWORD.encode()), (b"waiaas.door", b"socket")]
    house.http.get("/v1/agents", headers=lying)
    house.admin.get("/v1/agents", headers=lying)
    assert house.engine.operator.log == [
        ("authenticate_password", {"ip": "127.0.0.1", "door": "tcp"}),
        ("authenticate_password", {"ip": "socket", "door": "socket"}),
    ]


@pytest.mark.parametrize("problem", [RuntimeError(CANARY), StartRefused(CANARY), WaiaasError(CANARY), KeyError(CANARY)])
def test_an_unforeseen_exception_tells_the_log_and_not_the_caller(
    house: House, caplog: pytest.LogCaptureFixture, problem: Exception
) -> None:
    """500 INTERNAL with a request id that the log has too, and nothing of the exception."""

    def explode(verb: str, arguments: dict[str, Any]) -> None:
        raise problem

    house.engine.wallet.before = explode
    with caplog.at_level(logging.DEBUG):
        answer = house.http.get("/v1/wallet/address", headers=AS_SESSION)
    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL")
    assert "canary" not in answer.text
    assert "canary" in caplog.text
    assert answer.json()["requestId"] in caplog.text


def test_no_credential_is_logged(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """At debug level no token and no password is in the log, also when the request fails inside."""

    def explode(verb: str, arguments: dict[str, Any]) -> None:
        raise RuntimeError("inside")

    house.engine.agents.before = explode
    with caplog.at_level(logging.DEBUG):
        house.http.get("/v1/agents", headers=AS_OPERATOR)
        house.http.get("/v1/agents", headers={"X-Master-Password": "canary-password"})
        house.http.get("/v1/agents", headers=AS_SESSION)
    for secret in ("canary-password", AS_OPERATOR["Authorization"][7:], AS_SESSION["Authorization"][7:]):
        assert secret not in caplog.text


def test_metrics_are_text_for_prometheus(house: House) -> None:
    """The exposition format's media type, and the engine's bytes as they are."""
    answer = house.http.get("/metrics", headers=AS_OPERATOR)
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert answer.text == "waiaas_signer_unlocked 1.0\n"


@pytest.mark.parametrize(
    "path", ["agents", "sessions", "policies", "audit", "audit/verify", "admin/status", "approvals"]
)
def test_answers_are_camel_case_and_hold_no_hash_of_a_token(house: House, path: str) -> None:
    """Names on the wire are camelCase (rules of policies aside), and a session is shown without its token's hash."""
    answer = house.http.get(f"/v1/{path}", headers=AS_OPERATOR)
    assert not [key for key in _keys(answer.json()) if "_" in key]
    assert "tokenHash" not in answer.text


def _keys(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [
            *value,
            *(key for name, inner in value.items() if name not in ("rules", "display") for key in _keys(inner)),
        ]
    return [key for inner in value for key in _keys(inner)] if isinstance(value, list) else []


def test_amounts_leave_as_strings(house: House) -> None:
    """A balance beyond 64 bits arrives unharmed."""
    assert json.loads(house.http.get("/v1/wallet/balance", headers=AS_SESSION).text)["balance"] == str(2**70)


def test_the_audit_report_names_every_problem(house: House) -> None:
    """Whether the chain holds, its last good row, and what is wrong where."""
    assert house.http.get("/v1/audit/verify", headers=AS_OPERATOR).json() == {
        "intact": False,
        "rows": 2,
        "head": {"id": 2, "hash": "1" * 64},
        "problems": [{"fault": "edited", "text": "row 3 was edited", "row": 3, "txId": None}],
        "checkpoints": 1,
        "keyKnown": False,
        "signedUpTo": {"auditId": 1, "auditHash": "1" * 64, "publicKey": "2" * 64, "createdAt": NOW},
    }
