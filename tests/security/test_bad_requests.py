"""Bad input over real HTTP to the running daemon: always a 4xx that says what is wrong, and nothing stored (all routes)."""

import json
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.security.target import Target, each, target, whole

__all__ = ["target"]
pytestmark = pytest.mark.xdist_group("security-input")


@pytest.mark.parametrize(
    "body",
    [
        b'{"to": "TO", "amount": "5", "amount": "5000000"}',
        b'{"to": "TO", "to": "TO", "amount": "2000000"}',
        b'{"to": "TO", "amount": "2000000", "memo": NaN}',
        b'{"to": "TO", "amount": Infinity}',
        b'{"to": "TO", "amount": "2000000"',
        b'{"to": "TO", "amount": "2000000"}}',
        b'{"to": "TO", "amount": "2000000"} {}',
        b"{'to': 'TO', 'amount': '2000000'}",
        b'{"to": "TO", "amount": "2000000",}',
        b'{"to": "TO", "amount": "2000000", "memo": "\\ud800"}',
        b'{"to": "TO", "amount": "2000000", "memo": "\xff"}',
        b'{"to": "TO", "amount": "2000000", "memo": "\x01"}',
        b"\xff\xfe" + '{"to": "TO", "amount": "2000000"}'.encode("utf-16-le"),
        b'\xef\xbb\xbf{"to": "TO", "amount": "2000000"}',
        b"[" * 50_000,
        b'{"token":' * 7_000,
        b'{"memo": ' + b"[" * 33 + b"]" * 33 + b"}",
        b'{"amount": ' + b"9" * 60_000 + b"}",
        b"null", b"[]", b"1", b'"x"', b"true", b"{}", b"\x00", b" ",
    ],
    ids=lambda body: repr(body[:36]),
)  # fmt: skip
def test_a_body_that_is_not_one_plain_object_is_refused(target: Target, body: bytes) -> None:
    """Duplicate keys, NaN, truncation, other encodings, towers of brackets and lone surrogates are 400 on every route."""
    sent = body.replace(b"TO", target.house.case.new_recipient().encode())
    for path, headers in (("/v1/transactions/send", target.session), ("/v1/agents", target.operator)):
        found = target.refused("POST", path, {**headers, "Content-Type": "application/json"}, content=sent)
        assert found["status"] == (413 if len(sent) > 64 * 1024 else 400)


SESSIONS: list[dict[str, Any]] = [
    {}, {"agentId": None}, {"agentId": 1}, {"agentId": ""}, {"agentId": "nobody"}, {"agentId": "x" * 129}, {"agentId": "\x00"},
    *each("ttl", 0, -1, 1.5, "300", True, 2**31, 2**64, 10**30, [], "1e3"),
    {"constraints": []}, {"constraints": "all"}, {"constraints": {"max_amount": "1"}}, {"constraints": {"everything": True}},
    *each("constraints.maxAmount", 1, "0", "-1", "1e3", "１２", "+1", "1_0", "9" * 79, [], True),
    *each("constraints.maxTotal", 1.0, "", " 1", "٣", {}),
    *each("constraints.maxTransactions", 0, -1, "1", 1.5, True, 2**64),
    *each("constraints.types", "TRANSFER", [1], ["a b"], [""], ["x"] * 21),
    *each("constraints.recipients", "x", [1], ["not an address"], [""], ["0x00"], ["x"] * 1001),
    *each("constraints.tokens", [{}], [{"address": "x", "maxAmount": 1}], [1], {"address": "x"}),
    {"constraints": {"signMessages": "yes"}}, {"token": "mine"}, {"Ttl": 300},
]  # fmt: skip


@pytest.mark.parametrize("changes", SESSIONS, ids=lambda changes: repr(changes)[:60])
def test_no_field_of_a_session_takes_what_it_should_not(target: Target, changes: dict[str, Any]) -> None:
    """A session is not issued for an unknown agent, for no time, or under constraints that nobody could read."""
    body = {"agentId": target.wallet.agent_id, **changes} if changes else {}
    target.refused("POST", "/v1/sessions", target.operator, json=body)


