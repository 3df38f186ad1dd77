"""A send: what reaches the engine, how long it may wait, and how its outcome is told."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest
from falcon import testing

from waiaas.api.app import create_app
from waiaas.api.preferences import parse_wait
from waiaas.config import Settings
from waiaas.engine.views import TransactionView
from waiaas.errors import (
    ChainUnreachable,
    Conflict,
    Denied,
    NotReady,
    RefusedByChain,
    Stopped,
    TooMany,
    WaiaasError,
)

from .conftest import AS_OPERATOR, AS_SESSION, Build, House
from .engine import Outcome, PlayedEngine
from .records import AGENT_ID, COIN, MINT, transaction

SEND = "/v1/transactions/send"
GOOD: dict[str, Any] = {"to": "4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM", "amount": "1000"}
APPROVE = {"type": "APPROVE", "spender": "s", "amount": "1", "token": {"address": "t"}}
META = {"pubkey": "a", "isSigner": False, "isWritable": True}


def send(house: House, body: Any = None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return house.http.post(SEND, json=body or GOOD, headers={**AS_SESSION, **named})


def asked(house: House) -> dict[str, Any]:
    """What the engine was given last."""
    return house.engine.transactions.log[-1][1]


@pytest.mark.parametrize(
    ("sent", "given"),
    [
        (GOOD, {"type": "TRANSFER", **GOOD}),
        ({**GOOD, "memo": None, "note": None, "network": None}, {"type": "TRANSFER", **GOOD}),
        ({**GOOD, "memo": "a\u202eb\u200bc\r\nd"}, {"type": "TRANSFER", **GOOD, "memo": "abc  d"}),
        (
            {"type": "TOKEN_TRANSFER", **GOOD, "token": {"mint": "M", "decimals": 6, "symbol": "X", "assetId": "y"}},
            {"type": "TOKEN_TRANSFER", **GOOD, "token": {"address": "M", "decimals": 6, "symbol": "X", "assetId": "y"}},
        ),
        ({"type": "CONTRACT_CALL", "to": "0xab", "calldata": "0x00", "value": "0"},) * 2,
        ({"type": "CONTRACT_CALL", "programId": "p", "instructionData": "AA==", "accounts": [META]},) * 2,
        (APPROVE, APPROVE),
        (
            {"type": "BATCH", "instructions": [GOOD, APPROVE]},
            {"type": "BATCH", "instructions": [{"type": "TRANSFER", **GOOD}, APPROVE]},
        ),
    ],
    ids=lambda value: value.get("type", "TRANSFER") if isinstance(value, dict) else None,
)  # fmt: skip
def test_the_engine_gets_a_clean_body(house: House, sent: dict[str, Any], given: dict[str, Any]) -> None:
    """Every type arrives in the wire's words: the type always there, nulls gone, text without tricks, mint as address."""
    assert send(house, sent).status_code == 201
    assert asked(house)["body"] == given


def test_the_outcome_is_the_item_with_its_status(house: House) -> None:
    """201, 202 and 422 as the engine says, each with the transaction."""
    for status, code in (("CONFIRMED", 201), ("QUEUED", 202), ("FAILED", 422)):
        house.engine.transactions.outcome = Outcome(view=TransactionView(row=transaction(status)), http_status=code)
        answer = send(house)
        assert answer.status_code == code
        assert answer.json()["status"] == status
        assert answer.json()["amount"] == "1000000"
        assert answer.json()["walletId"] == AGENT_ID
        assert answer.json()["memo"] == "hello"


def test_a_failure_has_the_fields_of_an_error_beside_the_item(house: House) -> None:
    """A 422 with the transaction says its code, a sentence, what to do, and the request's id; no other answer has them."""
    row = replace(transaction("FAILED"), error="too little", error_code="INSUFFICIENT_FUNDS")
    house.engine.transactions.outcome = Outcome(view=TransactionView(row=row), http_status=422)
    answer = send(house)
    fields = answer.json()
    assert (fields["id"], fields["status"], fields["errorCode"]) == (row.id, "FAILED", "INSUFFICIENT_FUNDS")
    assert (fields["code"], fields["message"]) == ("INSUFFICIENT_FUNDS", "the payment failed: too little")
    assert fields["retryable"] is False
    assert "Idempotency-Key" in fields["hint"]
    assert fields["requestId"] == answer.headers["X-Request-Id"]
    bare = TransactionView(row=replace(row, error=None, error_code=None))
    house.engine.transactions.outcome = Outcome(view=bare, http_status=422)
    assert send(house).json()["code"] == "FAILED"
    house.engine.transactions.outcome = Outcome(view=TransactionView(row=row), http_status=202)
    assert "hint" not in send(house).json()


