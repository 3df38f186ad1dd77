"""The client for nodes: connections that are kept, answers of every shape, and nodes that hang, drip, break off or flood."""

import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.engine.played_node import OK, Echo, MakeNode, Node, Script, asked, ending, is_answered, saying
from tests.harness.deadline import until
from waiaas.engine.node_connections import BrokenAnswer
from waiaas.engine.nodes import NodeHttp, within
from waiaas.errors import Unavailable


@pytest.fixture
def make_node() -> Iterator[MakeNode]:
    """Nodes that end with the test."""
    nodes: list[Node] = []

    def make(script: Script | bytes, context: ssl.SSLContext | None = None) -> Node:
        nodes.append(Node(saying(script) if isinstance(script, bytes) else script, context))
        return nodes[-1]

    yield make
    for node in nodes:
        node.close()


# --- what is asked, and over which connection -----------------------------------------------------------------------------


def test_a_request_is_what_a_server_expects(make_node: MakeNode) -> None:
    """Method, target with path and query, host with port, and a body of the length that is said."""
    node = make_node(OK)
    http = NodeHttp([f"{node.url}/v1/a%20b/?key=s3cret&x=1"])
    assert http.json("POST", "/sub", {"é": [1, None]}) == {"a": 1}
    assert http.json("GET") == {"a": 1}
    posted, got = node.requests
    head, _, body = posted.partition(b"\r\n\r\n")
    port = node.url.rpartition(":")[2]
    assert head.split(b"\r\n")[0] == b"POST /v1/a%20b/sub?key=s3cret&x=1 HTTP/1.1"
    assert f"host: 127.0.0.1:{port}".encode() in head
    assert body == b'{"\\u00e9":[1,null]}'
    assert f"content-length: {len(body)}".encode() in head
    assert got.startswith(b"GET /v1/a%20b/?key=s3cret&x=1 HTTP/1.1\r\n")
    assert b"content-length" not in got
    http.close()


def test_a_connection_serves_many_calls(make_node: MakeNode) -> None:
    """Calls one after another use one connection."""
    node = make_node(OK)
    http = NodeHttp([node.url])
    for _ in range(50):
        assert http.json("POST", "", {}) == {"a": 1}
    assert (node.connections, len(node.requests), http.tally.count) == (1, 50, 50)
    http.close()


def test_a_connection_that_ended_meanwhile_is_not_used(make_node: MakeNode) -> None:
    """A node that closes an idle connection costs a new connection and no call; one that says more than asked for too."""
    node = make_node(OK)
    http = NodeHttp([node.url])
    for _ in range(5):
        assert http.json("POST", "", {}) == {"a": 1}
        node.hang_up()
    chatty = make_node(OK + b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
    talking = NodeHttp([chatty.url])
    for _ in range(3):
        assert talking.json("POST", "", {}) == {"a": 1}
    assert chatty.connections == 3
    http.close()
    talking.close()


@pytest.mark.parametrize(
    "answer",
    [
        OK.replace(b"HTTP/1.1", b"HTTP/1.0"),
        OK.replace(b"content-length", b"connection: close\r\ncontent-length"),
        OK.replace(b"content-length", b"Connection:  Close \r\nContent-Length"),
    ],
)
def test_a_node_that_wants_to_close_may(make_node: MakeNode, answer: bytes) -> None:
    """After an answer of the old version, or one that says close, a new connection is made."""
    node = make_node(answer)
    http = NodeHttp([node.url])
    for _ in range(3):
        assert http.json("POST", "", {}) == {"a": 1}
    assert node.connections == 3
    http.close()


def test_connections_are_not_shared_by_threads(make_node: MakeNode) -> None:
    """Twenty threads get each the answer to their own question, over no more connections than there are threads."""
    node = Echo()
    http = NodeHttp([node.url])
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda number: http.json("POST", "", {"n": number}), range(400)))
    assert answers == [{"n": number} for number in range(400)]
    assert node.connections <= 20
    http.close()
    node.close()


# --- answers that are read --------------------------------------------------------------------------------------------------

CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
READABLE = {
    "chunks": CHUNKED + b'3\r\n{"a\r\n5\r\n": 1}\r\n0\r\n\r\n',
    "chunks with extensions and trailers": CHUNKED + b'8;x=y\r\n{"a": 1}\r\n0\r\nx-sum: 1\r\n\r\n',
    "chunk sizes in hex": CHUNKED + b"B\r\n" + b'{"a":     1}'[:11] + b"\r\n1\r\n}\r\n0\r\n\r\n",
    "an interim answer first": b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
    "no reason": b'HTTP/1.1 200\r\ncontent-length: 8\r\n\r\n{"a": 1}'.replace(b"200\r", b"200 \r"),
    "another success": OK.replace(b"200 OK", b"201 Created"),
    "the same length twice": OK.replace(b"content-length: 8", b"content-length: 8\r\nContent-Length:8"),
}


