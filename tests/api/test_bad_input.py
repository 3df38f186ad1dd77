"""What cannot be read is a 4xx with a code, reaches no service, and repeats nothing of what was sent."""

import contextlib
import io
import json
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from waiaas.api.bodies import MAX_DEPTH, parse_object, read_body
from waiaas.engine.views import TransactionView
from waiaas.errors import BadRequest

from .conftest import AS_OPERATOR, AS_SESSION, House
from .engine import Outcome
from .wire import connect, error_of, exchange, request

SEND = "/v1/transactions/send"
GOOD: dict[str, Any] = {"to": "4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM", "amount": "1000"}
AMOUNTS: list[Any] = [
    "0", "-1", "+1", "1e18", "1.5", "1_0", "１２", "1２", "٣", " 1", "1 ", "1\n", "01", "", "0x10", "9" * 79, "NaN", "Infinity",
    1000, -1, 0, 1.5, 2**64, True, None, [], {}, ["1"], {"units": "1"},
]  # fmt: skip


def send(house: House, body: bytes, **more: str) -> dict[str, Any]:
    fields = {"Authorization": AS_SESSION["Authorization"], "Content-Type": "application/json", **more}
    status, headers, answer = exchange(house, request("POST", SEND, body, **fields))
    error = error_of(answer)
    assert 400 <= status < 500, error
    assert headers["x-request-id"] == error["requestId"]
    assert "transactions.send" not in house.engine.calls()
    return {"status": status, **error}


@pytest.mark.parametrize("amount", AMOUNTS, ids=repr)
def test_an_amount_is_a_string_of_ascii_digits_above_zero(house: House, amount: Any) -> None:
    """Everything else is INVALID_AMOUNT with a hint, whatever its JSON type."""
    error = send(house, json.dumps({**GOOD, "amount": amount}).encode())
    assert (error["status"], error["code"]) == (400, "INVALID_AMOUNT")
    assert error["details"] == {"field": "amount"}
    assert "base units" in error["hint"]


