"""The node's process and its faucet."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from waiaas_evm.localnet import VARIABLE, Anvil, LocalAnvil, find_anvil

from waiaas.errors import Refused, StartRefused, Unavailable

SOMEBODY = "0x00000000000000000000000000000000000A11cE"
_SECONDS = 10


def _until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_it_serves_chain_31337_on_a_free_port_of_loopback(anvil: Anvil) -> None:
    """Port 0 picks one, and the chain id is that of the network ``local``."""
    assert anvil.port > 1023
    assert int(anvil.call("eth_chainId"), 16) == 31337


def test_blocks_come_when_told(anvil: Anvil) -> None:
    """Without a pace no block is made until ``advance``, which makes so many."""
    before = anvil.advance(0)
    assert anvil.advance(7) == before + 7
    assert anvil.advance(0) == before + 7


def test_it_writes_nothing_to_the_home_folder(
    needs_anvil: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hundreds of blocks leave no file behind, and balances of a while ago can still be asked for."""
    monkeypatch.setenv("HOME", str(tmp_path))
    with Anvil() as anvil:
        anvil.fund(SOMEBODY, 5)
        before = anvil.advance(0)
        for _ in range(3):
            anvil.advance(200)
        assert int(anvil.call("eth_getBalance", SOMEBODY, hex(before)), 16) == 5
    assert list(tmp_path.iterdir()) == []


def test_blocks_come_by_themselves(needs_anvil: None) -> None:
    """With a pace the chain grows."""
    with Anvil(block_seconds=0.05) as anvil:
        before = anvil.advance(0)
        _until(lambda: anvil.advance(0) > before + 2, "blocks come")


@pytest.mark.parametrize("block_seconds", [None, 0.05])
def test_the_faucet_pays_what_was_asked(needs_anvil: None, block_seconds: float | None) -> None:
    """Funds have landed when ``fund`` returns, more than the faucet holds included; twice pays twice."""
    with Anvil(block_seconds=block_seconds) as anvil:
        first = anvil.fund(SOMEBODY, 10**18)
        second = anvil.fund(SOMEBODY, 10**26)
        assert first != second
        assert anvil.balance(SOMEBODY) == 10**18 + 10**26
        assert anvil.call("eth_getTransactionReceipt", second)["status"] == "0x1"


def test_a_recipient_that_takes_nothing_is_an_error(anvil: Anvil) -> None:
    """Code that reverts on what it receives makes funding fail aloud."""
    anvil.call("anvil_setCode", SOMEBODY, "0x60006000fd")
    with pytest.raises(Refused) as refused:
        anvil.fund(SOMEBODY, 1)
    assert refused.value.code == "FUNDING_FAILED" or refused.value.code == "NODE_REFUSED"


def test_a_taken_port_is_an_error_that_says_so(anvil: Anvil) -> None:
    """A second node on the port is refused with the reason, and leaves no process."""
    with pytest.raises(StartRefused, match=r"in use") as refused:
        Anvil(anvil.port)
    assert str(anvil.port) in refused.value.message
    assert anvil.advance(1)


def test_a_closed_node_is_gone(needs_anvil: None) -> None:
    """``close`` ends the process and may be called twice; whoever asks then is told that it is away."""
    anvil = Anvil()
    anvil.close()
    anvil.close()
    assert not _runs(anvil.pid)
    with pytest.raises(Unavailable):
        anvil.advance(0)


def test_a_node_does_not_outlive_who_started_it(needs_anvil: None) -> None:
    """SIGKILL to the starter ends the node too."""
    code = "from waiaas_evm.localnet import Anvil; a = Anvil(); print(a.pid, flush=True); import time; time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        assert _runs(pid)
        starter.send_signal(signal.SIGKILL)
    _until(lambda: not _runs(pid), "the node ends")


def test_it_outlives_the_thread_that_started_it(needs_anvil: None) -> None:
    """A node started on a thread that has ended goes on."""
    import threading

    started: list[Anvil] = []
    thread = threading.Thread(target=lambda: started.append(Anvil()))
    thread.start()
    thread.join()
    with started[0] as anvil:
        assert anvil.advance(1) == 1


def test_the_variable_goes_before_path_and_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, needs_anvil: None
) -> None:
    """ANVIL names the program; else it is looked for on PATH, then in the checkout."""
    monkeypatch.delenv(VARIABLE, raising=False)
    fetched = find_anvil()
    program = tmp_path / "anvil"
    shutil.copy("/bin/true", program)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert find_anvil() == program
    monkeypatch.setenv(VARIABLE, str(fetched))
    assert find_anvil() == fetched


def test_a_missing_program_is_an_error_that_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nowhere, or named and not there: the hint names a way to install it."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nothing"))
    with pytest.raises(StartRefused, match="nothing") as named:
        LocalAnvil.localnet(0, None)
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("waiaas_evm.localnet.binary._CHECKOUT", tmp_path)
    with pytest.raises(StartRefused, match="not installed") as missing:
        LocalAnvil.localnet(0, None)
    assert "npm install" in named.value.hint
    assert "npm install" in missing.value.hint


def test_a_program_that_only_hangs_or_ends_is_no_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that ends without serving is an error, not a wait."""
    program = tmp_path / "anvil"
    shutil.copy("/bin/true", program)
    monkeypatch.setenv(VARIABLE, str(program))
    with pytest.raises(StartRefused, match="cannot serve"):
        Anvil()
