"""Work that takes over a second says so, on a terminal alone; nothing of it is in what is printed."""

import io
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.deadline import until
from waiaas.cli import sign_of_life as life
from waiaas.cli.application import run


class Terminal(io.StringIO):
    """Standard error of a person."""

    def isatty(self) -> bool:
        return True


def at_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal at which a second is short. Called in the test: pytest puts its own capture there before each."""
    found = Terminal()
    monkeypatch.setattr("sys.stderr", found)
    monkeypatch.setattr(life, "_AFTER_SECONDS", 0.02)
    monkeypatch.setenv("TERM", "xterm")
    return found


def test_long_work_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A spinner says what is waited for."""
    terminal = at_terminal(monkeypatch)
    with life.sign_of_life("Waiting for somebody"):
        until(lambda: "Waiting for somebody" in terminal.getvalue(), "Waiting for somebody", 20)


def test_a_bar_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """It follows what the work tells of itself; a call inside of it adds no spinner."""
    terminal = at_terminal(monkeypatch)
    with life.bar("Counting", 4) as done:
        done(2)
        until(lambda: "50%" in terminal.getvalue(), "50%", 20)
        before = threading.active_count()
        with life.sign_of_life("Waiting for somebody"):
            assert threading.active_count() == before, "nobody waits to show a spinner"
        done(1)
        until(lambda: "75%" in terminal.getvalue(), "75%", 20)
    assert "Waiting" not in terminal.getvalue()


def test_short_work_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is done before the second is over leaves no trace."""
    terminal = at_terminal(monkeypatch)
    monkeypatch.setattr(life, "_AFTER_SECONDS", 60.0)
    with life.sign_of_life():
        pass
    assert terminal.getvalue() == ""


def test_nothing_is_shown_to_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal, and with standard error closed, not even a thread is started."""
    monkeypatch.setattr(life, "_AFTER_SECONDS", 0.0)
    for stream in (io.StringIO(), None):
        monkeypatch.setattr("sys.stderr", stream)
        before = threading.active_count()
        with life.sign_of_life("x"), life.bar("y", 1):
            assert threading.active_count() == before
        assert stream is None or stream.getvalue() == ""


class _Slow(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.rfile.readline()
        self.server.asked.set()  # type: ignore[attr-defined]
        self.server.go_on.wait(20)  # type: ignore[attr-defined]
        body = b'{"status": "ok", "version": "1", "uptime": 1, "schemaVersion": 1, "ready": true}'
        self.wfile.write(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: "
            + str(len(body)).encode()
            + b"\r\n\r\n"
            + body
        )


@pytest.fixture
def slow_daemon(tmp_path: Path) -> Iterator[socketserver.ThreadingUnixStreamServer]:
    """A daemon that answers when it is told to."""
    (tmp_path / "run").mkdir(mode=0o700)
    with socketserver.ThreadingUnixStreamServer(str(tmp_path / "run" / "admin.sock"), _Slow) as server:
        server.asked, server.go_on = threading.Event(), threading.Event()  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.go_on.set()  # type: ignore[attr-defined]
        server.shutdown()


def test_every_call_to_the_daemon_is_work(
    monkeypatch: pytest.MonkeyPatch, slow_daemon: socketserver.ThreadingUnixStreamServer, tmp_path: Path
) -> None:
    """A command that waits for the daemon says so."""
    terminal = at_terminal(monkeypatch)

    def answer() -> None:
        until(lambda: "Waiting for the daemon" in terminal.getvalue(), "Waiting for the daemon", 20)
        slow_daemon.go_on.set()  # type: ignore[attr-defined]

    threading.Thread(target=answer, daemon=True).start()
    assert run(["--data-dir", str(tmp_path), "status", "--json"]) == 0
    assert "Waiting for the daemon" in terminal.getvalue()