@pytest.mark.parametrize("amount", ["1", "18446744073709551616", "9" * 78])
def test_large_amounts_pass_to_the_engine_unchanged(house: House, amount: str) -> None:
    """2^64 and 78 digits are amounts; what a chain can carry is not the API's to say."""
    answer = house.http.post(SEND, json={**GOOD, "amount": amount}, headers=AS_SESSION)
    assert answer.status_code == 201
    assert house.engine.transactions.log[0][1]["body"]["amount"] == amount


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"to": "x", "amount": "1", "amount": "2"}', "MALFORMED"),
        (b'{"to": "x", "amount": "1", "token": {"a": 1, "a": 2}}', "MALFORMED"),
        (b'{"to": "x", "amount": NaN}', "MALFORMED"),
        (b'{"to": "x", "amount": -Infinity}', "MALFORMED"),
        (b'{"to": "x", "amount": 1e999}', "MALFORMED"),
        (b'{"to": "x", "amount": ' + b"9" * 5000 + b"}", "MALFORMED"),
        (b'{"to": "x", "amount": "1"', "MALFORMED"),
        (b'{"to": "x\xff", "amount": "1"}', "MALFORMED"),
        (b'{"to": "\\ud800", "amount": "1"}', "MALFORMED"),
        (b"\xef\xbb\xbf{}", "MALFORMED"),
        (b"[]", "MALFORMED"),
        (b'"text"', "MALFORMED"),
        (b"null", "MALFORMED"),
        (b"{}{}", "MALFORMED"),
        (b"[" * 60_000, "MALFORMED"),
        (b'{"a":' * 12_000, "MALFORMED"),
        (b'{"rules":' + b"[" * 40 + b"]" * 40 + b"}", "MALFORMED"),
        (b'{"to": "x", "amount": "1", "fee": "9"}', "UNKNOWN_FIELD"),
        (b'{"to": "x", "amount": "1", "to_address": "x"}', "UNKNOWN_FIELD"),
        (b'{"type": "CONTRACT_CALL", "program_id": "x"}', "UNKNOWN_FIELD"),
        (b'{"amount": "1"}', "MALFORMED"),
        (b'{"to": ["x"], "amount": "1"}', "MALFORMED"),
        (b'{"to": "", "amount": "1"}', "MALFORMED"),
        (b'{"to": "x y", "amount": "1"}', "MALFORMED"),
        (b'{"to": "x\\u0000", "amount": "1"}', "MALFORMED"),
        (b'{"to": "x", "amount": "1", "memo": 5}', "MALFORMED"),
        (b'{"to": "x", "amount": "1", "type": "GIFT"}', "MALFORMED"),
        (b'{"to": "x", "amount": "1", "type": ["TRANSFER"]}', "MALFORMED"),
        (b'{"type": "BATCH", "instructions": []}', "MALFORMED"),
        (b'{"type": "TOKEN_TRANSFER", "to": "x", "amount": "1", "token": {"address": "y", "x": 1}}', "UNKNOWN_FIELD"),
        (b'{"type": "TOKEN_TRANSFER", "to": "x", "amount": "1", "token": {"address": "y", "mint": "z"}}', "UNKNOWN_FIELD"),
        (b"", "MALFORMED"),
    ],
    ids=lambda value: value[:40] if isinstance(value, bytes) else value,
)  # fmt: skip
def test_a_body_that_cannot_be_read_is_refused_by_code(house: House, body: bytes, code: str) -> None:
    """Duplicate keys, NaN, bad UTF-8, deep nesting, wrong types and unknown fields each have their code."""
    error = send(house, body)
    assert (error["status"], error["code"]) == (400, code)
    assert error["hint"]


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        ("sessions", "ttl", "600"),
        ("sessions", "ttl", 600.0),
        ("sessions", "ttl", True),
        ("sessions", "constraints", {"signMessages": 1}),
        ("sessions", "constraints", {"maxTransactions": "5"}),
        ("policies", "enabled", "yes"),
        ("policies", "enabled", 1),
        ("policies", "priority", "5"),
        ("policies", "priority", 1.0),
        ("policies", "rules", []),
    ],
)
def test_no_type_is_taken_for_another(house: House, path: str, field: str, value: Any) -> None:
    """A number in quotes is no number, one is not true, and nothing is rounded."""
    bodies: dict[str, dict[str, Any]] = {"sessions": {"agentId": "x"}, "policies": {"type": "BUDGET", "rules": {}}}
    answer = house.http.post(f"/v1/{path}", json={**bodies[path], field: value}, headers=AS_OPERATOR)
    assert (answer.status_code, answer.json()["code"]) == (400, "MALFORMED")
    assert answer.json()["details"]["field"].startswith(field)
    assert house.engine.calls() == []


def test_an_unknown_field_is_named(house: House) -> None:
    """The refusal says which field it does not know, also inside another one, and none of its value."""
    body = {"type": "TOKEN_TRANSFER", **GOOD, "token": {"address": "y", "rate": "canary"}, "gas": "canary"}
    error = send(house, json.dumps(body).encode())
    assert error["details"]["fields"] == ["token.rate", "gas"]
    assert "canary" not in json.dumps(error)


def test_a_wrong_value_is_not_repeated(house: House) -> None:
    """An error about a field names the field and not what was in it."""
    error = send(house, json.dumps({**GOOD, "to": ["canary"]}).encode())
    assert error["details"] == {"field": "to"}
    assert "canary" not in json.dumps(error)


def test_a_chunked_body_over_the_limit_is_refused(house: House) -> None:
    """A body that does not say its length is counted as it comes."""
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    status, _, body = exchange(
        house, request("POST", SEND, chunk * 17, Content_Type="application/json", Transfer_Encoding="chunked")
    )
    assert (status, error_of(body)["code"]) == (413, "BODY_TOO_LARGE")


def test_a_chunk_that_says_too_much_is_refused_before_it_comes(house: House) -> None:
    """Nobody waits for a terabyte: the answer is there after the chunk's first line."""
    sent = request("POST", SEND, b"ffffffffff\r\n", Content_Type="application/json", Transfer_Encoding="chunked")
    status, _, body = exchange(house, sent)
    assert (status, error_of(body)["code"]) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize("twice", ["length", "key"])
