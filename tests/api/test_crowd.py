"""A crowd at the door: slow readers, slow writers, too many, too much. Others are answered all the same."""

import contextlib
import io
import select
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from unittest import mock
from wsgiref.types import StartResponse, WSGIEnvironment

import httpx
import pytest

from waiaas.api.openapi import with_server
from waiaas.api.routes import URGENT
from waiaas.daemon import crowd, listener
from waiaas.daemon.server import Server

from .conftest import Build, House
from .test_server import eventually, held_send
from .wire import connect, error_of, exchange, read_answer, request

DOCUMENT = request("GET", "/openapi.json")
HALF = b"GET /health HTTP/1.1\r\nHost: local"


def connect_socket(house: House) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(10)
    sock.connect(str(house.socket))
    return sock


DOORS: dict[str, Callable[[House], socket.socket]] = {"tcp": connect, "socket": connect_socket}


def is_gone(sock: socket.socket, more: bytes = b"") -> bool:
    """Whether the peer closed the connection; reads nothing that it sent before; sends ``more`` otherwise."""
    poll = select.poll()
    poll.register(sock, select.POLLRDHUP)
    if poll.poll(0):
        return True
    if more:
        try:
            sock.sendall(more)
        except OSError:
            return True
    return False


@pytest.mark.parametrize("door", DOORS)
def test_readers_that_do_not_read_hold_no_thread(build: Build, door: str) -> None:
    """Sixteen connections pipeline hundreds of requests and read nothing: others are answered at once, each of them has cost
    one answer, and when its output has stood still for its time it is closed."""
    house = build(threads=4)
    with mock.patch.object(crowd, "IDLE_SECONDS", 2.0), contextlib.ExitStack() as stack:
        deaf = []
        for _ in range(16):
            sock = stack.enter_context(DOORS[door](house))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.sendall(DOCUMENT * 200)
            deaf.append(sock)
        for _ in range(20):
            began = time.monotonic()
            assert exchange(house, request("GET", "/health"))[0] == 200
            assert house.admin.get("/health").status_code == 200
            assert time.monotonic() - began < 1.5
        held = [one for each in house.server._doors for one in each._server.active_channels.values()]
        size = len(house.http.get("/openapi.json").content)
        assert max(one.total_outbufs_len for one in held) < 2 * size + 4096
        eventually(lambda: all(is_gone(sock) for sock in deaf))


@pytest.mark.parametrize("door", DOORS)
def test_pipelined_requests_are_answered_one_after_the_other(house: House, door: str) -> None:
    """Hundreds in a few packets, one with a body, one cut in two: each has its answer, in order."""
    posted = request("POST", "/v1/transactions/send", b"{}", Content_Type="text/plain")
    sent = (request("GET", "/health") + request("GET", "/nothing") + posted) * 100 + request("GET", "/health")
    wanted = [200, 404, 415] * 100 + [200]
    with DOORS[door](house) as sock, sock.makefile("rb") as stream:
        sock.sendall(sent[:-7])
        found = [_next_status(stream) for _ in wanted[:-1]]
        sock.sendall(sent[-7:])
        assert [*found, _next_status(stream)] == wanted


def _next_status(stream: io.BufferedIOBase) -> int:
    status, length = int(stream.readline().split()[1]), 0
    while (line := stream.readline()) != b"\r\n":
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    stream.read(length)
    return status


def test_a_body_that_waits_to_be_asked_for_is_asked_for(house: House) -> None:
    """Expect: 100-continue is answered, also behind another request (RFC 9110, 10.1.1)."""
    head = request("POST", "/v1/agents", Content_Type="application/json", Content_Length="2", Expect="100-continue")
    with connect(house) as sock, sock.makefile("rb") as stream:
        sock.sendall(request("GET", "/health") + head)
        assert [_next_status(stream), _next_status(stream)] == [200, 100]
        sock.sendall(b"{}")
        assert _next_status(stream) == 401