def test_a_replay_says_so(house: House) -> None:
    """The key goes to the engine as it was sent, and only a replay carries Idempotency-Replayed."""
    assert "Idempotency-Replayed" not in send(house, Idempotency_Key="k 1~").headers
    assert asked(house)["idempotency_key"] == "k 1~"
    house.engine.transactions.outcome = Outcome(view=TransactionView(row=transaction()), replayed=True)
    assert send(house, Idempotency_Key="k").headers["Idempotency-Replayed"] == "true"
    send(house)
    assert asked(house)["idempotency_key"] is None


@pytest.mark.parametrize(
    ("prefer", "wait"),
    [
        (None, None),
        ("wait=7", 7),
        ("WAIT=7", 7),
        ('wait="7"', 7),
        ("wait = 7", 7),
        ("wait=7; foo=bar", 7),
        ("foo=bar, wait=7", 7),
        ("wait=7, wait=8", 7),
        ("wait=9999", 30),
        ("wait=0", 0),
        ("respond-async", 0),
        ("respond-async, wait=3", 3),
        ('foo="a, wait=5", return=minimal', None),
        ("wait=-1", None),
        ("wait=1.5", None),
        ("wait=１", None),
        ("wait=99999999999999999999", None),
        ("wait=abc, respond-async", 0),
        ("wait", None),
        (",,;;==\"", None),
        ('foo="unclosed, wait=4', None),
        ("wait=5" + "x" * 5000, None),
        ("a" * 100_000, None),
    ],
)  # fmt: skip
def test_prefer_is_read_by_rfc_7240(prefer: str | None, wait: int | None) -> None:
    """Names without case, the first of two, thirty seconds at most; what cannot be read is passed over."""
    assert parse_wait(prefer) == wait


def test_a_wish_to_wait_reaches_the_engine_and_is_confirmed(house: House) -> None:
    """The seconds go to the engine and Preference-Applied says that they counted."""
    answer = send(house, Prefer="wait=3")
    assert asked(house)["wait"] == 3
    assert answer.headers["Preference-Applied"] == "wait=3"
    assert send(house, Prefer="respond-async").headers["Preference-Applied"] == "respond-async"
    assert asked(house)["wait"] == 0
    assert "Preference-Applied" not in send(house).headers
    assert asked(house)["wait"] is None


def test_at_most_half_of_the_threads_wait(build: Build) -> None:
    """With eight threads four sends wait; the fifth is told not to, and the other threads go on answering."""
    house = build(threads=8)
    release, waiting = threading.Event(), threading.Semaphore(0)

    def wait(verb: str, arguments: dict[str, Any]) -> None:
        if verb == "send" and arguments["wait"] != 0:
            waiting.release()
            assert release.wait(20)

    house.engine.transactions.before = wait
    with ThreadPoolExecutor(4) as pool:
        sends = [pool.submit(send, house, Prefer="wait=20") for _ in range(3)]
        for _ in sends:
            assert waiting.acquire(timeout=10)
        late = send(house, Prefer="wait=20")
        assert "Preference-Applied" not in late.headers
        assert asked(house)["wait"] == 0
        assert house.http.get("/v1/wallet/balance", headers=AS_SESSION).status_code == 200  # a seat is kept for reads
        release.set()
        assert {each.result().headers.get("Preference-Applied") for each in sends} == {"wait=20"}
    send(house, Prefer="wait=2")
    assert asked(house)["wait"] == 2  # seats were given back