@pytest.mark.parametrize("name", READABLE)
def test_answers_of_every_usual_shape_are_read(make_node: MakeNode, name: str) -> None:
    """Lengths, chunks, trailers and interim answers give the same JSON, and leave the connection usable."""
    node = make_node(READABLE[name])
    http = NodeHttp([node.url])
    assert http.json("POST", "", {}) == {"a": 1}
    assert http.json("POST", "", {}) == {"a": 1}
    assert node.connections == 1
    http.close()


def test_an_answer_without_length_ends_with_the_connection(make_node: MakeNode) -> None:
    """The old way of ending a body is understood."""
    assert asked(make_node(ending(b'HTTP/1.1 200 OK\r\n\r\n{"a": 1}')).url) == {"a": 1}


def test_an_answer_may_come_in_pieces(make_node: MakeNode) -> None:
    """Wherever an answer is cut on its way, it is put together again."""

    def script(client: socket.socket, _: int) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for index in range(len(READABLE["chunks"])):
            client.sendall(READABLE["chunks"][index : index + 1])

    assert asked(make_node(script).url) == {"a": 1}


def test_large_answers_are_read(make_node: MakeNode) -> None:
    """Some megabytes in one length or in chunks are no trouble."""
    body = b'"' + b"x" * 2_000_000 + b'"'
    whole = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    parts = CHUNKED + b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
    for answer in (whole, parts):
        assert asked(make_node(answer).url) == "x" * 2_000_000


# --- answers that are not ---------------------------------------------------------------------------------------------------

