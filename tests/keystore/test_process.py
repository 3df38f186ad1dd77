"""The signer as a process: how it lives and dies with the daemon, and what others can see of it."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from waiaas.errors import NotReady, StartRefused, Stopped
from waiaas.interfaces.signing import Hash, Scheme
from waiaas.keystore import envelope, sodium
from waiaas.keystore.client import SignerClient
from waiaas.keystore.memory import LockedMemory, Secret
from waiaas.keystore.records import KeyHeader

Until = Callable[..., None]
NewAgent = Callable[[Scheme, str], KeyHeader]
Put = Callable[[bytes, Scheme, str], KeyHeader]

#: A daemon in miniature. The password comes by standard input; its end is the sign for every descendant to go.
DAEMON = """
import os, sys
from pathlib import Path
from waiaas.keystore.client import SignerClient
from waiaas.keystore.memory import harden_process
harden_process()
client = SignerClient.start(Path(sys.argv[1]))
client.unlock(bytearray(sys.stdin.buffer.readline().rstrip()))
if "heir" in sys.argv and os.fork() == 0:
    sys.stdin.buffer.read()
    os._exit(0)
print(client.pid, flush=True)
sys.stdin.buffer.read()
"""

#: Tries to read what a process of the same user can read of another.
PROBER = """
import sys
for name in ("environ", "maps", "mem"):
    try:
        with open(f"/proc/{sys.argv[1]}/{name}", "rb", buffering=0) as file:
            if name != "mem":
                file.read(1)
        print(name, end=" ")
    except OSError:
        pass
"""


def unprivileged(*command: str) -> list[str]:
    """The command with an ordinary user's powers: as root, all capabilities dropped and the user kept."""
    if os.geteuid() != 0:
        return list(command)
    if shutil.which("setpriv") is None:
        pytest.skip("NOT TESTED: root cannot drop its capabilities without setpriv")
    return ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all", *command]


def is_running(pid: int) -> bool:
    """Whether the process still does anything; one that only waits for its parent to notice does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def sign(signer: SignerClient, header: KeyHeader, epoch: int = 0) -> bytes:
    return signer.sign(agent_id=header.agent_id, kind="tx.other", preimage=b"x", hash=Hash.SHA256, stop_epoch=epoch)


Start = Callable[..., tuple["subprocess.Popen[bytes]", int]]


@pytest.fixture
def start_daemon(keystore: Path, password: bytearray) -> Iterator[Start]:
    """Starts daemons in miniature; gives the process and its signer's id."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*options: str) -> tuple[subprocess.Popen[bytes], int]:
        command = unprivileged(sys.executable, "-c", DAEMON, str(keystore), *options)
        daemon = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        started.append(daemon)
        assert daemon.stdin is not None
        assert daemon.stdout is not None
        daemon.stdin.write(bytes(password) + b"\n")
        daemon.stdin.flush()
        return daemon, int(daemon.stdout.readline())

    yield start
    for daemon in started:
        daemon.kill()
        daemon.communicate()


# --- life and death ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [(), ("heir",)], ids=["alone", "with a fork that holds the socket"])
def test_killed_daemon_takes_the_signer_along(start_daemon: Start, until: Until, options: tuple[str, ...]) -> None:
    """SIGKILL of the daemon ends the signer, even while a forked child of the daemon keeps the socket open."""
    daemon, signer = start_daemon(*options)
    assert is_running(signer)
    daemon.kill()
    until(lambda: not is_running(signer))


def test_closed_socket_ends_the_signer(signer: SignerClient, until: Until) -> None:
    """Closing the client ends the process, and closing again does nothing."""
    pid = signer.pid
    signer.close()
    assert not is_running(pid)
    assert not signer.is_alive
    signer.close()
    with pytest.raises(NotReady) as caught:
        signer.unlock(bytearray(b"anything"))
    assert caught.value.code == "STOPPING"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_group_signals_are_ignored(signer: SignerClient, new_agent: NewAgent, number: signal.Signals) -> None:
    """What a terminal or service manager sends to the whole group does not stop signatures: the daemon still drains."""
    header = new_agent(Scheme.ED25519, "other")
    os.kill(signer.pid, number)
    assert sign(signer, header)
    assert signer.is_alive


def test_death_is_noticed(signer: SignerClient, new_agent: NewAgent, until: Until) -> None:
    """A signer that dies is noticed without anybody asking, told once, and everything is SIGNER_LOCKED."""
    header = new_agent(Scheme.ED25519, "other")
    told: list[bool] = []
    signer.on_death(lambda: told.append(signer.is_alive))
    os.kill(signer.pid, signal.SIGKILL)
    until(lambda: told == [False])
    assert (signer.is_alive, signer.is_unlocked) == (False, False)
    for call in (lambda: sign(signer, header), lambda: signer.verify_password(bytearray(b"x"))):
        with pytest.raises(NotReady) as caught:
            call()
        assert caught.value.code == "SIGNER_LOCKED"
    signer.lock()
    signer.raise_stop_epoch(1)
    assert told == [False]