def test_reads_of_nodes_share_the_seats(build: Build) -> None:
    """When every seat is taken by slow nodes a further read is told to come back, and what needs no node is answered."""
    house = build(threads=4)
    release, waiting = threading.Event(), threading.Semaphore(0)

    def wait(verb: str, arguments: dict[str, Any]) -> None:
        if verb == "balance":
            waiting.release()
            assert release.wait(20)

    def balance() -> httpx.Response:
        return house.http.get("/v1/wallet/balance", headers=AS_SESSION)

    house.engine.wallet.before = wait
    with ThreadPoolExecutor(4) as pool:
        reads = [pool.submit(balance) for _ in range(2)]
        for _ in reads:
            assert waiting.acquire(timeout=10)
        busy = balance()
        assert (busy.status_code, busy.json()["code"]) == (503, "BUSY")
        assert busy.json()["retryable"] is True
        assert busy.headers["Retry-After"] == "1"
        assert house.http.get("/v1/wallet/address", headers=AS_SESSION).status_code == 200
        assert house.http.get("/health").status_code == 200
        release.set()
        assert {each.result().status_code for each in reads} == {200}


@pytest.mark.parametrize(
    ("error", "status", "retryable"),
    [
        (Denied("no", details={"transactionId": "t", "policyId": "p", "remaining": "5"}, hint="less"), 403, False),
        (Denied("no", code="TYPE_NOT_SUPPORTED"), 403, False),
        (Conflict("no", code="IDEMPOTENCY_CONFLICT"), 409, False),
        (RefusedByChain("no"), 422, False),
        (Stopped("no"), 423, False),
        (TooMany("no", code="MAX_PENDING_TX", retry_after=17), 429, True),
        (ChainUnreachable("no"), 502, True),
        (NotReady("no", code="SIGNER_LOCKED"), 503, True),
        (NotReady("no", code="STORE_FULL", retry_after=0), 503, True),
    ],
    ids=lambda value: getattr(value, "code", None),
)
def test_the_engines_refusals_arrive_whole(house: House, error: WaiaasError, status: int, retryable: bool) -> None:
    """Code, message, hint and details are the engine's, and what can be retried says when."""

    def refuse(verb: str, arguments: dict[str, Any]) -> None:
        raise error

    house.engine.transactions.before = refuse
    answer = send(house)
    fields = answer.json()
    assert (answer.status_code, fields["code"], fields["retryable"]) == (status, error.code, retryable)
    assert (fields["message"], fields["details"]) == (error.message, error.details)
    assert fields["hint"]
    assert fields["hint"] == error.hint or not error.hint
    if status in (429, 503):
        assert int(answer.headers["Retry-After"]) == max(1, error.retry_after or 1)


def test_listing_passes_filters_and_pages(house: House) -> None:
    """Status, agent, limit and cursor go to the engine; walletId is another word for the agent."""
    answer = house.http.get(
        f"/v1/transactions?status=QUEUED&walletId={AGENT_ID}&limit=7&cursor=abc", headers=AS_OPERATOR
    )
    assert {**asked(house), "actor": None} == {
        "actor": None, "status": "QUEUED", "agent_id": AGENT_ID, "limit": 7, "cursor": "abc",
    }  # fmt: skip
    assert (answer.json()["cursor"], answer.json()["hasMore"]) == ("next", True)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 200),
        ("network=localnet", 200),
        ("network=solana-localnet", 200),
        ("network=solana:localnet", 200),
        (f"walletId={AGENT_ID}", 200),
        ("network=mainnet", 400),
        ("walletId=another", 404),
    ],
)
def test_a_wallet_is_only_ever_the_sessions_own(house: House, query: str, status: int) -> None:
    """What a client names beside its token has to be its own wallet."""
    for path in ("address", "balance", "assets"):
        assert house.http.get(f"/v1/wallet/{path}?{query}", headers=AS_SESSION).status_code == status


def test_a_put_changes_what_it_names_and_nothing_else(house: House) -> None:
    """Only given fields reach the engine; the agent and the type of a policy may be named but not changed."""
    whole = {"agentId": AGENT_ID, "type": "SPENDING_LIMIT", "rules": {"a": 1}, "priority": 3, "enabled": False}
    url = "/v1/policies/x"
    assert house.http.put(url, json={"enabled": False}, headers=AS_OPERATOR).status_code == 200
    assert house.http.put(url, json=whole, headers=AS_OPERATOR).status_code == 200
    changes = [call[1]["changes"] for call in house.engine.policies.log if call[0] == "replace"]
    assert changes == [{"enabled": False}, {"rules": {"a": 1}, "priority": 3, "enabled": False}]
    for other in ({"type": "BUDGET"}, {"agentId": None}):
        assert house.http.put(url, json=other, headers=AS_OPERATOR).status_code == 400


