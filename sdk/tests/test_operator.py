"""The operator's client: where the password goes, what is asked for."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from waiaas_sdk import Denied, Operator, Retry, Unauthenticated, Unreachable

from sdk.tests.fake_daemon import TRANSACTION, FakeDaemon, Reply, fake_daemon

AGENT = {"id": "a1", "name": "bot", "chain": "solana", "network": "localnet", "status": "ACTIVE", "address": "X"}
LOGIN = ("POST", "/v1/operator/login")
PASSWORD = "pässword-🔑-long"


@pytest.fixture
def at_socket(tmp_path: Path) -> Iterator[FakeDaemon]:
    """A fake daemon on a Unix socket that knows one token."""
    with fake_daemon(tmp_path / "admin.sock") as serving:
        serving.on(*LOGIN, Reply(200, {"token": "wai_op_1", "expiresAt": 99}))
        serving.on("GET", "/v1/agents", Reply(200, {"items": [AGENT], "cursor": None, "hasMore": False}))
        yield serving


@pytest.fixture
def operator(at_socket: FakeDaemon, retry: Retry) -> Iterator[Operator]:
    """An operator who knows the password."""
    assert at_socket.socket is not None
    with Operator.over_socket(at_socket.socket, PASSWORD, retry=retry) as made:
        yield made


def test_password_is_said_once(operator: Operator, at_socket: FakeDaemon) -> None:
    """The first call logs in; all others go with the token."""
    assert operator.agents.list().items[0].name == "bot"
    operator.agents.list()
    said = [asked.headers.get("x-master-password") for asked in at_socket.asked]
    assert [text is not None for text in said] == [True, False, False]
    assert said[0] is not None
    assert said[0].encode("latin-1").decode() == PASSWORD
    assert at_socket.asked[2].headers["authorization"] == "Bearer wai_op_1"


def test_without_remembering_no_token_is_made(at_socket: FakeDaemon, retry: Retry) -> None:
    """An operator that does not remember says the password with each call."""
    assert at_socket.socket is not None
    with Operator.over_socket(at_socket.socket, PASSWORD, remember=False, retry=retry) as operator:
        operator.agents.list()
    assert at_socket.paths() == ["GET /v1/agents"]
    assert "x-master-password" in at_socket.asked[0].headers


def test_expired_token_is_bought_anew(operator: Operator, at_socket: FakeDaemon) -> None:
    """A 401 to a token logs in again, once."""
    at_socket.on(
        "GET", "/v1/agents", Reply(401, {"code": "UNAUTHENTICATED", "message": "no"}), Reply(200, {"items": []})
    )
    assert operator.agents.list().items == []
    at_socket.on("GET", "/v1/agents", Reply(401, {"code": "UNAUTHENTICATED", "message": "no"}))
    with pytest.raises(Unauthenticated):
        operator.agents.list()


def test_wrong_password_is_not_tried_again(operator: Operator, at_socket: FakeDaemon) -> None:
    """A refused login is one login."""
    at_socket.on(*LOGIN, Reply(401, {"code": "UNAUTHENTICATED", "message": "no"}))
    with pytest.raises(Unauthenticated):
        operator.agents.list()
    assert at_socket.paths() == ["POST /v1/operator/login"]


def test_what_needs_the_password_gets_it(operator: Operator, at_socket: FakeDaemon) -> None:
    """A call refused for want of the password is repeated with it."""
    policy: dict[str, Any] = {
        "id": "p",
        "agentId": None,
        "type": "SPENDING_LIMIT",
        "rules": {},
        "priority": 0,
        "enabled": True,
    }
    refused = Reply(403, {"code": "PASSWORD_REQUIRED", "message": "no"})
    at_socket.on("POST", "/v1/policies", refused, Reply(201, policy))
    assert operator.policies.create("SPENDING_LIMIT", {"instant_max": "1"}, agent_id="a1").id == "p"
    assert "x-master-password" in at_socket.asked[-1].headers
    assert at_socket.asked[-1].body["rules"] == {"instant_max": "1"}


def test_what_needs_the_password_gets_it_after_an_expired_token_too(operator: Operator, at_socket: FakeDaemon) -> None:
    """A call whose token has expired, and then is not enough, goes with the password in the end."""
    expired = Reply(401, {"code": "UNAUTHENTICATED", "message": "no"})
    refused = Reply(403, {"code": "PASSWORD_REQUIRED", "message": "no"})
    at_socket.on("GET", "/v1/agents", expired, refused, Reply(200, {"items": []}))
    assert operator.agents.list().items == []
    assert "x-master-password" in at_socket.asked[-1].headers


def test_denial_is_not_repeated_with_the_password(operator: Operator, at_socket: FakeDaemon) -> None:
    """Any other refusal stays one."""
    at_socket.on("DELETE", "/v1/policies/p", Reply(403, {"code": "FORBIDDEN", "message": "no"}))
    with pytest.raises(Denied):
        operator.policies.delete("p")
    assert at_socket.paths()[1:] == ["DELETE /v1/policies/p"]


def test_over_tcp_only_a_token_is_said(daemon: FakeDaemon, retry: Retry) -> None:
    """An operator on TCP has no way to say a password: what needs one is refused before anything is sent."""
    with Operator(daemon.url, token="wai_op_2", retry=retry) as operator, pytest.raises(Denied):
        operator.unlock()
    assert daemon.asked == []


def test_socket_of_nobody_is_no_daemon(tmp_path: Path, retry: Retry, pauses: list[float]) -> None:
    """Without a socket the operator is told to start the daemon."""
    with (
        Operator.over_socket(tmp_path / "admin.sock", PASSWORD, retry=retry) as operator,
        pytest.raises(Unreachable) as caught,
    ):
        operator.agents.list()
    assert caught.value.hint == "start it with: waiaas start"


def test_password_is_not_said_to_a_file_or_a_stranger(
    tmp_path: Path, retry: Retry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path that is no socket, or a socket of another user, hears nothing."""
    plain = tmp_path / "plain"
    plain.write_text("")
    with (
        Operator.over_socket(plain, PASSWORD, retry=retry) as operator,
        pytest.raises(Unreachable, match="SOCKET_UNSAFE"),
    ):
        operator.agents.list()
    with fake_daemon(tmp_path / "s") as stranger:
        monkeypatch.setattr("os.geteuid", lambda: 12345)
        os.chown(tmp_path / "s", 54321, -1) if os.getuid() == 0 else None
        with (
            Operator.over_socket(tmp_path / "s", PASSWORD, retry=retry) as operator,
            pytest.raises(Unreachable, match="SOCKET_UNSAFE"),
        ):
            operator.agents.list()
        assert stranger.asked == []