def test_unlock_mends_a_dead_signer(
    signer: SignerClient, new_agent: NewAgent, password: bytearray, until: Until
) -> None:
    """After a death the password, and nothing less, brings a new process that signs with the same keys."""
    header = new_agent(Scheme.ED25519, "other")
    before, first = sign(signer, header), signer.pid
    os.kill(first, signal.SIGKILL)
    until(lambda: not signer.is_alive)
    with pytest.raises(StartRefused):
        signer.unlock(bytearray(b"wrong"))
    assert not signer.is_unlocked
    signer.unlock(password)
    assert signer.pid != first
    assert sign(signer, header) == before


def test_stop_outlives_the_signer(signer: SignerClient, new_agent: NewAgent, password: bytearray, until: Until) -> None:
    """A stop ordered before, or during, the absence of a signer holds in the next one."""
    header = new_agent(Scheme.ED25519, "other")
    signer.raise_stop_epoch(1)
    os.kill(signer.pid, signal.SIGKILL)
    until(lambda: not signer.is_alive)
    signer.raise_stop_epoch(2)
    signer.unlock(password)
    with pytest.raises(Stopped):
        sign(signer, header, epoch=1)
    assert sign(signer, header, epoch=2)


def test_waiting_requests_end_with_the_signer(signer: SignerClient, until: Until) -> None:
    """Requests without an answer when the signer dies fail at once, not after their time limit."""
    os.kill(signer.pid, signal.SIGSTOP)
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(signer.generate, Scheme.ED25519) for _ in range(4)]
        assert signer._process is not None
        process = signer._process
        until(lambda: len(process._waiting) == 4)
        os.kill(signer.pid, signal.SIGKILL)
        for request in waiting:
            with pytest.raises(NotReady) as caught:
                request.result(timeout=10)
            assert caught.value.code == "SIGNER_LOCKED"


def test_a_signer_that_ignores_a_stop_is_killed(
    signer: SignerClient, monkeypatch: pytest.MonkeyPatch, until: Until
) -> None:
    """When a stop or a lock is not confirmed in time, the signer is killed: a dead one signs nothing."""
    monkeypatch.setattr("waiaas.keystore.connection._ORDER_SECONDS", 0.2)
    os.kill(signer.pid, signal.SIGSTOP)
    signer.raise_stop_epoch(1)
    until(lambda: not signer.is_alive)


def test_started_from_a_thread_that_ends(keystore: Path, password: bytearray, put_key: Put, until: Until) -> None:
    """A signer started, or started again, on a request's thread outlives that thread."""
    header = put_key(b"\x07" * 32, Scheme.ED25519, "other")
    made: list[SignerClient] = []

    def on_a_thread(call: Callable[[], object]) -> None:
        thread = threading.Thread(target=call)
        thread.start()
        thread.join()

    on_a_thread(lambda: made.append(SignerClient.start(keystore)))
    signer = made[0]
    try:
        on_a_thread(lambda: signer.unlock(password))
        assert sign(signer, header)
        os.kill(signer.pid, signal.SIGKILL)
        until(lambda: not signer.is_alive)
        on_a_thread(lambda: signer.unlock(password))
        assert sign(signer, header)
    finally:
        signer.close()


def test_why_it_cannot_start(keystore: Path) -> None:
    """A signer that cannot lock memory says so, with what to raise, when it is to be unlocked."""
    script = (
        "import resource, sys; from pathlib import Path; resource.setrlimit(resource.RLIMIT_MEMLOCK, (4096, 4096));"
        "from waiaas.keystore.client import SignerClient; from waiaas.errors import StartRefused\n"
        "client = SignerClient.start(Path(sys.argv[1]))\n"
        "try: client.unlock(bytearray(b'x'))\n"
        "except StartRefused as failure: print(failure.message, '/', failure.hint)"
    )
    command = unprivileged(sys.executable, "-c", script, str(keystore))
    limited = subprocess.run(command, capture_output=True, check=False, text=True)
    assert "cannot be locked" in limited.stdout, limited.stderr
    assert "ulimit -l" in limited.stdout


# --- what others see ---------------------------------------------------------------------------------------------------


def probe(pid: int) -> list[str]:
    command = unprivileged(sys.executable, "-c", PROBER, str(pid))
    result = subprocess.run(command, capture_output=True, check=True, text=True)
    return result.stdout.split()


def test_not_dumpable(start_daemon: Start, until: Until) -> None:
    """A process of the same user, without root's capabilities, reads neither memory nor maps of signer and daemon."""
    ordinary = subprocess.Popen(unprivileged("sleep", "60"))
    try:
        until(lambda: Path(f"/proc/{ordinary.pid}/comm").read_text() == "sleep\n")
        if "environ" not in probe(ordinary.pid):
            pytest.skip("NOT TESTED: even ordinary processes cannot be read here")
    finally:
        ordinary.kill()
        ordinary.wait()
    daemon, signer = start_daemon()
    assert probe(signer) == []
    assert probe(daemon.pid) == []