POLICIES: list[dict[str, Any]] = [
    {"type": None}, {"type": 5}, {"type": ""}, {"type": "NO_SUCH_TYPE"}, {"type": "spending_limit"}, {"type": "a b"},
    {"agentId": "nobody"}, {"agentId": 7}, {"agentId": None},  # native of whom: a global policy must name its asset
    *each("rules", None, [], "x", 1, True),
    *each("rules.instant_max", 1, -1, "-1", "1e18", "１２", "+1", "1_0", 1.5, True, [], "9" * 79, ""),
    *each("rules.delay_seconds", -1, "60", 1.5, 2**64),
    {"rules": {"instantMax": "1"}}, {"rules": {"surprise": 1}}, {"rules": {"asset": 5, "instant_max": "1"}},
    {"rules": {"asset": "\x00", "instant_max": "1"}}, {"rules": {"instant_max": "5", "notify_max": "4"}},
    {"type": "ALLOWED_ADDRESSES", "rules": {"addresses": "x"}}, {"type": "ALLOWED_ADDRESSES", "rules": {"addresses": [1]}},
    {"type": "ALLOWED_ADDRESSES", "rules": {"addresses": ["x"], "otherwise": "allow"}},
    {"type": "ALLOWED_ADDRESSES", "rules": {}}, {"type": "ALLOWED_ADDRESSES", "rules": {"addresses": ["not one"]}},
    *({"type": "ALLOWED_TOKENS", "rules": {"tokens": bad}} for bad in (None, [], "x", [1], [""], ["native"], ["not one"])),
    {"type": "ALLOWED_TOKENS", "rules": {}}, {"type": "ALLOWED_TOKENS", "rules": {"tokens": ["x"], "otherwise": "approval"}},
    {"type": "ALLOWED_TOKENS", "agentId": None, "rules": {"tokens": ["native"]}},
    *each("priority", "1", 1.5, True, 2**31, -(2**64)), *each("enabled", 1, "true", []),
    {"version": 1}, {"agent_id": "x"},
]  # fmt: skip


@pytest.mark.parametrize("changes", POLICIES, ids=lambda changes: repr(changes)[:60])
def test_no_field_of_a_policy_takes_what_it_should_not(target: Target, changes: dict[str, Any]) -> None:
    """A policy that its type does not wholly understand is not stored."""
    good = {"agentId": target.wallet.agent_id, "type": "SPENDING_LIMIT", "rules": {"instant_max": "1"}}
    target.refused("POST", "/v1/policies", target.operator, json={**good, **changes})


AGENTS: list[dict[str, Any]] = [
    *each("name", None, 1, True, [], "", " ", "x" * 500, "\x00", "\u200b", "\u202e", "\n", "-x", "*", "a*"),
    *each("chain", None, 1, "", "bitcoin", "Solana", "solana ", "so\x00", "x" * 65, []),
    *each("network", 1, "", "nowhere", "localnet\n", "../localnet", {}),
    {"id": "mine"}, {"privateKey": "x"}, {"address": "x"},
]  # fmt: skip


@pytest.mark.parametrize("changes", AGENTS, ids=lambda changes: repr(changes)[:60])
def test_no_field_of_an_agent_takes_what_it_should_not(target: Target, changes: dict[str, Any]) -> None:
    """An agent is not made without a readable name, or on a chain or network that nobody serves; no key file is left."""
    files = sorted(target.house.paths.keystore.iterdir())
    good = {"name": "fresh", "chain": target.house.case.chain, "network": target.house.case.network}
    target.refused("POST", "/v1/agents", target.operator, json={**good, **changes})
    assert sorted(target.house.paths.keystore.iterdir()) == files


@pytest.mark.parametrize("key", ["", "x" * 129, "a\tb", "schlüssel", "☃"])
def test_an_idempotency_key_that_is_none_is_refused(target: Target, key: str) -> None:
    """Empty, long and unprintable keys are refused; the payment is not made without a key instead."""
    headers = [(b"Idempotency-Key", key.encode()), (b"Authorization", target.session["Authorization"].encode())]
    before = target.counts()
    found = whole(target.http.post("/v1/transactions/send", json=target.payment(), headers=headers))
    assert (found["code"], target.counts()) == ("INVALID_IDEMPOTENCY_KEY", before)