BROKEN = {
    "nothing": b"",
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "another version": OK.replace(b"HTTP/1.1", b"HTTP/2.0"),
    "no status": OK.replace(b"200", b"abc"),
    "a cut head": OK[:20],
    "a cut body": OK[:-1],
    "a cut chunk": CHUNKED + b'8\r\n{"a"',
    "a chunk without end": CHUNKED + b'8\r\n{"a": 1}XX0\r\n\r\n',
    "a chunk without size": CHUNKED + b'\r\n{"a": 1}\r\n0\r\n\r\n',
    "a negative chunk": CHUNKED + b'-8\r\n{"a": 1}\r\n0\r\n\r\n',
    "two lengths": OK.replace(b"content-length: 8", b"content-length: 8\r\ncontent-length: 80"),
    "a length and chunks": CHUNKED[:-2] + b'content-length: 8\r\n\r\n8\r\n{"a": 1}\r\n0\r\n\r\n',
    "an unknown coding": OK.replace(b"content-length: 8", b"transfer-encoding: gzip, chunked"),
    "a negative length": OK.replace(b": 8", b": -8"),
    "a length that is none": OK.replace(b": 8", b": 0x8"),
    "too long a length": OK.replace(b": 8", b": 999999999"),
    "too large a chunk": CHUNKED + b"3b9aca00\r\n",
    "a folded header": OK.replace(b"content-length", b"x: 1\r\n 2\r\ncontent-length"),
    "a header without name": OK.replace(b"content-length", b": 1\r\ncontent-length"),
    "a flood of headers": b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 40_000,
    "one endless header": b"HTTP/1.1 200 OK\r\nx: " + b"y" * 400_000,
    "only interim answers": b"HTTP/1.1 102 Processing\r\n\r\n" * 20,
    "no JSON": b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>",
    "deep JSON": b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n" + b"[" * 100_000,
    "no body": b"HTTP/1.1 204 No Content\r\n\r\n",
    "a redirect": b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_answer_is_no_answer(make_node: MakeNode, name: str) -> None:
    """Whatever is not a whole, plain response with JSON in it is Unavailable, and later calls find a new connection."""

    def script(client: socket.socket, count: int) -> None:
        if count > 1:
            client.sendall(OK)
            return
        ending(BROKEN[name])(client, count)

    node = make_node(script)
    http = NodeHttp([node.url])
    with pytest.raises(Unavailable) as problem:
        http.json("POST", "", {})
    assert node.url not in problem.value.message
    until(lambda: is_answered(http), "an answer over a new connection")
    http.close()


# --- time -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("piece", [b"", OK[:5], OK[:-2], CHUNKED])
def test_a_node_that_hangs_is_left_in_time(make_node: MakeNode, piece: bytes) -> None:
    """Wherever an answer stops, the call ends with its time."""
    began = time.monotonic()
    with pytest.raises(Unavailable):
        asked(make_node(piece).url, seconds=0.3)
    assert time.monotonic() - began < 2


def test_an_answer_that_drips_takes_no_longer(make_node: MakeNode) -> None:
    """A byte every few milliseconds for ever does not stretch the call beyond its time."""
    ended = threading.Event()

    def script(client: socket.socket, _: int) -> None:
        client.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        while not ended.wait(0.01):
            client.sendall(b" ")

    began = time.monotonic()
    with pytest.raises(Unavailable):
        asked(make_node(script).url, seconds=0.5)
    ended.set()
    assert time.monotonic() - began < 2


def test_no_time_left_is_no_call(make_node: MakeNode) -> None:
    """When the time of a block is used up, nothing is sent any more."""
    node = make_node(OK)
    with pytest.raises(Unavailable):
        asked(node.url, seconds=-1)
    assert node.connections == 0


def test_within_is_over_after_its_block(make_node: MakeNode) -> None:
    """The tighter of two blocks counts inside, the outer one again after it."""
    node = make_node(OK)
    http = NodeHttp([node.url])
    with within(5):
        with within(-1), pytest.raises(Unavailable):
            http.json("GET")
        assert http.json("GET") == {"a": 1}
    http.close()


# --- several endpoints --------------------------------------------------------------------------------------------------------


def test_the_one_that_answered_is_asked_first(make_node: MakeNode) -> None:
    """A dead endpoint is passed over, and not asked again while the other answers."""
    busy = b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"
    dead, alive = make_node(busy), make_node(OK)
    http = NodeHttp([dead.url, alive.url])
    for _ in range(3):
        assert http.json("POST", "", {}) == {"a": 1}
    assert (len(dead.requests), len(alive.requests), http.tally.count) == (1, 3, 4)
    http.close()


@pytest.mark.parametrize(("text", "seconds"), [("3", 3), ("86400", 60), ("soon", None), ("-1", None), ("9" * 30, None)])
def test_a_node_may_ask_for_patience(make_node: MakeNode, text: str, seconds: int | None) -> None:
    """Retry-After is passed on, at most a minute of it; anything but a whole number is nothing."""
    head = f"HTTP/1.1 429 Too Many\r\nRetry-After: {text}\r\ncontent-length: 0\r\n\r\n".encode()
    with pytest.raises(Unavailable) as problem:
        asked(make_node(head).url)
    assert problem.value.retry_after == seconds


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_node_in_trouble_is_passed_over(make_node: MakeNode, status: int) -> None:
    """Whatever such an answer holds is not read."""
    trouble = make_node(OK.replace(b"200", str(status).encode()))
    with pytest.raises(Unavailable):
        asked(trouble.url)


def test_each_is_asked_for_itself(make_node: MakeNode) -> None:
    """One client an endpoint, over the same connections and the same count; with one endpoint it is the client itself."""
    first, second = make_node(OK), make_node(OK.replace(b"1}", b"2}"))
    http = NodeHttp([first.url, second.url])
    http.json("GET")
    assert [one.json("GET") for one in http.each()] == [{"a": 1}, {"a": 2}]
    assert (first.connections, http.tally.count) == (1, 3)
    single = NodeHttp([first.url])
    assert list(single.each()) == [single]
    http.close()
    single.close()


def test_nobody_listening_is_unavailable() -> None:
    """A closed port, and a name that does not exist, are nodes that are away."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}", "http://name.invalid", "http://[::1]:1"):
        with pytest.raises(Unavailable):
            asked(url)


def test_closing_twice_is_fine(make_node: MakeNode) -> None:
    """A closed client has no idle connection, and can still be asked."""
    http = NodeHttp([make_node(OK).url])
    http.json("GET")
    http.close()
    http.close()
    assert http.json("GET") == {"a": 1}
    http.close()


# --- TLS ----------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("NOT TESTED over TLS: needs openssl")
    folder = tmp_path_factory.mktemp("tls")
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2", "-nodes"]
    files = ["-keyout", str(folder / "key"), "-out", str(folder / "cert")]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    subprocess.run([openssl, "req", "-x509", *kind, *names, *files], check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_bytes((folder / "key").read_bytes() + (folder / "cert").read_bytes())
    return both


@pytest.fixture
def served(certificate: Path) -> ssl.SSLContext:
    """For a server with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_tls_is_spoken_with_whom_we_trust(
    make_node: MakeNode, served: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the certificate trusted, calls go through one connection; with another name in the address they do not."""
    monkeypatch.setattr("httpcore.default_ssl_context", lambda: ssl.create_default_context(cafile=str(certificate)))
    node = make_node(OK, served)
    http = NodeHttp([node.url])
    for _ in range(5):
        assert http.json("POST", "", {"x": 1}) == {"a": 1}
    assert node.connections <= 2
    http.close()
    with pytest.raises(Unavailable):
        asked(node.url.replace("127.0.0.1", "localhost"))


def test_a_stranger_is_not_spoken_with(make_node: MakeNode, served: ssl.SSLContext) -> None:
    """A certificate that nobody vouches for, and a server without TLS, are asked nothing."""
    stranger = make_node(OK, served)
    plain = make_node(OK)
    for url in (stranger.url, plain.url.replace("http:", "https:")):
        with pytest.raises(Unavailable):
            asked(url, seconds=2)
    assert stranger.requests == []


def test_a_broken_answer_is_an_os_error() -> None:
    """Everything that can go wrong on a connection is one kind of error to who asks."""
    assert issubclass(BrokenAnswer, OSError)
    assert issubclass(ssl.SSLError, OSError)
    assert issubclass(TimeoutError, OSError)
