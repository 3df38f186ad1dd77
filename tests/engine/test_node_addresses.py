"""Nodes at the addresses that people write: taken to the letter, reached in time, and their troubles told apart."""

import base64
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.played_node import OK, MakeNode, Node, Script, saying
from tests.harness.deadline import until
from waiaas.config.values import mask_url, parse_urls
from waiaas.engine.nodes import NodeHttp, within
from waiaas.errors import NodeFailure, Trouble


@pytest.fixture
def make_node() -> Iterator[MakeNode]:
    """Nodes that end with the test."""
    nodes: list[Node] = []

    def make(script: Script | bytes) -> Node:
        nodes.append(Node(saying(script) if isinstance(script, bytes) else script))
        return nodes[-1]

    yield make
    for node in nodes:
        node.close()


def failure_of(*urls: str, seconds: float = 5.0) -> NodeFailure:
    """How one question to these fails."""
    http = NodeHttp(urls)
    try:
        with within(seconds), pytest.raises(NodeFailure) as problem:
            http.json("POST", "", {})
        return problem.value
    finally:
        http.close()


# --- as written -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "path", "asked"),
    [
        ("", "", b"/"),
        ("/", "", b"/"),
        ("/v2/key", "", b"/v2/key"),
        ("/v2/key/", "", b"/v2/key/"),
        ("/v2//key//", "", b"/v2//key//"),
        ("/v2/?a=b%2Fc&d", "", b"/v2/?a=b%2Fc&d"),
        ("/v2/", "/tx/1", b"/v2/tx/1"),
        ("/v2", "/tx/1", b"/v2/tx/1"),
        ("", "/tx/1", b"/tx/1"),
    ],
)
def test_an_address_is_asked_as_it_is_written(make_node: MakeNode, written: str, path: str, asked: bytes) -> None:
    """The last slash stays: to some providers the two are different services."""
    node = make_node(OK)
    http = NodeHttp([node.url + written])
    http.json("POST", path, {})
    assert node.requests[0].split(b" ")[1] == asked
    http.close()


@pytest.mark.parametrize(
    ("written", "pair"),
    [("ann:s3cret", b"ann:s3cret"), ("ann", b"ann:"), (":key", b":key"), ("a%40b:p%3Aq%2F", b"a@b:p:q/")],
)
def test_user_and_password_are_sent(make_node: MakeNode, written: str, pair: bytes) -> None:
    """As Basic authentication, percent signs read; no failure shows them."""
    node = make_node(OK)
    url = node.url.replace("//", f"//{written}@") + "/v1"
    http = NodeHttp([url])
    http.json("POST", "", {})
    assert b"authorization: Basic " + base64.b64encode(pair) + b"\r\n" in node.requests[0]
    port = node.url.rpartition(":")[2].encode()
    assert b"host: 127.0.0.1:" + port + b"\r\n" in node.requests[0]
    assert http.address == mask_url(url)
    assert "s3cret" not in http.address
    assert "key" not in http.address
    http.close()


def test_without_a_user_nothing_is_said_of_one(make_node: MakeNode) -> None:
    """No header where the address has no user."""
    node = make_node(OK)
    http = NodeHttp([node.url])
    http.json("POST", "", {})
    assert b"authorization" not in node.requests[0].lower()
    http.close()


# --- what is wrong with each ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, Trouble.MOVED),
        (307, Trouble.MOVED),
        (400, Trouble.FAILED),
        (401, Trouble.TURNED_AWAY),
        (402, Trouble.LIMITED),
        (403, Trouble.TURNED_AWAY),
        (404, Trouble.TURNED_AWAY),
        (413, Trouble.TOO_LARGE),
        (429, Trouble.LIMITED),
        (500, Trouble.FAILED),
        (502, Trouble.UNHEALTHY),
        (503, Trouble.UNHEALTHY),
    ],
)
def test_a_status_is_told_by_its_kind_and_keeps_its_json(make_node: MakeNode, status: int, kind: Trouble) -> None:
    """Whatever is no 2xx is a failure that names the endpoint and the status, and brings the JSON along."""
    node = make_node(OK.replace(b"200 OK", f"{status} their words".encode()))
    failure = failure_of(node.url.replace("//", "//ann:s3cret@") + "/key")
    (trouble,) = failure.troubles
    assert (trouble.kind, trouble.position) == (kind, 1)
    assert str(status) in trouble.words
    assert trouble.endpoint == node.url.replace("//", "//***@") + "/***"
    assert failure.answer == {"a": 1}
    assert "their words" not in failure.message + trouble.words


def test_a_redirect_is_named_and_not_followed(make_node: MakeNode) -> None:
    """The address it names is asked nothing, also when it is the same machine."""
    other = make_node(OK)
    node = make_node(f"HTTP/1.1 308 Moved\r\nlocation: {other.url}/\r\ncontent-length: 0\r\n\r\n".encode())
    failure = failure_of(node.url)
    assert "redirect" in failure.message
    assert failure.troubles[0].kind is Trouble.MOVED
    assert other.connections == 0


