"""``waiaas start``, ``stop``, ``status``: the daemon's process."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import PASSWORD, Program
from waiaas.cli.processes import find_daemon


def _environ_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def _children(pid: int) -> list[int]:
    """The processes that any of its threads started."""
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


def _wait_for_end(pid: int, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while Path(f"/proc/{pid}").exists() and Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z":
        assert time.monotonic() < end
        time.sleep(0.02)


def test_detached_life(made: Program) -> None:
    """``start --detach`` returns when the daemon is ready, ``status`` finds it, ``stop`` ends it, and it is gone."""
    started = made.json("start", "--detach")
    status = made.json("status")
    assert status["running"] is True
    assert status["ready"] is True
    assert (status["pid"], status["url"]) == (started["pid"], started["url"])
    done = made("stop")
    assert done.code == 0
    assert str(started["pid"]) in done.out
    assert made("status").code == 3
    assert find_daemon(made.data_dir) is None


def test_second_daemon_is_refused(made: Program) -> None:
    """A data directory has one daemon; the second start says so and the first lives on."""
    first = made.json("start", "--detach")
    done = made("start", "--detach")
    assert done.code == 1
    assert "already" in done.line
    foreground = made("start")
    assert foreground.code == 1
    assert "already" in foreground.err
    assert made.json("status")["pid"] == first["pid"]


def test_password_of_the_environment_does_not_stay_there(made: Program) -> None:
    """A daemon started with WAIAAS_MASTER_PASSWORD has it in neither its environment nor its arguments, nor has its signer."""
    made.environ.pop("WAIAAS_MASTER_PASSWORD_FILE")
    made.environ["WAIAAS_MASTER_PASSWORD"] = PASSWORD
    pids = [made.json("start", "--detach")["pid"]]
    assert _children(pids[0])
    for pid in [*pids, *_children(pids[0])]:
        assert PASSWORD.encode() not in _environ_of(pid)
        assert PASSWORD.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_agents_token_does_not_reach_the_daemon(made: Program) -> None:
    """A session token in the environment of whoever starts the daemon is not in the daemon's."""
    pid = made.json("start", "--detach", WAIAAS_SESSION_TOKEN="wai_sess_canary")["pid"]
    assert b"wai_sess_canary" not in _environ_of(pid)


def test_foreground_executes_itself_without_the_password(made: Program) -> None:
    """In the foreground the process replaces itself, so that its environment never had the password; Ctrl-C ends it."""
    made.environ.pop("WAIAAS_MASTER_PASSWORD_FILE")
    environ = made.variables(WAIAAS_MASTER_PASSWORD=PASSWORD)
    with subprocess.Popen(made.command("start"), env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "ready at" in process.stdout.readline()
        assert PASSWORD.encode() not in _environ_of(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_wrong_password_does_not_start(made: Program, tmp_path: Path) -> None:
    """A wrong password is refused in one line with code 4, in the foreground and detached, and nothing stays behind."""
    for arguments in (["start"], ["start", "--detach"]):
        done = made(*arguments, WAIAAS_MASTER_PASSWORD=PASSWORD + "x")
        assert done.code == 4, done.err
        assert "password" in done.err.splitlines()[-1]
    assert find_daemon(made.data_dir) is None


def test_port_that_is_taken(made: Program) -> None:
    """The daemon's own words reach whoever started it detached."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = made("start", "--detach", WAIAAS_DAEMON_PORT=port)
    assert done.code == 1
    assert port in done.line


def test_killed_daemon_is_found_dead_and_started_again(made: Program) -> None:
    """After SIGKILL the files it left mislead nobody."""
    pid = made.json("start", "--detach")["pid"]
    os.kill(pid, signal.SIGKILL)
    _wait_for_end(pid)
    assert json.loads((made.data_dir / "daemon.json").read_text())["pid"] == pid
    assert made("status").code == 3
    assert made("stop").code == 3
    assert made.json("start", "--detach")["pid"] != pid


def test_stop_does_not_believe_a_file(made: Program) -> None:
    """A pid that lies in daemon.json is not signalled."""
    with subprocess.Popen(["sleep", "60"]) as bystander:
        (made.data_dir / "daemon.json").write_text(json.dumps({"pid": bystander.pid}))
        (made.data_dir / "daemon.pid").write_text(f"{bystander.pid}\n")
        assert made("stop").code == 3
        assert bystander.poll() is None
        bystander.kill()


def test_unlock_takes_the_right_password_only(made: Program) -> None:
    """Unlocking a running daemon works with the password; a wrong one is code 4."""
    made.json("start", "--detach")
    assert made("unlock").code == 0
    done = made("unlock", WAIAAS_MASTER_PASSWORD=PASSWORD + "x")
    assert done.code == 4
    assert "password" in done.line


def test_dead_signer_is_mended_by_unlock(made: Program) -> None:
    """When the signer of a daemon without a password file dies the status says locked, and unlock brings it back."""
    file = made.environ.pop("WAIAAS_MASTER_PASSWORD_FILE")
    pid = made.json("start", "--detach", WAIAAS_MASTER_PASSWORD=PASSWORD)["pid"]
    os.kill(_children(pid)[0], signal.SIGKILL)
    _until(lambda: made("status", "--json").document["ready"] is False)
    assert made("unlock", WAIAAS_MASTER_PASSWORD_FILE=file).code == 0
    assert made.json("status")["ready"] is True


def _until(holds: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_data_directory_with_a_long_path(tmp_path: Path, made: Program) -> None:
    """A directory whose socket's path is longer than a socket's address works."""
    deep = tmp_path.joinpath(*["d" * 50] * 4)
    program = Program(deep / "data", made.environ)
    assert program("init").code == 0
    assert program.json("start", "--detach")["pid"]
    assert program.json("agent", "list")["items"] == []
    assert program("stop").code == 0


def test_unsafe_directory_does_not_start(made: Program) -> None:
    """A data directory that others can enter is refused with the command that mends it."""
    made.data_dir.chmod(0o755)
    done = made("start", "--detach")
    assert done.code == 1
    assert "chmod 700" in done.line


def test_locked_start_signs_after_unlock(made: Program) -> None:
    """``start --locked`` needs no password, says so, and is ready after ``unlock``."""
    file = made.environ.pop("WAIAAS_MASTER_PASSWORD_FILE")
    assert made("start", "--detach", "--locked").code == 0
    status = made.json("status")
    assert (status["ready"], status["status"]) == (False, "locked")
    assert "waiaas unlock" in made("status").out
    assert made("unlock", WAIAAS_MASTER_PASSWORD_FILE=file).code == 0
    assert made.json("status")["ready"] is True