def test_what_is_said_in_two_ways_is_refused(house: House, twice: str) -> None:
    """Two lengths of a body, or two keys of one payment: nothing is paid, and the connection ends."""
    body = json.dumps(GOOD).encode()
    fields = {"Content-Type": "application/json", **AS_SESSION}
    if twice == "length":
        chunked = f"{len(body):x}".encode() + b"\r\n" + body + b"\r\n0\r\n\r\n"
        fields |= {"Transfer-Encoding": "chunked", "Content-Length": str(len(body))}
        sent = request("POST", SEND, chunked, **fields)
    else:
        sent = request("POST", SEND, body, **fields, **{"Idempotency-Key": "a", "idempotency-key": "b"})
    status, headers, answer = exchange(house, sent)
    assert (status, error_of(answer)["code"], headers.get("connection")) == (400, "MALFORMED", "close")
    assert house.engine.transactions.log == []


def test_a_chunked_body_is_read_like_any_other(house: House) -> None:
    """Chunks make no difference to what is asked."""
    body = json.dumps(GOOD).encode()
    chunked = f"{len(body):x}".encode() + b"\r\n" + body + b"\r\n0\r\n\r\n"
    fields = {"Content-Type": "application/json", "Transfer-Encoding": "chunked", **AS_SESSION}
    assert exchange(house, request("POST", SEND, chunked, **fields))[0] == 201


def test_a_chunked_body_of_another_type_is_415(house: House) -> None:
    """The media type is asked of chunked bodies too."""
    chunked = b"2\r\n{}\r\n0\r\n\r\n"
    status, _, body = exchange(
        house, request("POST", SEND, chunked, Transfer_Encoding="chunked", Content_Type="text/plain")
    )
    assert (status, error_of(body)["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_body_shorter_than_it_says_reaches_nobody(house: House) -> None:
    """A request whose Content-Length lies upwards waits for its rest and pays nothing when the client hangs up."""
    sent = request(
        "POST", SEND, json.dumps(GOOD).encode(), Content_Type="application/json", Content_Length="500", **AS_SESSION
    )
    with connect(house) as sock:
        sock.sendall(sent)
    assert house.http.get("/health").status_code == 200
    assert house.engine.transactions.log == []


@pytest.mark.parametrize("length", ["-1", "1e3", "+5", "0x5", "abc", "5, 6"])
def test_a_length_that_is_no_number_is_a_400(house: House, length: str) -> None:
    """Whatever stands in Content-Length, nothing is guessed."""
    status, _, body = exchange(
        house, request("POST", SEND, b"{}", Content_Type="application/json", Content_Length=length)
    )
    assert status == 400
    error_of(body)


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json-patch",
        "application/json; charset=utf-16",
        "",
    ],
)
def test_another_media_type_is_415_before_authentication(house: House, kind: str) -> None:
    """A form that a web page could send is refused without a look at its credentials."""
    status, _, body = exchange(house, request("POST", SEND, b"{}", Content_Type=kind))
    assert (status, error_of(body)["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_no_body_is_an_empty_object(house: House) -> None:
    """A route without fields needs neither body nor media type."""
    assert house.http.post("/v1/admin/shutdown", headers=AS_OPERATOR).status_code == 200


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=0", "MALFORMED"),
        ("limit=201", "MALFORMED"),
        ("limit=-5", "MALFORMED"),
        ("limit=%EF%BC%95", "MALFORMED"),
        ("limit=5&limit=6", "MALFORMED"),
        ("limit=1_0", "MALFORMED"),
        ("cursor=%00", "MALFORMED"),
        ("staus=ACTIVE", "UNKNOWN_FIELD"),
        ("status=a%20b", "MALFORMED"),
    ],
)
def test_a_query_is_as_strict_as_a_body(house: House, query: str, code: str) -> None:
    """A misspelt filter is refused instead of showing everything."""
    answer = house.http.get(f"/v1/agents?{query}", headers=AS_OPERATOR)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert house.engine.agents.log == []


@pytest.mark.parametrize("key", ["", "x" * 129, "schlüssel", "a\tb"])
def test_an_idempotency_key_is_printable_ascii(house: House, key: str) -> None:
    """Any other key is refused, since it could not be told apart from another."""
    raw = [(b"Idempotency-Key", key.encode("latin-1")), (b"Authorization", AS_SESSION["Authorization"].encode())]
    answer = house.http.post(SEND, json=GOOD, headers=raw)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_IDEMPOTENCY_KEY")