def test_an_issued_session_shows_its_token_once(house: House) -> None:
    """The token is in the answer to its issue and in no list; constraints reach the engine in the wire's words."""
    limits = {"maxAmount": "5", "types": ["TRANSFER"], "tokens": [{"address": "t", "maxTotal": "9"}]}
    body = {"agentId": "alice", "ttl": 600, "constraints": limits}
    answer = house.http.post("/v1/sessions", json=body, headers=AS_OPERATOR)
    assert answer.status_code == 201
    assert answer.json()["token"].startswith("wai_sess_")
    assert house.engine.sessions.log[-1][1]["constraints"] == limits
    assert "wai_sess_" not in house.http.get("/v1/sessions", headers=AS_OPERATOR).text


def test_connect_info_knows_how_it_was_reached(house: House) -> None:
    """The base URL is the one that the caller used."""
    answer = house.http.get("/v1/connect-info", headers=AS_SESSION)
    assert answer.json()["daemon"]["baseUrl"] == f"http://127.0.0.1:{house.server.port}"


def test_connect_info_says_https_behind_a_proxy(settings: Settings) -> None:
    """A configured name is reached through the TLS proxy, a loopback name directly."""
    chosen = replace(
        settings,
        daemon=replace(settings.daemon, behind_tls_proxy=True),
        security=replace(settings.security, allowed_hosts=("pay.example",)),
    )
    client = testing.TestClient(create_app(PlayedEngine().as_services(), chosen))
    for host, url in (("pay.example", "https://pay.example"), ("localhost:3100", "http://localhost:3100")):
        answer = client.simulate_get("/v1/connect-info", headers={**AS_SESSION, "Host": host})
        assert answer.json["daemon"]["baseUrl"] == url


def test_a_type_that_nobody_builds_is_refused_as_such_before_its_fields(house: House) -> None:
    """A body that does not fit is asked about: where its type cannot be sent at all, that is the answer; else the field is."""

    def refuse(verb: str, arguments: dict[str, Any]) -> None:
        if verb == "require_sendable" and arguments["word"] == "BATCH":
            raise Denied("not built", code="TYPE_NOT_SUPPORTED")

    house.engine.wallet.before = refuse
    for path in ("send", "simulate"):
        for body, status, code in (
            ({"type": "BATCH", "to": "x", "stray": 1}, 403, "TYPE_NOT_SUPPORTED"),
            ({"type": "APPROVE", "to": "x", "stray": 1}, 400, "UNKNOWN_FIELD"),
            ({"type": "GIFT", "stray": 1}, 400, "MALFORMED"),
            ({"type": ["BATCH"]}, 400, "MALFORMED"),
        ):
            answer = house.http.post(f"/v1/transactions/{path}", json=body, headers=AS_SESSION)
            assert (answer.status_code, answer.json()["code"]) == (status, code), body
    assert "transactions.send" not in house.engine.calls()


def test_assets_name_the_native_one_and_tokens(house: House) -> None:
    """Each asset has the fields that clients know, the native one the word for it, a token its address."""
    native, token = house.http.get("/v1/wallet/assets", headers=AS_SESSION).json()["assets"]
    assert native == {
        "mint": "native", "symbol": "SOL", "name": "SOL", "balance": "5", "decimals": 9, "isNative": True, "spendable": "5",
        "assetId": COIN.id, "isListed": True,
    }  # fmt: skip
    assert (token["mint"], token["isNative"], token["balance"], token["assetId"]) == (
        "Mint",
        False,
        str(2**70),
        MINT.id,
    )
    house.http.get("/v1/wallet/balance?asset=Mint", headers=AS_SESSION)
    assert house.engine.wallet.log[-1][1]["asset"] == "Mint"


def test_the_list_of_tokens_tells_who_put_them_there(house: House) -> None:
    """A token that the plugin knows has no id to remove it by; one that was added has what the chain said of it."""
    known, added = house.http.get("/v1/tokens?chain=solana", headers=AS_OPERATOR).json()["items"]
    assert (known["id"], known["assetId"], known["decimals"]) == (None, MINT.id, None)
    assert (added["id"], added["address"], added["decimals"], added["symbol"]) == ("7", "Mint", 6, "USD")
    assert house.engine.tokens.log[-1][1]["chain"] == "solana"