@pytest.mark.parametrize(
    "prefer",
    ["", "wait", "wait=", "wait=-1", "wait=x", "wait=1e9", "wait=１", ";;;", "wait=1" + "0" * 400, 'wait="5', "a=b, c"],
)
def test_a_preference_that_cannot_be_read_is_ignored(target: Target, prefer: str) -> None:
    """RFC 7240: what is not understood in Prefer is ignored; it is no error and makes nobody wait for ever."""
    headers = [(b"Prefer", prefer.encode()), (b"Authorization", target.session["Authorization"].encode())]
    answer = target.http.post("/v1/transactions/simulate", json=target.payment(), headers=headers)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("method", "path", "changes", "status"),
    [
        ("POST", "/v1/transactions/send", {"Content-Type": "text/plain"}, 415),
        ("POST", "/v1/transactions/send", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ("POST", "/v1/transactions/send", {"Content-Type": "multipart/form-data; boundary=x"}, 415),
        ("POST", "/v1/transactions/send", {"Content-Type": "application/json; charset=utf-16"}, 415),
        ("PUT", "/v1/transactions/send", {}, 405),
        ("DELETE", "/v1/policies", {}, 405),
        ("TRACE", "/v1/agents", {}, 405),
        ("BREW", "/v1/agents", {}, None),
        ("POST", "/v1/transactions/send", {"Host": "evil.example"}, 400),
        ("POST", "/v1/transactions/send", {"Host": "127.0.0.1.evil.example"}, 400),
        ("POST", "/v1/transactions/send", {"Host": "localhost@evil.example"}, 400),
        ("POST", "/v1/transactions/send", {"Host": ""}, 400),
        ("POST", "/v1/transactions/send", {"X-Big": "x" * 300_000}, 431),
        ("GET", "/v1/agents/" + "x" * 20_000, {}, None),
        ("GET", "/v1/agents/%00", {}, 404),
        ("GET", "/v1/agents/..%2f..%2fetc", {}, 404),
        ("GET", "/v1/transactions/%F0%28%8C%28", {}, None),
        ("GET", "/v1/transactions?limit=%EF%BC%91", {}, 400),
        ("GET", "/v1/transactions?cursor=" + "A" * 600, {}, 400),
        ("GET", "/v1/audit?cursor=bm9wZQ", {}, 400),
        ("GET", "/v1/audit?since=-1", {}, 400),
        ("GET", "/v1/audit?since=99999999999999999999", {}, 400),
    ],
)
def test_the_door_refuses_what_is_no_request_of_ours(
    target: Target, method: str, path: str, changes: dict[str, str], status: int | None
) -> None:
    """Wrong type, method, host, size, path and query are each refused before anything is stored."""
    credential = target.operator if "audit" in path or "agents" in path or "policies" in path else target.session
    headers = {**credential, "Content-Type": "application/json", **changes}
    content = json.dumps(target.payment()).encode() if method == "POST" else b""
    found = target.refused(method, path, headers, content=content)
    assert status in (None, found["status"]), found


def test_bodies_over_a_mebibyte_are_refused(target: Target) -> None:
    """Larger than 1 MiB is 413, whether it says so, is honest about it, or comes in chunks."""
    headers = {**target.session, "Content-Type": "application/json"}
    found = target.refused("POST", "/v1/transactions/send", headers, content=b" " * 1_048_577)
    assert (found["status"], found["code"]) == (413, "BODY_TOO_LARGE")
    chunks = iter([b'{"note": "', *[b"x" * 65_536] * 17, b'"}'])
    found = target.refused("POST", "/v1/transactions/send", headers, content=chunks)
    assert found["status"] == 413


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /health HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET  /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /v1/agents HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/agents HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"POST /v1/agents HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nzz\r\n",
        b"POST /v1/agents HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\nno colon\r\n\r\n",
    ],
    ids=lambda raw: repr(raw[:50]),
)
def test_bytes_that_are_no_http_end_in_a_refusal(target: Target, raw: bytes) -> None:
    """Broken requests are answered with a 4xx or a closed connection, never a 5xx, and the daemon goes on."""
    parts = urlsplit(target.house.daemon.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as wire:
        wire.sendall(raw)
        wire.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: wire.recv(65536), b""))
    status = int(answer.split(b" ")[1]) if answer else 400
    # RFC 9112, 6.1: 501 is what a transfer coding that nobody knows is answered with.
    assert 400 <= status < 500 or status == (501 if b"gzip" in raw else 200), answer
    assert status != 200 or raw.startswith(b"GET /health"), answer
    assert target.http.get("/health").status_code == 200


TOKENS: list[dict[str, Any]] = [
    *each("token", None, 1, [], {}, "", " ", "native", "x", "é", "\x00", "1" * 257, "solana:nowhere/token:x"),
    *each("chain", None, 1, "", "bitcoin", "x" * 65), *each("network", None, "", "nowhere", "../x"),
    {"symbol": "USD"}, {"decimals": 6}, {"id": "1"},
]  # fmt: skip


@pytest.mark.parametrize("changes", TOKENS, ids=lambda changes: repr(changes)[:60])
def test_no_field_of_a_token_takes_what_it_should_not(target: Target, changes: dict[str, Any]) -> None:
    """Nothing comes onto a list but a token of a network that is there, as the chain tells it."""
    case = target.house.case
    good = {"chain": case.chain, "network": case.network, "token": case.new_recipient()}
    target.refused("POST", "/v1/tokens", target.operator, json={**good, **changes})


@pytest.mark.parametrize("number", ["0", "-1", "1e3", "x", "9" * 40, "%00", "١"])
def test_no_made_up_id_removes_a_token(target: Target, number: str) -> None:
    """An id that names nothing is not found, whatever it looks like."""
    assert target.refused("DELETE", f"/v1/tokens/{number}", target.operator)["status"] == 404


def test_nothing_unforeseen_happened_meanwhile(target: Target) -> None:
    """After all of this the log tells of no unexpected exception, and the daemon still pays."""
    unforeseen = [line for line in target.house.log() if line["level"] in ("error", "critical") or "trace" in line]
    assert unforeseen == []
    assert target.http.post("/v1/transactions/send", json=target.payment(), headers=target.session).status_code == 201
