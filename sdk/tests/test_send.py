"""Sending through the client: keys, repeats, amounts, outcomes."""

import threading
import traceback
from pathlib import Path
from typing import Any

import pytest
from waiaas_sdk import (
    BadAnswer,
    Client,
    Denied,
    InvalidAmount,
    InvalidIdempotencyKey,
    Malformed,
    NotFound,
    NotReady,
    PaymentFailed,
    RateLimited,
    Retry,
    UnknownField,
    Unreachable,
    WaiaasApiError,
)
from waiaas_sdk.codes import BY_CODE, OWN_CODES, type_of
from waiaas_sdk.errors import BY_STATUS

from sdk.tests.fake_daemon import TRANSACTION, Asked, FakeDaemon, Reply, fake_daemon

SEND = ("POST", "/v1/transactions/send")


def test_amount_is_int_here_and_string_there(client: Client, daemon: FakeDaemon) -> None:
    """An amount past 64 bits arrives as a decimal string and comes back as the same int."""
    daemon.on(*SEND, Reply(201, TRANSACTION))
    sent = client.send(to="Fv1", amount=2**64 + 1, memo="hello")
    assert daemon.asked[0].body == {"type": "TRANSFER", "to": "Fv1", "amount": "18446744073709551617", "memo": "hello"}
    assert sent.amount == 2**64 + 1
    assert sent.is_final


@pytest.mark.parametrize("amount", [1.0, "1", True, -1, 10**78, "0.01SOL", float("nan"), None, [1]])
def test_amount_that_is_no_int_never_leaves(client: Client, daemon: FakeDaemon, amount: object) -> None:
    """A float, a string, a bool, a negative or an absurd amount is refused by name before anything is sent."""
    part = {"type": "TRANSFER", "to": "x", "amount": amount}
    for name, given in (("amount", {"to": "Fv1", "amount": amount}), ("value", {"value": amount})):
        if amount is not None:
            with pytest.raises(InvalidAmount) as caught:
                client.send(**given)  # type: ignore[arg-type]
            assert caught.value.details == {"field": name}
            assert caught.value.message.startswith(f"{name} is a {type(amount).__name__}")
            assert caught.value.idempotency_key is not None
    if amount != "1":
        with pytest.raises(InvalidAmount, match=r"instructions\.1\.amount"):
            client.simulate(type="BATCH", instructions=[{"amount": "1"}, part])
    assert daemon.asked == []


def test_a_fee_that_is_no_int_never_leaves(client: Client, daemon: FakeDaemon) -> None:
    """Likewise what a replacement may cost."""
    with pytest.raises(InvalidAmount, match="maxFee is a float"):
        client.speed_up("t", max_fee=0.5)  # type: ignore[arg-type]
    assert daemon.asked == []


@pytest.mark.parametrize("key", ["line\nbreak", "€"])
def test_a_key_that_no_header_carries_never_leaves(client: Client, daemon: FakeDaemon, key: str) -> None:
    """It is an error of its own type, and no lost connection."""
    with pytest.raises(InvalidIdempotencyKey):
        client.send(to="x", amount=1, idempotency_key=key)
    assert daemon.asked == []


def test_unknown_field_never_leaves(client: Client, daemon: FakeDaemon) -> None:
    """A misspelt field is an error here, not a payment without it."""
    with pytest.raises(UnknownField, match="meno"):
        client.send(to="Fv1", amount=1, meno="x")  # type: ignore[call-arg]
    assert daemon.asked == []


def test_every_field_has_its_name_on_the_wire(client: Client, daemon: FakeDaemon) -> None:
    """Every field of the contract's bodies goes out under the contract's name."""
    daemon.on(*SEND, Reply(201, TRANSACTION))
    client.send(
        type="CONTRACT_CALL",
        program_id="P",
        instruction_data="AA==",
        accounts=[{"pubkey": "K", "isSigner": False, "isWritable": True}],
        calldata="0x",
        value=0,
        spender="S",
        token="T",
        network="localnet",
        note="n",
        instructions=[],
    )
    assert daemon.asked[0].body == {
        "type": "CONTRACT_CALL",
        "programId": "P",
        "instructionData": "AA==",
        "accounts": [{"pubkey": "K", "isSigner": False, "isWritable": True}],
        "calldata": "0x",
        "value": "0",
        "spender": "S",
        "token": {"address": "T"},
        "network": "localnet",
        "note": "n",
        "instructions": [],
    }