def test_every_endpoint_is_told_of_in_order(make_node: MakeNode) -> None:
    """One trouble each, with its place in the list and its kind."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = f"http://127.0.0.1:{server.getsockname()[1]}"
    busy = make_node(b"HTTP/1.1 429 No\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n")
    text = make_node(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")
    huge = make_node(b"HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n")
    failure = failure_of(closed, busy.url, text.url, huge.url)
    kinds = [Trouble.UNREACHABLE, Trouble.LIMITED, Trouble.MALFORMED, Trouble.TOO_LARGE]
    assert [one.kind for one in failure.troubles] == kinds
    assert [one.position for one in failure.troubles] == [1, 2, 3, 4]
    assert [one.endpoint for one in failure.troubles] == [closed, busy.url, text.url, huge.url]
    assert failure.retry_after == 7


def test_the_clients_of_single_endpoints_say_which_they_are(make_node: MakeNode) -> None:
    """Each is made once, and tells of itself with its place among all."""
    urls = [make_node(OK.replace(b"200", b"500")).url for _ in range(3)]
    http = NodeHttp(urls)
    assert http.each() is http.each()
    for index, one in enumerate(http.each()):
        assert one.address == urls[index]
        with pytest.raises(NodeFailure) as problem:
            one.json("GET")
        assert [trouble.position for trouble in problem.value.troubles] == [index + 1]
    http.close()


# --- within a time --------------------------------------------------------------------------------------------------------


@pytest.fixture
def black_hole() -> Iterator[tuple[str, int]]:
    """An address that takes no connection and refuses none: its queue is full."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        waiting = []
        for _ in range(4):
            waiting.append(client := socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield server.getsockname()
        for client in waiting:
            client.close()


def resolving(monkeypatch: pytest.MonkeyPatch, look_up: Any) -> None:
    """The machine's resolver is this for names; addresses stay addresses."""
    real = socket.getaddrinfo

    def played(host: str, port: int, *args: Any, **options: Any) -> Any:
        if options.get("flags") or not host.endswith(".invalid"):
            return real(host, port, *args, **options)
        return look_up(port)

    monkeypatch.setattr(socket, "getaddrinfo", played)


def at(where: tuple[str, int]) -> tuple[int, int, int, str, tuple[str, int]]:
    """An address as the resolver gives it."""
    return socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", where


def test_all_addresses_together_have_one_deadline(monkeypatch: pytest.MonkeyPatch, black_hole: tuple[str, int]) -> None:
    """Eight addresses that swallow everything cost one connection's time, not eight of them."""
    resolving(monkeypatch, lambda port: [at(black_hole)] * 8)
    began = time.monotonic()
    assert failure_of("http://many.invalid", seconds=0.8).troubles[0].kind is Trouble.UNREACHABLE
    assert time.monotonic() - began < 1.6


def test_an_address_that_swallows_everything_leaves_time_for_the_next(
    monkeypatch: pytest.MonkeyPatch, black_hole: tuple[str, int], make_node: MakeNode
) -> None:
    """A name with a dead address before a living one is asked at the living one, in time."""
    node = make_node(OK)
    living = ("127.0.0.1", int(node.url.rpartition(":")[2]))
    resolving(monkeypatch, lambda port: [at(black_hole), at(living)])
    http = NodeHttp(["http://half.invalid"])
    with within(3):
        assert http.json("POST", "", {}) == {"a": 1}
    http.close()


def test_a_resolver_that_hangs_costs_the_deadline_and_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls end in their time, however long the name takes; all of them wait for one look-up; a later one begins anew."""
    asked, free = [], threading.Event()

    def hang(port: int) -> Any:
        asked.append(port)
        free.wait(30)
        return []

    resolving(monkeypatch, hang)
    http = NodeHttp(["http://slow.invalid:81"])
    began = time.monotonic()
    try:
        for _ in range(3):
            with within(0.2), pytest.raises(NodeFailure):
                http.json("POST", "", {})
        assert time.monotonic() - began < 3
        assert asked == [81]
        free.set()
        until(lambda: not any(one.name == "waiaas-name" for one in threading.enumerate()), "the look-up's end")
        with within(0.2), pytest.raises(NodeFailure):
            http.json("POST", "", {})
        assert asked == [81, 81]
    finally:
        free.set()
        http.close()


@pytest.mark.parametrize("host", ["a" * 64 + ".invalid", ".invalid", "a..invalid"])
def test_a_name_that_is_none_is_no_address(host: str) -> None:
    """What no resolver would take is refused where it is configured."""
    with pytest.raises(ValueError, match="label"):
        parse_urls(f"https://{host}/")
    assert parse_urls("https://bücher.invalid") == ("https://bücher.invalid",)