@pytest.mark.parametrize("door", DOORS)
def test_a_header_has_five_seconds_and_a_body_thirty(build: Build, door: str) -> None:
    """Bytes that keep coming buy no time: a header, a body and a silent connection each have their own."""
    with mock.patch.multiple(crowd, HEADER_SECONDS=1.0, IDLE_SECONDS=4.0):
        house, head = build(), request("POST", "/v1/agents", Content_Type="application/json", Content_Length="9000")
        with DOORS[door](house) as header, DOORS[door](house) as body, DOORS[door](house) as silent:
            header.sendall(HALF)
            body.sendall(head)
            began = time.monotonic()
            eventually(lambda: is_gone(header, b"x"))
            assert time.monotonic() - began < 3.5
            assert not is_gone(body, b" ")
            assert not is_gone(silent)
            eventually(lambda: is_gone(body, b" "))
            eventually(lambda: is_gone(silent))
    assert (crowd.HEADER_SECONDS, crowd.IDLE_SECONDS) == (5, 30)


@pytest.mark.parametrize("door", DOORS)
def test_when_it_is_full_the_longest_without_a_whole_request_goes(build: Build, door: str) -> None:
    """Behind a hundred halves of a request everybody new is answered at once; who asked last, or is being answered, stays."""
    with mock.patch.object(listener, "connection_limit", return_value=24):
        house = build()
    with contextlib.ExitStack() as stack:
        asked, halves = stack.enter_context(DOORS[door](house)), []
        release, future = stack.enter_context(held_send(house))
        for _ in range(100):
            halves.append(stack.enter_context(DOORS[door](house)))
            halves[-1].sendall(HALF)
            asked.sendall(request("GET", "/health"))
            assert read_answer(asked)[0] == 200
        for _ in range(20):
            with DOORS[door](house) as new:
                new.sendall(request("GET", "/health"))
                assert read_answer(new)[0] == 200
        eventually(lambda: sum(map(is_gone, halves)) >= 80)
        assert is_gone(halves[0])
        assert not is_gone(halves[-1])
        release.set()
        assert future.result().status_code == 201


@pytest.mark.parametrize("door", DOORS)
def test_bodies_in_flight_are_bounded_together(build: Build, door: str) -> None:
    """Bodies that together pass the bound go, the oldest first; a small one that comes at once is answered, as is a new large
    one."""
    head = request("POST", "/v1/policies", Content_Type="application/json", Content_Length="200001")
    with mock.patch.object(crowd, "MOST_BODY_BYTES", 1_000_000), contextlib.ExitStack() as stack:
        house, held = build(), []
        for _ in range(20):
            sock = stack.enter_context(DOORS[door](house))
            with contextlib.suppress(OSError):
                sock.sendall(head + b"x" * 200_000)
            held.append(sock)
        served = house.server._doors[list(DOORS).index(door)]._server
        eventually(lambda: sum(one.body_size for one in list(served.active_channels.values())) <= 1_000_000)
        eventually(lambda: sum(map(is_gone, held)) >= 15)
        assert is_gone(held[0])
        with DOORS[door](house) as new:
            new.sendall(request("POST", "/v1/policies", b"{}" + b" " * 199_999, Content_Type="application/json"))
            assert read_answer(new)[0] == 401


def test_answers_in_flight_are_bounded_together(tmp_path: Path) -> None:
    """Answers that nobody reads go, the stillest first, once they are too many bytes; others are answered meanwhile, and one
    answer alone may be larger."""
    size, large = 700_000, 12_000_000

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        count = large if environ["PATH_INFO"] == "/large" else size
        start_response("200 OK", [("Content-Length", str(count))])
        return [bytes(count)]

    with mock.patch.object(crowd, "MOST_ANSWER_BYTES", 2 * size), contextlib.ExitStack() as stack:
        server = Server(app, host="127.0.0.1", port=0, threads=2, socket_path=tmp_path / "s")
        stack.callback(server.drain, 0)
        server.start()
        door, deaf = server._doors[1]._server, []
        for _ in range(24):
            sock = stack.enter_context(socket.socket(socket.AF_UNIX))  # whose buffers in the kernel are small
            sock.settimeout(10)
            sock.connect(str(tmp_path / "s"))
            sock.sendall(request("GET", "/") * 4)
            deaf.append(sock)
        eventually(lambda: sum(map(is_gone, deaf)) >= 15)
        eventually(lambda: sum(one.total_outbufs_len for one in list(door.active_channels.values())) <= 2 * size)
        assert is_gone(deaf[0])
        assert len(httpx.get(f"http://127.0.0.1:{server.port}/", trust_env=False).content) == size
        tcp = server._doors[0]._server
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as patient:
            patient.sendall(request("GET", "/large"))
            eventually(lambda: any(one.total_outbufs_len > 2 * size for one in list(tcp.active_channels.values())))
            looked_at = tcp._next_look
            eventually(lambda: tcp._next_look > looked_at)
            assert len(read_answer(patient)[2]) == large