def test_a_token_makes_it_a_token_transfer(client: Client, daemon: FakeDaemon) -> None:
    """A token alone is its address; what is believed of it goes along; a type that is given is kept."""
    daemon.on(*SEND, Reply(201, TRANSACTION))
    client.send(to="x", amount=1, token="T")
    client.send(to="x", amount=1, token={"address": "T", "decimals": 6, "asset_id": "c/token:T"})
    client.send(type="APPROVE", spender="x", amount=1, token="T")
    first, second, third = (asked.body for asked in daemon.asked)
    assert first == {"type": "TOKEN_TRANSFER", "to": "x", "amount": "1", "token": {"address": "T"}}
    assert second == {**first, "token": {"address": "T", "decimals": 6, "assetId": "c/token:T"}}
    assert third == {"type": "APPROVE", "spender": "x", "amount": "1", "token": {"address": "T"}}
    wrong: Any = {"address": "T", "decimals": "6"}
    with pytest.raises(Malformed, match=r"token\.decimals"):
        client.send(to="x", amount=1, token=wrong)


@pytest.mark.parametrize(
    "trouble", [Reply(drop=True), Reply(500), Reply(502), Reply(503), Reply(429, headers={"Retry-After": "0"})]
)
def test_repeats_carry_the_same_key(client: Client, daemon: FakeDaemon, trouble: Reply) -> None:
    """After a lost answer, a 5xx or a 429 the same send goes out again under the key of the first."""
    daemon.on(*SEND, trouble, Reply(201, TRANSACTION, {"Idempotency-Replayed": "true"}))
    sent = client.send(to="Fv1", amount=1)
    keys = {asked.headers["idempotency-key"] for asked in daemon.asked}
    assert len(daemon.asked) == 2
    assert len(keys) == 1
    assert sent.replayed


def test_two_sends_have_two_keys(client: Client, daemon: FakeDaemon) -> None:
    """Two calls are two payments."""
    daemon.on(*SEND, Reply(201, TRANSACTION))
    client.send(to="Fv1", amount=1)
    client.send(to="Fv1", amount=1)
    assert len({asked.headers["idempotency-key"] for asked in daemon.asked}) == 2


def test_repeats_are_bounded_and_the_error_tells_the_key(
    client: Client, daemon: FakeDaemon, pauses: list[float]
) -> None:
    """When no answer ever comes the client stops, and its error carries the key to try again with."""
    daemon.on(*SEND, Reply(drop=True))
    with pytest.raises(Unreachable) as caught:
        client.send(to="Fv1", amount=1, idempotency_key="order-7")
    assert caught.value.idempotency_key == "order-7"
    assert caught.value.code == "CONNECTION_LOST"
    assert len(daemon.asked) == 3
    assert len(pauses) == 2


def test_retry_after_is_honoured(client: Client, daemon: FakeDaemon, pauses: list[float]) -> None:
    """The pause is what the daemon asked for."""
    daemon.on(*SEND, Reply(429, headers={"Retry-After": "7"}), Reply(201, TRANSACTION))
    client.send(to="Fv1", amount=1)
    assert pauses == [7.0]


def test_long_retry_after_is_told_at_once(client: Client, daemon: FakeDaemon, pauses: list[float]) -> None:
    """A pause longer than the client's patience is not slept but reported."""
    daemon.on(*SEND, Reply(429, {"code": "MAX_PENDING_TX", "message": "ten wait"}, {"Retry-After": "1800"}))
    with pytest.raises(RateLimited) as caught:
        client.send(to="Fv1", amount=1)
    assert caught.value.retry_after == 1800
    assert pauses == []


