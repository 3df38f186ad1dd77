"""Others on the same machine: they guess, squat, kill and look, and get nothing but noise (invariants 16 to 19)."""

import json
import os
import signal
import socket
import subprocess
import threading
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Program
from tests.harness.books import check_audit
from tests.harness.data_directory import PASSWORD
from tests.harness.deadline import until
from tests.harness.fixtures import MakeHouse
from tests.harness.house import House, confirmed
from tests.keystore.test_process import probe, unprivileged
from tests.security.processes import signer_of

_LOGIN = "/v1/operator/login"
_LOCKOUT_SECONDS = 1800


def guess(house: House, password: str = "guess", path: str = _LOGIN, **headers: str) -> httpx.Response:
    """A password over TCP."""
    return httpx.post(house.daemon.url + path, headers={"X-Master-Password": password, **headers}, json={}, timeout=60)


def test_guessing_over_tcp_locks_tcp_and_nobody_else(house: House) -> None:
    """Five wrong passwords lock TCP for half an hour, for the right one too and across a SIGKILL; socket, tokens and agents
    go on, and when the time is over TCP is open again."""
    house.start()
    wallet, token = house.instant(), house.operator.login().token
    paths = (_LOGIN, "/v1/agents", "/v1/operator/unlock", _LOGIN, "/v1/agents")
    for number, path in enumerate(paths):
        forged = {"X-Session": str(number), "User-Agent": str(number), "Cookie": f"a={number}"}
        assert guess(house, path=path, **forged).status_code == 401, path
    _is_locked(house)
    bearer = {"Authorization": f"Bearer {token}"}
    assert httpx.get(house.daemon.url + "/v1/agents", headers=bearer).status_code == 200
    confirmed(house, house.client(wallet).send(**house.case.payment(house.case.new_recipient())))
    house.kill()
    house.start()
    _is_locked(house)
    assert house.operator.login().token  # over the socket
    house.daemon.kill_signer()
    until(lambda: not house.operator.health().ready, "the signer's death to be noticed")
    _is_locked(house)  # and not 503: what comes while TCP is locked is not even tried
    house.operator.unlock()
    house.clock.shift(_LOCKOUT_SECONDS + 5)
    assert guess(house, PASSWORD).status_code == 200
    (row,) = house.rows("SELECT * FROM audit_log WHERE event_type = 'credential.locked_out'")
    assert (row["severity"], row["ip_address"]) != ("info", None)
    check_audit(house)


def _is_locked(house: House) -> None:
    for password in ("guess", PASSWORD):
        for path in (_LOGIN, "/v1/operator/unlock"):
            answer = guess(house, password, path)
            assert (answer.status_code, answer.json()["code"]) == (429, "LOCKED_OUT"), answer.text
            assert 0 < int(answer.headers["Retry-After"]) <= _LOCKOUT_SECONDS
            assert "socket" in answer.json()["hint"]


def test_the_right_password_starts_the_count_again(house: House) -> None:
    """Four wrong passwords, the right one, and four more lock nobody out: mistakes of a month do not add up."""
    house.start()
    for _ in range(2):
        for _ in range(4):
            assert guess(house).status_code == 401
        assert guess(house, PASSWORD).status_code == 200


def test_guesses_at_once_do_not_slip_through(make_house: MakeHouse) -> None:
    """Of thirty guesses made at the same time three are told that they were wrong, the limit, and then TCP is locked."""
    house = make_house(environ={"WAIAAS_SECURITY_LOCKOUT_ATTEMPTS": "3"}).start()
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda: statuses.append(guess(house).status_code)) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {401, 429, 503}
    assert guess(house, PASSWORD).status_code == 429
    assert statuses.count(401) <= 3, statuses


def test_a_password_that_came_through_a_proxy_is_not_tried(house: House) -> None:
    """A forwarded password is refused untried, so that it can lock nobody out."""
    house.start()
    for header in ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via"):
        for _ in range(2):
            assert guess(house, **{header: "1.2.3.4"}).status_code == 403, header
    assert guess(house, PASSWORD).status_code == 200


def test_strangers_make_bounded_rows(house: House) -> None:
    """Hundreds of bad credentials leave a handful of audit rows, with what they count."""
    house.start()
    before = house.rows("SELECT count(*) AS n FROM audit_log")[0]["n"]
    with httpx.Client(base_url=house.daemon.url) as client:
        for number in range(300):
            kind = ("sess", "op")[number % 2]
            answer = client.get("/v1/transactions", headers={"Authorization": f"Bearer wai_{kind}_{number:043}"})
            assert answer.status_code == 401
    assert house.rows("SELECT count(*) AS n FROM audit_log")[0]["n"] - before <= 2


