"""The server: two doors, slow clients, and a drain that loses no request."""

import contextlib
import os
import resource
import socket
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import pytest

from waiaas.daemon import sockets
from waiaas.daemon.server import Server
from waiaas.errors import StartRefused

from .conftest import AS_OPERATOR, AS_SESSION, Build, House
from .wire import connect, error_of, exchange, read_answer, request

GOOD = {"to": "x", "amount": "1"}


def eventually(claim: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until ``claim`` holds, or fail."""
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.005)


@contextlib.contextmanager
def held_send(house: House) -> Iterator[tuple[threading.Event, Any]]:
    """A send that is inside the engine until the event is set, and its future."""
    release, inside = threading.Event(), threading.Event()

    def hold(verb: str, arguments: dict[str, Any]) -> None:
        inside.set()
        assert release.wait(20)

    house.engine.transactions.before = hold
    with (
        ThreadPoolExecutor(1) as pool,
        httpx.Client(base_url=house.http.base_url, trust_env=False, timeout=20) as client,
    ):
        future = pool.submit(client.post, "/v1/transactions/send", json=GOOD, headers=AS_SESSION)
        assert inside.wait(10)
        try:
            yield release, future
        finally:
            release.set()


def test_a_drain_waits_for_what_is_in_work(build: Build) -> None:
    """A send that is inside when the drain begins is answered in full; what comes later on an old connection is a 503."""
    house = build()
    with connect(house) as old, held_send(house) as (release, future):
        old.sendall(request("GET", "/health"))
        assert read_answer(old)[0] == 200
        with ThreadPoolExecutor(1) as pool:
            drained = pool.submit(house.server.drain, 20)
            eventually(lambda: refuses(house))
            old.sendall(request("POST", "/v1/transactions/send", b"{}", Content_Type="application/json"))
            status, headers, body = read_answer(old)
            error = error_of(body)
            assert (status, error["code"], error["retryable"]) == (503, "STOPPING", True)
            assert int(headers["retry-after"]) >= 1
            assert not drained.done()
            release.set()
            assert drained.result() is True
        assert future.result().status_code == 201
    assert house.engine.calls().count("transactions.send") == 1
    assert not house.server.is_alive
    assert not house.socket.exists()


def refuses(house: House) -> bool:
    try:
        connect(house).close()
    except OSError:
        return True
    return False


def test_a_drain_ends_in_time_although_a_request_hangs(build: Build) -> None:
    """When the time is up the drain says that not all was answered, and ends."""
    house = build()
    with held_send(house) as (release, future):
        began = time.monotonic()
        assert house.server.drain(0.2) is False
        assert time.monotonic() - began < 10
        release.set()
        with pytest.raises(httpx.TransportError):
            future.result()


def test_a_drain_under_load_answers_or_never_begins(build: Build) -> None:
    """Every send that reached the engine was answered with 201; the others got a 503 or no connection."""
    house = build(threads=8)
    stop = threading.Event()

    def client() -> list[int]:
        statuses = []
        with httpx.Client(base_url=house.http.base_url, trust_env=False) as http:
            while not stop.is_set():
                try:
                    answer = http.post("/v1/transactions/send", json=GOOD, headers=AS_SESSION)
                except httpx.TransportError:
                    break
                statuses.append(answer.status_code)
        return statuses

    with ThreadPoolExecutor(6) as pool:
        clients = [pool.submit(client) for _ in range(6)]
        eventually(lambda: len(house.engine.transactions.log) > 50)
        assert house.server.drain(20) is True
        stop.set()
        statuses = [status for each in clients for status in each.result()]
    assert set(statuses) <= {201, 503}
    assert statuses.count(201) == len(house.engine.transactions.log)


def test_draining_twice_does_no_harm(build: Build) -> None:
    """The second drain finds nothing to do."""
    house = build()
    assert house.http.get("/health").status_code == 200
    assert house.server.drain(5) is True
    assert house.server.drain(5) is True


def test_a_server_that_never_started_can_be_drained() -> None:
    """An error between binding and serving leaves no thread and no port behind."""
    server = Server(mock.Mock(), host="127.0.0.1", port=0, threads=2)
    port = server.port
    assert server.is_alive is False
    assert server.drain(1) is True
    socket.create_server(("127.0.0.1", port)).close()


def test_idle_connections_do_not_hold_up_others(house: House) -> None:
    """Behind more silent and half-finished connections than there are threads a request is answered at once, on both doors."""
    with contextlib.ExitStack() as stack:
        for number in range(150):
            sock = stack.enter_context(connect(house))
            if number % 3 == 1:
                sock.sendall(b"GET /health HTTP/1.1\r\nHost: local")
            if number % 3 == 2:
                sock.sendall(request("POST", "/v1/agents", b"{", Content_Type="application/json", Content_Length="9"))
        for _ in range(20):
            assert exchange(house, request("GET", "/health"))[0] == 200
            assert house.admin.get("/health").status_code == 200


def test_the_socket_is_the_owners_alone(house: House) -> None:
    """run/admin.sock has mode 0600."""
    assert stat.S_IMODE(house.socket.stat().st_mode) == 0o600


def test_a_socket_deep_in_the_tree_is_bound() -> None:
    """A data directory whose path is longer than a socket's address can be served all the same."""
    with tempfile.TemporaryDirectory() as folder:
        deep = Path(folder, *["d" * 40] * 5)
        deep.mkdir(parents=True)
        server = Server(mock.Mock(), host="127.0.0.1", port=0, threads=2, socket_path=deep / "admin.sock")
        assert stat.S_ISSOCK((deep / "admin.sock").stat().st_mode)
        server.drain(1)
        assert list(deep.iterdir()) == []


def test_a_dead_socket_is_replaced_and_anything_else_refused(tmp_path: Path) -> None:
    """What a killed daemon left is taken over; a file in its place is not deleted, and the port is free again."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s"
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
        Server(mock.Mock(), host="127.0.0.1", port=0, threads=2, socket_path=path).drain(1)
        path.write_text("precious")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with pytest.raises(StartRefused, match="not a socket"):
            Server(mock.Mock(), host="127.0.0.1", port=port, threads=2, socket_path=path)
        assert path.read_text() == "precious"
        socket.create_server(("127.0.0.1", port)).close()


def test_another_daemons_socket_is_not_removed() -> None:
    """A drain removes the socket that it made and no other in its place."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s"
        server = Server(mock.Mock(), host="127.0.0.1", port=0, threads=2, socket_path=path)
        path.rename(Path(folder) / "old")
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(path))
            server.drain(1)
            assert path.exists()