def test_locked_signer_is_not_waited_for(client: Client, daemon: FakeDaemon) -> None:
    """A locked signer needs a person, so the client does not knock again."""
    daemon.on(
        *SEND, Reply(503, {"code": "SIGNER_LOCKED", "message": "locked", "retryable": True, "hint": "waiaas unlock"})
    )
    with pytest.raises(NotReady):
        client.send(to="Fv1", amount=1)
    assert len(daemon.asked) == 1


def test_denial_carries_its_reason(client: Client, daemon: FakeDaemon) -> None:
    """A denied send is one request and an error with the daemon's details."""
    details = {"policyId": "p1", "type": "SPENDING_LIMIT", "reason": "daily limit", "remaining": "5", "resetsAt": 9}
    body = {
        "code": "POLICY_DENIED",
        "message": "no",
        "retryable": False,
        "hint": "wait",
        "details": details,
        "requestId": "r1",
    }
    daemon.on(*SEND, Reply(403, body))
    with pytest.raises(Denied) as caught:
        client.send(to="Fv1", amount=1)
    error = caught.value
    assert (error.status, error.code, error.hint, error.request_id) == (403, "POLICY_DENIED", "wait", "r1")
    assert error.details == details
    assert len(daemon.asked) == 1


def test_failed_transaction_is_an_error_with_its_row(client: Client, daemon: FakeDaemon) -> None:
    """A 422 with the item raises a type of its own, which says why and hands over the failed row without the error's fields."""
    row = {**TRANSACTION, "status": "FAILED", "errorCode": "INSUFFICIENT_FUNDS"}
    error = {"code": "INSUFFICIENT_FUNDS", "message": "no", "hint": "send less", "retryable": False, "requestId": "r1"}
    daemon.on(*SEND, Reply(422, {**row, **error}))
    with pytest.raises(PaymentFailed) as caught:
        client.send(to="Fv1", amount=1)
    problem = caught.value
    assert (problem.code, problem.message, problem.hint) == ("INSUFFICIENT_FUNDS", "no", "send less")
    assert (problem.retryable, problem.request_id) == (False, "r1")
    assert problem.transaction is not None
    assert problem.transaction.error_code == "INSUFFICIENT_FUNDS"
    assert not set(error) & set(problem.transaction.model_extra or {})
    assert len(daemon.asked) == 1


@pytest.mark.parametrize(("code", "kind"), BY_CODE.items(), ids=lambda value: str(value)[:30])
def test_every_code_is_raised_as_its_own_type(
    client: Client, daemon: FakeDaemon, code: str, kind: type[WaiaasApiError]
) -> None:
    """Whatever the daemon answers a send with, the type says the code, and is one of its status's."""
    statuses = [status for status, base in BY_STATUS.items() if issubclass(kind, base)] or [500]
    daemon.on(*SEND, Reply(statuses[0], {"code": code, "message": "m", "details": {}}, headers={"Retry-After": "99"}))
    with pytest.raises(WaiaasApiError) as caught:
        client.send(to="Fv1", amount=1)
    assert type(caught.value) is kind


def test_types_of_codes_are_distinct_and_unknown_codes_fall_back() -> None:
    """No two codes share a type; a code of a newer daemon, or one with another status, is the status's type."""
    types = [*BY_CODE.values(), *OWN_CODES.values()]
    assert len(set(types)) == len(types)
    assert type_of(403, "FROM_THE_FUTURE") is Denied
    assert type_of(404, "POLICY_DENIED") is NotFound
    assert type_of(418, "X") is WaiaasApiError


@pytest.mark.parametrize(
    ("given", "header"), [({"wait": 3}, "wait=3"), ({"respond_async": True}, "respond-async"), ({}, None)]
)
def test_waiting_is_said_in_prefer(
    client: Client, daemon: FakeDaemon, given: dict[str, int], header: str | None
) -> None:
    """The wait goes out as an RFC 7240 preference."""
    daemon.on(*SEND, Reply(202, {**TRANSACTION, "status": "QUEUED", "dueAt": 1790000300}))
    sent = client.send(to="Fv1", amount=1, **given)  # type: ignore[arg-type]
    assert daemon.asked[0].headers.get("prefer") == header
    assert sent.due_at == 1790000300
    assert not sent.is_final