def test_a_second_daemon_is_refused_and_the_first_goes_on(house: House) -> None:
    """``waiaas start`` on a directory in use ends with code 1 and one line that names it; nothing of the first is touched."""
    house.start()
    wallet, facts = house.instant(), house.paths.daemon_json.read_text()
    program = Program(house.root, {"WAIAAS_DAEMON_PORT": "0", "WAIAAS_MASTER_PASSWORD": PASSWORD})
    done = program("start")
    assert done.code == 1
    assert "daemon" in done.line
    assert str(house.root) in done.line
    assert house.paths.daemon_json.read_text() == facts
    assert int(house.paths.daemon_pid.read_text()) == house.daemon.pid
    confirmed(house, house.client(wallet).send(**house.case.payment(house.case.new_recipient())))


def test_a_squatter_on_the_port_gets_no_password(house: House) -> None:
    """With the daemon gone and its port and its daemon.json taken over, no command sends anything there."""
    house.start()
    house.kill()
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        squatter.settimeout(0)
        url = f"http://127.0.0.1:{squatter.getsockname()[1]}"
        house.paths.daemon_json.write_text(
            json.dumps({"pid": os.getpid(), "url": url, "instanceId": "x", "version": "0"})
        )
        program = Program(house.root, {"WAIAAS_MASTER_PASSWORD": PASSWORD})
        for command in (["agent", "list"], ["unlock"], ["status", "--details"]):
            assert program(*command).code == 3, command
        with pytest.raises(BlockingIOError):
            squatter.accept()


def test_a_port_that_is_squatted_keeps_the_daemon_from_starting(house: House) -> None:
    """Who took the port first is not shared with: the start is refused and names the port."""
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        port = str(squatter.getsockname()[1])
        program = Program(house.root, {"WAIAAS_DAEMON_PORT": port, "WAIAAS_MASTER_PASSWORD": PASSWORD})
        done = program("start")
    assert done.code == 1
    assert port in done.line


def test_a_signer_killed_again_and_again_is_mended_each_time(house: House) -> None:
    """After each SIGKILL of the signer one unlock brings exactly one new one, no dead one is left, and payments go on."""
    house.start()
    wallet, seen = house.instant(), set[int]()
    house.operator.login()
    for _ in range(3):
        seen.add(house.daemon.signer_pid())
        house.daemon.kill_signer()
        until(lambda: not house.operator.health().ready, "the signer's death to be noticed")
        house.operator.unlock()
        confirmed(house, house.client(wallet).send(**house.case.payment(house.case.new_recipient())))
    assert house.daemon.signer_pid() not in seen
    assert len(seen) == 3
    assert len(house.rows("SELECT id FROM audit_log WHERE event_type = 'signer.died'")) == 3


def test_a_dead_signer_is_not_mended_by_a_wrong_password(house: House) -> None:
    """Unlocking with a wrong password after the signer's death leaves the daemon locked."""
    house.start()
    house.daemon.kill_signer()
    until(lambda: not house.operator.health().ready, "the signer's death to be noticed")
    assert guess(house, path="/v1/operator/unlock").status_code == 401
    assert house.operator.health().ready is False


def test_no_process_of_the_same_user_looks_into_daemon_or_signer(house: House) -> None:
    """Memory, memory map and environment of ``waiaas start`` and its signer are closed to the user's other programs."""
    with subprocess.Popen(unprivileged("sleep", "60")) as ordinary:
        try:
            if "environ" not in until(lambda: _looks(ordinary.pid), "a look"):
                pytest.skip("LOUD SKIP: not even an ordinary process can be looked into here; nothing was tested")
        finally:
            ordinary.kill()
    program = Program(house.root, {**house.environ, "WAIAAS_MASTER_PASSWORD": PASSWORD})
    command = unprivileged(*program.command("start"))
    with subprocess.Popen(command, env=program.variables(), stdout=subprocess.PIPE, text=True) as daemon:
        try:
            assert daemon.stdout is not None
            assert "ready" in daemon.stdout.readline()
            assert probe(daemon.pid) == []
            assert probe(signer_of(daemon.pid)) == []
        finally:
            daemon.kill()


def _looks(pid: int) -> list[str]:
    """What is seen of an ordinary process, once it is itself."""
    return probe(pid) if Path(f"/proc/{pid}/comm").read_text() == "sleep\n" else []


def test_a_crash_leaves_no_core(house: House) -> None:
    """A daemon that is made to crash leaves no core file, and its signer ends with it."""
    house.start()
    signer = house.daemon.signer_pid()
    os.kill(house.daemon.pid, signal.SIGABRT)
    assert house.daemon.wait() == -signal.SIGABRT
    until(lambda: not Path(f"/proc/{signer}").exists(), "the signer to end")
    assert not list(house.root.rglob("core*"))
    assert not list(house.beside.rglob("core*"))