def test_a_port_in_use_is_refused_at_once() -> None:
    """The error names the address and says what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartRefused, match=str(port)) as refused:
            Server(mock.Mock(), host="127.0.0.1", port=port, threads=2)
        assert "daemon.port" in refused.value.hint


def test_no_body_is_written_to_disk(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body of a mebibyte stays in memory."""
    opened: list[Any] = []
    monkeypatch.setattr("waitress.buffers.TemporaryFile", lambda *given: opened.append(given), raising=False)
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda *given: opened.append(given))
    body = b'{"note": "' + b"n" * 1_000_000 + b'"}'
    status, _, _ = exchange(
        house, request("POST", "/v1/policies", body, Content_Type="application/json", **AS_OPERATOR)
    )
    assert status == 400
    assert opened == []


def test_a_server_leaves_no_descriptor_behind() -> None:
    """Serving and draining ten times opens no more files than once."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    def once() -> int:
        server = Server(app, host="127.0.0.1", port=0, threads=2)
        server.start()
        assert httpx.get(f"http://127.0.0.1:{server.port}/", trust_env=False).text == "ok"
        assert server.drain(5) is True
        return len(os.listdir("/proc/self/fd"))

    once()
    counts = [once() for _ in range(10)]
    assert max(counts) - min(counts) <= 1


def test_the_death_of_a_door_is_told() -> None:
    """A loop that ends on its own is named; one that was drained is not."""
    dead: list[str] = []
    server = Server(mock.Mock(), host="127.0.0.1", port=0, threads=2, on_death=dead.append)
    with mock.patch("waitress.wasyncore.loop", side_effect=OSError("poll failed")):
        server.start()
        eventually(lambda: dead == ["http-tcp"])
    eventually(lambda: not server.is_alive)
    server.drain(1)
    drained = Server(mock.Mock(), host="127.0.0.1", port=0, threads=2, on_death=dead.append)
    drained.start()
    drained.drain(1)
    assert dead == ["http-tcp"]


def test_descriptors_beyond_a_thousand_are_served(build: Build) -> None:
    """A connection whose descriptor is above what select() can carry is answered like any other."""
    house = build()
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 2048:
        pytest.skip("this machine allows fewer descriptors")
    with contextlib.ExitStack() as stack:
        for _ in range(1100):
            stack.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        assert exchange(house, request("GET", "/health"))[0] == 200
        assert house.server.is_alive


@pytest.mark.parametrize(
    ("soft", "hard", "limit", "raised"),
    [
        (1024, 1_048_576, 1000, 2256),
        (1024, 1024, 384, 1024),
        (65_536, 65_536, 1000, None),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, 1000, None),
        (256, resource.RLIM_INFINITY, 1000, 2256),
    ],
)
def test_connections_leave_descriptors_for_the_rest(soft: int, hard: int, limit: int, raised: int | None) -> None:
    """Full doors leave room for database and nodes: the soft limit is raised, or fewer connections are taken."""
    with mock.patch("resource.getrlimit", return_value=(soft, hard)), mock.patch("resource.setrlimit") as changed:
        assert sockets.connection_limit() == limit
    assert [call.args[1] for call in changed.call_args_list] == ([] if raised is None else [(raised, hard)])
