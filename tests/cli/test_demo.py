"""``waiaas demo``, told for real."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Program
from tests.harness.evm_chain import EvmCase
from tests.harness.fixtures import runnable

TOLD = ["INSTANT", "NOTIFY", "DELAY", "APPROVAL", "POLICY_DENIED", "KILL_SWITCH", "BUDGET", "SIGKILL", "audit"]


@pytest.fixture(params=["solana", "evm"])
def chain(request: pytest.FixtureRequest) -> str:
    """Each chain that the demo can play on."""
    if request.param == "evm":
        runnable(EvmCase())
    return str(request.param)


def _left_behind(folder: Path) -> list[str]:
    """Processes whose command line names the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes().decode(errors="replace") if entry.name.isdigit() else ""
        except OSError:
            continue
        if str(folder) in line:
            found.append(line)
    return found


def test_every_claim_of_the_demo_holds(bare: Program, tmp_path: Path, chain: str) -> None:
    """The whole story holds, in under a minute of a machine that does nothing else, and leaves nothing behind."""
    done = bare.within(170, "demo", "--chain", chain, "--json", TMPDIR=str(tmp_path))
    assert done.code == 0, done.out + done.err
    document = done.document
    assert document["ok"] is True
    assert document["held"] == document["claims"] > 30
    crowd = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert document["seconds"] < 60 * crowd
    text = done.out
    assert all(word in text for word in TOLD)
    assert not any(tmp_path.glob("waiaas-demo-*"))
    assert not _left_behind(tmp_path)


def test_kept_demo_can_be_gone_on_with_and_ended(bare: Program, tmp_path: Path, chain: str) -> None:
    """``--keep`` leaves a daemon that its own directions reach and end."""
    done = bare.within(170, "demo", "--chain", chain, "--json", "--keep", TMPDIR=str(tmp_path))
    assert done.code == 0, done.out + done.err
    kept = done.document["kept"]
    path = f"{Path(bare.command()[0]).parent}:{os.environ['PATH']}"
    environ = {name: value for name, value in bare.variables(PATH=path).items() if not name.startswith("WAIAAS_")}
    script = "\n".join(["set -e", *kept["prepare"], *kept["try"], *kept["stop"]])
    ran = subprocess.run(["sh", "-c", script], env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert not Path(kept["folder"]).exists()


def test_interrupted_demo_clears_up(bare: Program, tmp_path: Path) -> None:
    """Ctrl-C in the middle ends daemon and chain and removes the folder."""
    options = bare.command("demo")
    with subprocess.Popen(
        options, env=bare.variables(TMPDIR=str(tmp_path), PYTHONUNBUFFERED="1"), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        while "rules" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.wait(60) != 0
    end = time.monotonic() + 30
    while _left_behind(tmp_path) or any(tmp_path.glob("waiaas-demo-*")):
        assert time.monotonic() < end, _left_behind(tmp_path)
        time.sleep(0.1)
