"""JSON-RPC and HTTP: envelopes, batches, errors, connections."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from typing import Any

import pytest
from solders.keypair import Keypair
from waiaas_solana.localnet import Localnet

from .client import SOL, Client, RpcFaultError, payment, until

HEALTH = {"jsonrpc": "2.0", "id": 1, "method": "getHealth"}
ADDRESS = "Vote111111111111111111111111111111111111112"


def exchange(localnet: Localnet, *parts: bytes) -> bytes:
    """Raw bytes to the server; everything that came back until it closed."""
    with socket.create_connection(("127.0.0.1", localnet.port), timeout=5) as connection:
        for part in parts:
            connection.sendall(part)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"\xff\xfe",
        b'{"jsonrpc":"2.0","id":NaN,"method":"getHealth"}',
        b'{"jsonrpc":"2.0","id":1,"id":2,"method":"getHealth"}',
        b"[" * 30_000,
    ],
)
def test_what_is_no_json(client: Client, body: bytes) -> None:
    """A body that is not JSON (NaN and duplicate keys are not) is -32700 with a null id and HTTP 200."""
    status, _, answer = client.request("POST", "/", body)
    reply = json.loads(answer)
    assert (status, reply["error"]["code"], reply["id"]) == (200, -32700, None)


@pytest.mark.parametrize(
    "value",
    [
        1,
        None,
        "getHealth",
        [],
        {},
        {"jsonrpc": "1.0", "id": 1, "method": "getHealth"},
        {"jsonrpc": "2.0", "id": 1},
        {"jsonrpc": "2.0", "id": 1, "method": 5},
        {"jsonrpc": "2.0", "id": [1], "method": "getHealth"},
        {"jsonrpc": "2.0", "id": True, "method": "getHealth"},
    ],
)
def test_what_is_no_request(client: Client, value: Any) -> None:
    """JSON that is not a request is -32600."""
    assert client.post(value)["error"]["code"] == -32600


def test_unknown_method(client: Client) -> None:
    """A method that does not exist is -32601, and is counted as unknown."""
    with pytest.raises(RpcFaultError) as refused:
        client.call("getMoney")
    assert refused.value.code == -32601
    assert client.control("state")["requests"] == {"unknown": 1}


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("getBalance", []),
        ("getBalance", [5]),
        ("getBalance", ["not an address"]),
        ("getBalance", [ADDRESS, []]),
        ("getBalance", [ADDRESS, {"minContextSlot": -1}]),
        ("getBalance", [ADDRESS, {"minContextSlot": True}]),
        ("getAccountInfo", [ADDRESS, {"encoding": "hex"}]),
        ("getMultipleAccounts", [[ADDRESS] * 101]),
        ("getMinimumBalanceForRentExemption", ["1"]),
        ("getMinimumBalanceForRentExemption", [2**64]),
        ("getSignatureStatuses", [["1"]]),
        ("getSignaturesForAddress", [ADDRESS, {"limit": 0}]),
        ("getSignaturesForAddress", [ADDRESS, {"limit": 1001}]),
        ("getBlocks", [0, 600_000_000]),
        ("isBlockhashValid", ["x"]),
        ("sendTransaction", ["AAAA", {"encoding": "hex"}]),
        ("sendTransaction", ["AAAA", {"skipPreflight": "yes"}]),
        ("simulateTransaction", [{}]),
        ("getFeeForMessage", ["AAAA"]),
        ("requestAirdrop", [ADDRESS, -1]),
        ("requestAirdrop", [ADDRESS, 1.5]),
        ("getTokenAccountsByOwner", [ADDRESS, {}]),
        ("getTokenAccountsByOwner", [ADDRESS, {"programId": ADDRESS}]),
        ("getTokenAccountBalance", [ADDRESS]),
    ],
)
def test_wrong_parameters(localnet: Localnet, client: Client, method: str, params: list[Any]) -> None:
    """Missing, mistyped and out-of-range parameters are -32602, each time."""
    localnet.advance(1_000_000_000)
    with pytest.raises(RpcFaultError) as refused:
        client.call(method, *params)
    assert refused.value.code == -32602


def test_parameters_by_name_are_refused(client: Client) -> None:
    """Parameters are a list, as on a real node."""
    reply = client.post(HEALTH | {"params": {"a": 1}})
    assert reply["error"]["code"] == -32602


def test_batch_is_answered_in_order(client: Client) -> None:
    """Each call of a batch has its own answer and error, under its own id."""
    calls = [HEALTH | {"id": "a"}, HEALTH | {"id": 2, "method": "nope"}, 5, HEALTH | {"id": None}]
    replies = client.post(calls)
    assert [reply["id"] for reply in replies] == ["a", 2, None, None]
    assert [reply.get("error", {}).get("code") for reply in replies] == [None, -32601, -32600, None]


def test_batch_counts_each_call_and_one_request(localnet: Localnet, client: Client) -> None:
    """Counters tell calls by method and HTTP requests, until they are reset."""
    client.post([HEALTH, HEALTH | {"method": "getSlot"}])
    client.call("getHealth")
    assert (localnet.requests(), localnet.http_requests()) == ({"getHealth": 2, "getSlot": 1}, 2)
    localnet.reset_requests()
    assert (localnet.requests(), localnet.http_requests()) == ({}, 0)


def test_notification_has_no_answer(client: Client) -> None:
    """A call without an id is made and not answered."""
    notification = {"jsonrpc": "2.0", "method": "requestAirdrop", "params": [ADDRESS, SOL]}
    assert client.request("POST", "/", json.dumps(notification).encode())[2] == b""
    assert client.call("getBalance", ADDRESS)["value"] == SOL


def test_context_names_slot_and_version(localnet: Localnet, client: Client) -> None:
    """Answers about state say for which slot they hold."""
    answer = client.call("getBalance", ADDRESS, {"commitment": "processed"})
    version = client.call("getVersion")["solana-core"]
    assert answer["context"] == {"slot": localnet.slot(), "apiVersion": version}


def test_answers_do_not_wait_for_nagle(client: Client) -> None:
    """A hundred calls on one connection take no 40 ms each."""
    done = threading.Event()

    def calls() -> None:
        for _ in range(100):
            client.call("getHealth")
        done.set()

    threading.Thread(target=calls, daemon=True).start()
    assert done.wait(2)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 51201\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", b"415"),
        (b"GET / HTTP/1.1\r\n\r\n", b"405"),
        (b"POST /elsewhere HTTP/1.1\r\nContent-Type: application/json\r\n\r\n", b"404"),
        (b"POST /lag/x HTTP/1.1\r\nContent-Type: application/json\r\n\r\n", b"404"),
        (b"GET /health HTTP/1.1\r\n\r\n", b"200"),
        (b"GET /health\r\n\r\n", b"400"),
        (b"GET /health HTTP/1.1\r\nno colon\r\n\r\n", b"400"),
        (b"GET /health HTTP/1.1\r\n" + b"a: b\r\n" * 101 + b"\r\n", b"431"),
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n", b"431"),
    ],
)
def test_http_that_is_not_served(localnet: Localnet, head: bytes, status: bytes) -> None:
    """HTTP that a node does not serve is refused with its status."""
    assert exchange(localnet, head).startswith(b"HTTP/1.1 " + status)


def test_connection_closes_when_asked(localnet: Localnet) -> None:
    """HTTP/1.0 and `Connection: close` end after one answer, else the connection is kept."""
    get = b"GET /health HTTP/1.%d\r\nConnection: %s\r\n\r\n"
    assert exchange(localnet, (get % (1, b"close")) * 2).count(b"HTTP/1.1 200") == 1
    assert exchange(localnet, (get % (0, b"")) * 2).count(b"HTTP/1.1 200") == 1
    assert exchange(localnet, (get % (1, b"keep-alive")) * 2).count(b"HTTP/1.1 200") == 2


def test_cut_request_is_dropped(localnet: Localnet) -> None:
    """A body that ends early is never handled."""
    cut = b'POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"jsonrpc"'
    assert exchange(localnet, cut) == b""
    assert localnet.requests() == {}


def test_client_may_ask_before_it_sends(localnet: Localnet) -> None:
    """`Expect: 100-continue` is answered before the body comes."""
    body = json.dumps(HEALTH).encode()
    head = b"POST / HTTP/1.1\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
    answer = exchange(localnet, head + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body), body)
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")


def test_many_clients_at_once(localnet: Localnet, payer: Keypair) -> None:
    """160 payments of 16 clients from one payer: all land, each once."""
    recipient = Keypair().pubkey()
    with Client(localnet.url) as client:
        blockhash = client.blockhash()
    transactions = [payment(payer, recipient, 10_000_000, blockhash, unit_limit=1000 + n) for n in range(160)]

    def send(first: int) -> None:
        with Client(localnet.url) as sender:
            for transaction in transactions[first::16]:
                sender.send(transaction)

    threads = [threading.Thread(target=send, args=(first,)) for first in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({row.signature for row in localnet.executed()}) == len(localnet.executed()) == 160
    assert localnet.balance(str(recipient)) == 1_600_000_000


def test_close_ends_every_connection() -> None:
    """A closed localnet refuses connections, leaves no request waiting, and may be closed twice."""
    localnet = Localnet(slot_seconds=None)
    localnet.faults.latency(3600, method="getSlot")
    ended = threading.Event()

    def wait() -> None:
        with Client(localnet.url) as client, contextlib.suppress(OSError):
            client.call("getSlot")
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    until(lambda: localnet.requests() == {"getSlot": 1})
    localnet.close()
    localnet.close()
    assert ended.wait(10)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", localnet.port), timeout=5)


def test_close_ends_waiting_threads() -> None:
    """No injected wait keeps a thread of a closed localnet alive."""
    before = set(threading.enumerate())
    localnet = Localnet(slot_seconds=None)
    localnet.faults.latency(3600)
    with socket.create_connection(("127.0.0.1", localnet.port), timeout=5) as connection:
        body = json.dumps(HEALTH).encode()
        head = b"POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        connection.sendall(head % len(body) + body)
        until(lambda: localnet.http_requests() == 1)
        localnet.close()
        until(lambda: set(threading.enumerate()) <= before)


def test_close_ends_idle_connections() -> None:
    """A kept connection without a request ends when the localnet closes."""
    localnet = Localnet(slot_seconds=None)
    with socket.create_connection(("127.0.0.1", localnet.port), timeout=5) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\n\r\n")
        assert connection.recv(1000)
        localnet.close()
        assert connection.recv(1000) == b""


def test_port_that_is_taken(localnet: Localnet) -> None:
    """A second localnet on one port is an error at once."""
    with pytest.raises(OSError, match="in use"):
        Localnet(port=localnet.port)


def test_only_loopback_listens(localnet: Localnet) -> None:
    """The server is bound to 127.0.0.1 and to no other address of the machine."""
    with pytest.raises(OSError, match=r"refused|unreachable"):
        socket.create_connection(("127.0.0.2", localnet.port), timeout=5)