def test_no_cores(signer: SignerClient) -> None:
    """The signer's core limit is zero, soft and hard."""
    limits = Path(f"/proc/{signer.pid}/limits").read_text()
    line = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert line.split()[4:6] == ["0", "0"]


def test_locked_memory_is_protected(memory: LockedMemory) -> None:
    """The mapping for secrets is private, locked, left out of cores and wiped in a forked child."""
    slot = memory.slot(32)
    slot.view[:] = b"s" * 32
    flags = flags_at(slot.address)
    assert {"lo", "dd", "wf"} <= flags
    assert "sh" not in flags
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.write(writer, bytes(slot.view))
        os._exit(0)
    assert os.read(reader, 32) == bytes(32)
    os.wait()
    assert bytes(slot.view) == b"s" * 32


def flags_at(address: int) -> set[str]:
    """VmFlags of the mapping of this process that holds an address (proc(5))."""
    is_here = False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        first = line.split()[0]
        if "-" in first and not first.endswith(":"):
            low, high = (int(part, 16) for part in first.split("-"))
            is_here = low <= address < high
        elif is_here and first == "VmFlags:":
            return set(line.split()[1:])
    return set()


def test_nothing_in_environment_or_arguments(start_daemon: Start, password: bytearray) -> None:
    """The password is in no environment and no command line; the signer has no environment at all."""
    daemon, signer = start_daemon()
    for pid in (daemon.pid, signer):
        for name in ("environ", "cmdline"):
            assert bytes(password) not in Path(f"/proc/{pid}/{name}").read_bytes()
    names = {entry.split(b"=")[0] for entry in Path(f"/proc/{signer}/environ").read_bytes().split(b"\0") if entry}
    assert names <= {b"LD_LIBRARY_PATH"}


def test_no_inherited_descriptors(keystore: Path, tmp_path: Path) -> None:
    """The signer holds no descriptor of the daemon's, not even an inheritable one, and so no lock after its death."""
    with (tmp_path / "daemon.lock").open("w") as lock:
        os.set_inheritable(lock.fileno(), True)
        fcntl.flock(lock, fcntl.LOCK_EX)
        client = SignerClient.start(keystore)
        try:
            client.raise_stop_epoch(1)
            links = [os.readlink(entry) for entry in Path(f"/proc/{client.pid}/fd").iterdir()]
        finally:
            client.close()
    assert not [link for link in links if "daemon.lock" in link]
    assert sum(link.startswith("socket:") for link in links) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: only root can look into the signer")
def test_secrets_are_nowhere_else(
    keystore: Path, signer: SignerClient, password: bytearray, put_key: Put, data_key: Secret
) -> None:
    """After work, the signer's memory holds the data key once, in its locked mapping, and no password and no agent's key."""
    known = {scheme: os.urandom(31) + b"\x01" for scheme in Scheme}
    for scheme, secret in known.items():
        sign(signer, put_key(secret, scheme, "other"))
    signer.subkey("backups")
    signer.verify_password(password)
    # Without a master.json the attempt fails before Argon2, which would wipe what it read.
    (keystore / "master.json").unlink()
    with pytest.raises(StartRefused):
        signer.verify_password(bytearray(b"a wrong attempt at it"))
    content = memory_of(signer.pid)
    assert content.count(bytes(data_key.view)) == 1
    assert bytes(password) not in content
    assert b"a wrong attempt at it" not in content
    for secret in known.values():
        assert secret not in content
    signer.lock()
    assert bytes(data_key.view) not in memory_of(signer.pid)


def memory_of(pid: int) -> bytes:
    """Everything writable in a process's memory."""
    pieces = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, mode, *_ = line.split()
            if not mode.startswith("rw"):
                continue
            low, high = (int(part, 16) for part in span.split("-"))
            memory.seek(low)
            pieces.append(memory.read(high - low))
    return b"|".join(pieces)


def test_small_and_light(signer: SignerClient) -> None:
    """The signer loads no TLS, database, validation or chain code, and stays under 25 MB."""
    maps = Path(f"/proc/{signer.pid}/maps")
    rollup = Path(f"/proc/{signer.pid}/smaps_rollup")
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: only root can look into the signer")
    for library in ("libssl", "_ssl.", "_sqlite3", "pydantic", "solders"):
        assert library not in maps.read_text()
    pss = next(int(line.split()[1]) for line in rollup.read_text().splitlines() if line.startswith("Pss:"))
    assert pss < 25_000


def test_purposes_do_not_overlap() -> None:
    """No subkey that the daemon may have is one that the signer keeps to itself."""
    kept = {envelope.AGENT_KEYS, envelope.CHECKPOINTS}
    assert not kept & set(envelope.PURPOSES.values())
    assert len(set(envelope.PURPOSES.values())) == len(envelope.PURPOSES)
    assert all(len(purpose) <= 16 for purpose in (*kept, *envelope.PURPOSES.values()))
    assert sodium.KEY_BYTES == 32