@pytest.mark.parametrize("id", ["x" * 129, "%00", "%0a", "%F0%9F%92%A9" * 129, "a%E2%80%AEb"])
def test_what_cannot_be_an_id_is_a_404_and_is_not_looked_up(house: House, id: str) -> None:
    """Too long, or with characters that do not print: a miss, without the engine."""
    assert house.http.get(f"/v1/agents/{id}", headers=AS_OPERATOR).status_code == 404
    assert house.engine.agents.log == []


@pytest.mark.parametrize("id", ["..%2f..", "'--", "%25s", "*"])
def test_a_strange_id_is_a_miss_like_any_other(house: House, id: str) -> None:
    """What could be a name is looked up as it is."""
    assert house.http.get(f"/v1/agents/{id}", headers=AS_OPERATOR).status_code == 404


def test_bytes_that_are_no_http_are_answered_in_the_same_shape(house: House) -> None:
    """What the server itself refuses looks like every other error."""
    for sent in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
    ):
        status, headers, body = exchange(house, sent)
        assert 400 <= status < 500
        assert error_of(body)["requestId"] == headers["x-request-id"]
    big = request("GET", "/health", X_Big="x" * 40_000)
    assert exchange(house, big)[0] == 431


def test_fields_of_an_answer_that_engine_and_model_disagree_about(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """A paid send answers with the engine's words and a line in the log, never with a 5xx."""
    wire = {"id": "x", "status": "CONFIRMED", "surprise": 1}

    class Odd:
        def to_wire(self) -> dict[str, Any]:
            return wire

    house.engine.transactions.outcome = Outcome(view=cast(TransactionView, Odd()))
    answer = house.http.post(SEND, json=GOOD, headers=AS_SESSION)
    assert (answer.status_code, answer.json()) == (201, wire)
    assert "does not match" in caplog.text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
KNOWN = (
    "type",
    "to",
    "amount",
    "memo",
    "note",
    "network",
    "token",
    "calldata",
    "value",
    "instructions",
    "spender",
    "x",
)
fields = st.sampled_from(KNOWN)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(body=st.dictionaries(fields, json_values, max_size=6))
def test_no_body_makes_a_5xx(house: House, body: dict[str, Any]) -> None:
    """Whatever JSON comes, the answer is a success or a 4xx in the common shape."""
    answer = house.http.post(SEND, content=json.dumps(body), headers={**AS_SESSION, "Content-Type": "application/json"})
    assert answer.status_code == 201 or (400 <= answer.status_code < 500 and error_of(answer.content))


@given(st.binary(max_size=200))
def test_parsing_bytes_gives_an_object_or_a_refusal(body: bytes) -> None:
    """No bytes raise anything but BadRequest."""
    with contextlib.suppress(BadRequest):
        assert isinstance(parse_object(body), dict)


def test_nesting_is_counted_outside_of_strings() -> None:
    """Brackets in a text are no depth, and MAX_DEPTH itself is allowed."""
    assert parse_object(json.dumps({"note": "[{" * 500}).encode())
    assert parse_object(json.dumps({"note": 'a quote " and ' + "[" * 500}).encode())
    assert parse_object(json.dumps({"note": "a backslash \\", "more": "[" * 500}).encode())
    deep = b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH
    assert parse_object(deep)
    with pytest.raises(BadRequest):
        parse_object(b'{"a":' + deep + b"}")
    wide = json.dumps({"a": [[] for _ in range(500)]}).encode()
    assert parse_object(wide)


def test_half_a_character_is_refused_wherever_it_stands() -> None:
    """A lone surrogate could be stored but never be written again; pairs are characters."""
    for body in (b'{"a": "\\ud800"}', b'{"rules": {"\\udfff": 1}}', b'{"a": ["\\ude00\\ud83d"]}'):
        with pytest.raises(BadRequest, match="surrogate"):
            parse_object(body)
    assert parse_object(b'{"a": "\\ud83d\\ude00"}') == {"a": "\U0001f600"}


def test_a_body_that_ends_early_is_refused() -> None:
    """Under a server that does not wait for the whole body nothing is guessed."""
    with pytest.raises(BadRequest, match="ended"):
        read_body(io.BytesIO(b'{"amount": "1'), 30)