def test_answer_of_something_else_is_named(client: Client, daemon: FakeDaemon) -> None:
    """A success that is not a transaction is an error that does not repeat the answer's content."""
    daemon.on(*SEND, Reply(200, {"token": "secret-token"}))
    with pytest.raises(BadAnswer) as caught:
        client.send(to="Fv1", amount=1)
    assert "secret-token" not in "".join(traceback.format_exception(caught.value))
    daemon.on(*SEND, Reply(200, b"<html>"))
    with pytest.raises(BadAnswer):
        client.send(to="Fv1", amount=1)


def test_nobody_there_is_unreachable(retry: Retry) -> None:
    """Without a daemon the client says so after its attempts."""
    with Client("http://127.0.0.1:9", token="t", retry=retry) as client, pytest.raises(Unreachable) as caught:
        client.send(to="Fv1", amount=1)
    assert caught.value.code == "DAEMON_UNREACHABLE"
    assert caught.value.idempotency_key is not None
    assert not caught.value.may_have_arrived


def test_a_daemon_that_dies_with_the_request_may_have_taken_it(tmp_path: Path) -> None:
    """Lost once and then not there any more: the last error is that nobody answers, and still knows of the first."""
    with fake_daemon(tmp_path / "s") as daemon:
        gone = Retry(attempts=2, sleep=lambda _: (tmp_path / "s").unlink())
        daemon.on(*SEND, Reply(drop=True))
        with Client(socket=tmp_path / "s", token="t", retry=gone) as client, pytest.raises(Unreachable) as caught:
            client.send(to="Fv1", amount=1)
    assert caught.value.code == "DAEMON_UNREACHABLE"
    assert caught.value.may_have_arrived


def test_simulation_sends_the_same_body(client: Client, daemon: FakeDaemon) -> None:
    """A simulation asks with the body of a send and without a key."""
    daemon.on("POST", "/v1/transactions/simulate", Reply(200, {"tier": "DENY", "verdicts": [{"code": "X"}]}))
    found = client.simulate(to="Fv1", amount=5)
    assert found.tier == "DENY"
    assert daemon.asked[0].body == {"type": "TRANSFER", "to": "Fv1", "amount": "5"}
    assert "idempotency-key" not in daemon.asked[0].headers


def test_token_is_in_the_header_and_nowhere_else(client: Client, daemon: FakeDaemon) -> None:
    """The token travels as a bearer and shows in neither repr nor error."""
    daemon.on(
        *SEND,
        lambda asked: Reply(401, {"code": "UNAUTHENTICATED", "message": "no"}) if isinstance(asked, Asked) else Reply(),
    )
    with pytest.raises(WaiaasApiError) as caught:
        client.send(to="Fv1", amount=1)
    assert daemon.asked[0].headers["authorization"] == "Bearer wai_sess_abc"
    assert "wai_sess_abc" not in repr(client) + repr(caught.value) + str(caught.value)


@pytest.mark.parametrize("url", ["http://10.0.0.1:3100", "http://example.org", "ftp://127.0.0.1", "127.0.0.1:3100"])
def test_token_never_crosses_a_network_in_clear(url: str) -> None:
    """Plain http is for this machine only."""
    with pytest.raises(ValueError, match=r"clear|not an http"):
        Client(url, token="t")


def test_short_patience_does_not_cut_a_wait_short(daemon: FakeDaemon, retry: Retry) -> None:
    """A send waits for the daemon's own wait, also when the client's timeout for reads is shorter."""
    late = threading.Event()

    def answer(asked: Asked) -> Reply:
        late.wait(0.5)
        return Reply(201, TRANSACTION)

    daemon.on(*SEND, answer)
    with Client(daemon.url, token="t", timeout=0.1, retry=retry) as client:
        assert client.send(to="Fv1", amount=1).is_final
    assert len(daemon.asked) == 1