def test_link_to_a_socket_is_refused(at_socket: FakeDaemon, tmp_path: Path, retry: Retry) -> None:
    """A symbolic link in the socket's place is not followed."""
    (tmp_path / "link.sock").symlink_to(tmp_path / "admin.sock")
    with Operator.over_socket(tmp_path / "link.sock", PASSWORD, retry=retry) as operator, pytest.raises(Unreachable):
        operator.agents.list()
    assert at_socket.asked == []


def test_long_socket_path_works(tmp_path: Path, retry: Retry, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data directory whose path is longer than an address of a socket is reached all the same."""
    deep = tmp_path.joinpath(*(["d" * 40] * 4))
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    with fake_daemon(Path("admin.sock")) as serving:
        serving.on(
            "GET",
            "/health",
            Reply(200, {"status": "ok", "version": "1", "uptime": 1, "schemaVersion": 1, "ready": True}),
        )
        with Operator.over_socket(deep / "admin.sock", PASSWORD, retry=retry) as operator:
            assert operator.health().ready
    assert "x-master-password" not in serving.asked[0].headers


def test_logout_ends_the_token(operator: Operator, at_socket: FakeDaemon) -> None:
    """Logging out tells the daemon; the next call logs in again."""
    at_socket.on("POST", "/v1/operator/logout", Reply(204))
    operator.agents.list()
    operator.logout()
    operator.logout()
    operator.agents.list()
    assert [path.split()[1] for path in at_socket.paths()] == [
        "/v1/operator/login",
        "/v1/agents",
        "/v1/operator/logout",
        "/v1/operator/login",
        "/v1/agents",
    ]


def test_routes_of_the_operator(operator: Operator, at_socket: FakeDaemon) -> None:
    """Each method asks for the route that the contract names."""
    on = at_socket.on
    session = {"id": "s1", "agentId": "a1", "expiresAt": 5, "token": "wai_sess_x"}
    policy = {"id": "p1", "type": "T", "rules": {}}
    page: dict[str, Any] = {"items": [], "cursor": None, "hasMore": False}
    for method, path, body in [
        ("POST", "/v1/agents", AGENT),
        ("GET", "/v1/agents/my%20bot", AGENT),
        ("PATCH", "/v1/agents/a1", AGENT),
        ("DELETE", "/v1/agents/a1", None),
        (
            "GET",
            "/v1/agents/a1/balances",
            {"walletId": "a1", "chain": "c", "network": "n", "address": "x", "assets": []},
        ),
        ("POST", "/v1/sessions/check", {"agentId": "a1", "constraints": {"maxAmount": "5"}}),
        ("POST", "/v1/policies/check", {"type": "T", "rules": {"x": "5"}, "display": {"x": "5 SOL"}}),
        ("POST", "/v1/agents/a1/suspend", AGENT),
        ("POST", "/v1/agents/a1/resume", AGENT),
        ("POST", "/v1/sessions", session),
        ("GET", "/v1/sessions", page),
        ("DELETE", "/v1/sessions/s1", None),
        ("GET", "/v1/policies", page),
        ("GET", "/v1/policies/p1", policy),
        ("PUT", "/v1/policies/p1", policy),
        ("GET", "/v1/policies/limits", page),
        ("POST", "/v1/policies/backtest", {"rows": [], "totals": {"before": {}, "after": {}}, "changed": 0}),
        ("GET", "/v1/transactions", page),
        ("GET", "/v1/transactions/pending", page),
        ("POST", "/v1/transactions/t/approve", TRANSACTION),
        ("POST", "/v1/transactions/t/reject", TRANSACTION),
        ("POST", "/v1/transactions/t/cancel", TRANSACTION),
        ("POST", "/v1/transactions/t/speed-up", TRANSACTION),
        ("POST", "/v1/transactions/t/cancel-onchain", TRANSACTION),
        ("GET", "/v1/approvals", page),
        ("GET", "/v1/audit", page),
        ("GET", "/v1/audit/verify", {"rows": 3, "head": [3, "h"], "problems": []}),
        ("GET", "/v1/chains", page),
        ("GET", "/v1/policy-types", page),
        ("GET", "/v1/plugins", page),
        ("GET", "/v1/admin/status", {"x": 1}),
        ("POST", "/v1/admin/shutdown", None),
        ("POST", "/v1/operator/unlock", None),
    ]:
        on(method, path, Reply(200 if body is not None else 204, body))
    operator.agents.create("bot", "solana", "localnet")
    operator.agents.show("my bot")
    operator.agents.rename("a1", "n")
    operator.agents.terminate("a1")
    assert operator.agents.balances("a1").assets == []
    assert operator.sessions.check("a1", {"maxAmount": "5"}).constraints == {"maxAmount": "5"}
    assert operator.policies.check("T", {"x": "5SOL"}).display == {"x": "5 SOL"}
    operator.agents.suspend("a1", "why")
    operator.agents.resume("a1")
    assert operator.sessions.issue("a1", ttl=300, constraints={"maxAmount": "5"}).token == "wai_sess_x"
    operator.sessions.list(agent_id="a1")
    operator.sessions.revoke("s1")
    operator.policies.list(agent_id="a1")
    operator.policies.show("p1")
    operator.policies.update("p1", enabled=False)
    assert operator.policies.limits(agent_id="a1").items == []
    assert operator.policies.backtest([{"type": "T", "rules": {}}], agent_id="a1", since=5).changed == 0
    operator.transactions.list(agent_id="a1", status="QUEUED")
    operator.transactions.pending()
    operator.transactions.approve("t")
    operator.transactions.reject("t")
    operator.transactions.cancel("t")
    operator.transactions.speed_up("t", max_fee=2**70, wait=3)
    operator.transactions.cancel_onchain("t")
    operator.approvals.list()
    operator.audit.list(severity="critical", event_type="x")
    assert operator.audit.verify().is_intact
    operator.catalogue.chains()
    operator.catalogue.policy_types()
    operator.catalogue.plugins()
    assert operator.admin.status() == {"x": 1}
    operator.admin.shutdown()
    operator.unlock()
    assert [asked.body for asked in at_socket.asked if asked.path.endswith("/speed-up")] == [{"maxFee": str(2**70)}]
    bodies = {asked.path: asked.body for asked in at_socket.asked if asked.body}
    assert bodies["/v1/sessions"] == {"agentId": "a1", "ttl": 300, "constraints": {"maxAmount": "5"}}
    assert bodies["/v1/policies/p1"] == {"enabled": False}
    assert "GET /v1/audit?eventType=x&severity=critical" in at_socket.paths()
    assert "GET /v1/transactions?agentId=a1&status=QUEUED" in at_socket.paths()


def test_secrets_do_not_show(operator: Operator, at_socket: FakeDaemon) -> None:
    """Neither password nor tokens show in a repr."""
    at_socket.on("POST", "/v1/sessions", Reply(201, {"id": "s1", "expiresAt": 5, "token": "wai_sess_x"}))
    shown = repr(operator) + repr(operator.login()) + repr(operator.sessions.issue("a1"))
    assert PASSWORD not in shown
    assert "wai_" not in shown


def test_tokens_are_listed_added_and_removed(operator: Operator, at_socket: FakeDaemon) -> None:
    """The lists of tokens are asked for by network and changed one token at a time."""
    token = {"id": "7", "chain": "solana", "network": "localnet", "assetId": "c/token:M", "address": "M", "decimals": 6}
    at_socket.on("GET", "/v1/tokens", Reply(200, {"items": [token, {**token, "id": None}]}))
    at_socket.on("POST", "/v1/tokens", Reply(201, token))
    at_socket.on("DELETE", "/v1/tokens/7", Reply(204))
    assert [one.id for one in operator.tokens.list(chain="solana")] == ["7", None]
    assert operator.tokens.add("solana", "localnet", "M").decimals == 6
    operator.tokens.remove("7")
    assert at_socket.paths()[1:] == ["GET /v1/tokens?chain=solana", "POST /v1/tokens", "DELETE /v1/tokens/7"]
    assert at_socket.asked[2].body == {"chain": "solana", "network": "localnet", "token": "M"}


def test_a_password_is_asked_for_once_and_not_before_it_is_needed(at_socket: FakeDaemon, retry: Retry) -> None:
    """With a good token nobody is asked; what takes the password itself asks, and twice of that asks once."""
    assert at_socket.socket is not None
    at_socket.on("POST", "/v1/operator/unlock", Reply(200, {"status": "unlocked"}))
    asked: list[str] = []

    def ask() -> str:
        asked.append("asked")
        return PASSWORD

    with Operator.over_socket(at_socket.socket, ask, token="wai_op_1", retry=retry) as operator:
        operator.agents.list()
        assert asked == []
        operator.unlock()
        operator.unlock()
        operator.logout_bought()
    assert asked == ["asked"]
    assert at_socket.paths() == ["GET /v1/agents", *["POST /v1/operator/unlock"] * 2], "a token that was given lives on"


def test_a_dead_token_is_told_of_and_replaced_by_a_brief_one(at_socket: FakeDaemon, retry: Retry) -> None:
    """Who gave the token hears that it is dead; the one bought in its place is brief, and ended with the work."""
    assert at_socket.socket is not None
    at_socket.on("GET", "/v1/agents", Reply(401, {"code": "UNAUTHENTICATED"}), Reply(200, {"items": []}))
    at_socket.on("POST", "/v1/operator/logout", Reply(204))
    dead: list[str] = []
    with Operator.over_socket(
        at_socket.socket,
        PASSWORD,
        token="wai_op_0",
        is_brief=True,
        on_dead_token=lambda: dead.append("dead"),
        retry=retry,
    ) as operator:
        operator.agents.list()
        operator.logout_bought()
    assert dead == ["dead"]
    assert at_socket.asked[1].body == {"brief": True}
    assert at_socket.paths()[-1] == "POST /v1/operator/logout"