def test_an_answer_that_nobody_reads_is_no_copy(tmp_path: Path) -> None:
    """Two dozen deaf connections that ask for the same megabyte cost little more than that; the kernel takes little of it."""
    document = bytes(1_000_000)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [("Content-Length", str(len(document)))])
        return [document]

    with contextlib.ExitStack() as stack:
        server = Server(app, host="127.0.0.1", port=0, threads=2, socket_path=tmp_path / "s")
        stack.callback(server.drain, 0)
        server.start()
        tracemalloc.start()
        stack.callback(tracemalloc.stop)
        for _ in range(12):
            for family, where in ((socket.AF_INET, ("127.0.0.1", server.port)), (socket.AF_UNIX, str(tmp_path / "s"))):
                sock = stack.enter_context(socket.socket(family))
                sock.connect(where)
                sock.sendall(request("GET", "/") * 4)
        everybody = [one._server.active_channels for one in server._doors]
        eventually(lambda: all(len(each) == 12 for each in everybody))
        channels = [one for each in everybody for one in each.values()]
        eventually(lambda: all(one.total_outbufs_len and not one.requests for one in channels))
        assert tracemalloc.get_traced_memory()[1] < 5 * len(document)
        assert all(one.socket.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 131_072 for one in channels)


def test_the_document_is_made_once_for_an_address() -> None:
    """Not once more for each who asks."""
    assert with_server(b"{}", "http://127.0.0.1:1") is with_server(b"{}", "http://127.0.0.1:1")
    most = with_server.cache_parameters()["maxsize"]
    assert most is not None
    assert most < 10


@pytest.mark.parametrize("door", DOORS)
def test_health_does_not_stand_behind_a_crowd(tmp_path: Path, door: str) -> None:
    """One thread, twenty that wait: who asks for what is urgent is next, and every second turn is still the others'."""
    served: list[str] = []
    may_go, has_begun = threading.Event(), threading.Event()

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        served.append(environ["PATH_INFO"])
        has_begun.set()
        may_go.wait(20)
        start_response("200 OK", [("Content-Length", "0")])
        return [b""]

    with contextlib.ExitStack() as stack:
        path = tmp_path / "s"
        urgent = {"/health"}.__contains__
        server = Server(app, host="127.0.0.1", port=0, threads=1, socket_path=path, is_urgent=urgent)
        stack.callback(server.drain, 0)
        stack.callback(may_go.set)
        server.start()
        crowded = server._doors[list(DOORS).index(door)]
        for asked in ("/slow", *["/slow"] * 20, *["/health"] * 3):
            sock = stack.enter_context(socket.socket(socket.AF_INET if door == "tcp" else socket.AF_UNIX))
            sock.connect(("127.0.0.1", server.port) if door == "tcp" else str(path))
            sock.sendall(request("GET", asked))
            assert has_begun.wait(20)
        eventually(lambda: len(crowded._threads.queue) == 23)
        may_go.set()
        eventually(lambda: len(served) == 24)
        assert [n for n, one in enumerate(served) if one == "/health"] == [1, 3, 5]


def test_the_daemon_knows_what_is_urgent() -> None:
    """What has an allowance of its own: health, and the switches that stop payments."""
    assert {"/health", "/v1/admin/kill-switch"} <= URGENT
    assert "/openapi.json" not in URGENT


def test_a_header_of_many_fields_is_refused(house: House) -> None:
    """A field costs a hundred times its bytes: over a hundred of them, or 16 KiB in all, are a 4xx."""
    many = b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + b"".join(b"a%d:\r\n" % n for n in range(120)) + b"\r\n"
    large = request("GET", "/health", X_Large="x" * 20_000)
    for sent in (many, large):
        status, _, body = exchange(house, sent)
        assert 400 <= status < 500
        assert error_of(body)["code"] == "MALFORMED"


def test_tiny_chunks_are_refused(house: House) -> None:
    """Chunks of a byte each keep the loop busy that serves everybody: refused within a few hundred of them."""
    sent = request("POST", "/v1/policies", Content_Type="application/json", Transfer_Encoding="chunked")
    status, _, body = exchange(house, sent + b"1\r\n \r\n" * 300)
    assert status == 400
    assert error_of(body)["code"] == "MALFORMED"
