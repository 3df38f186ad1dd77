"""The fork server shows what new processes would, and leaves none behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness import forks
from tests.harness.deadline import until

_FACTS = "tests.harness.process_facts"
_ENVIRON = {"PATH": os.environ["PATH"], "LEAVE_WITH": "7"}
_SLEEPER = "from tests.harness.test_forks import sleeping; import os; os.write(1, b'%d\\n' % sleeping().pid); input()"


def sleeping() -> forks.Forked:
    """A process that runs until its standard input ends, which it does not."""
    reading, _ = os.pipe()
    return forks.Forked("tests.harness.process_facts", env=_ENVIRON, stdin=reading, stdout=1, stderr=2)


@pytest.mark.parametrize("more", [{}, {"PYTHONPATH": "/nowhere:/work"}, {"WAIAAS_DATA_DIR": "/x"}], ids=str)
def test_a_fork_finds_what_a_new_process_finds(more: dict[str, str], tmp_path: Path) -> None:
    """Arguments, environment, folder, descriptors, signals, streams and path are those that an exec would give."""
    options = {"env": {**_ENVIRON, **more}, "cwd": tmp_path, "new_session": True, "stdin": "words"}
    forked, executed = (run(_FACTS, ["one", "--two"], **options) for run in (forks.run, forks.execute))  # type: ignore[arg-type]
    assert forked.stdout == executed.stdout
    assert (forked.returncode, forked.stderr) == (executed.returncode, executed.stderr) == (7, "said\n")


def test_an_end_by_a_signal_is_told() -> None:
    """As with a process of one's own the code is the signal's, negative."""
    child = sleeping()
    assert child.poll() is None
    child.kill()
    assert child.wait(10) == -signal.SIGKILL
    assert child.poll() == -signal.SIGKILL


def test_what_takes_too_long_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deadline that passes ends the process and is told."""
    made: list[forks.Forked] = []
    before = forks.Forked.wait

    def wait(self: forks.Forked, timeout: float) -> int:
        made.append(self)
        return before(self, timeout)

    monkeypatch.setattr(forks.Forked, "wait", wait)
    arguments = ["--data-dir", "/nowhere", "localnet", "solana", "--port", "0"]
    with pytest.raises(subprocess.TimeoutExpired):
        forks.run("waiaas.cli", arguments, env=_ENVIRON, timeout=0.5)
    assert before(made[0], 10) == -signal.SIGKILL


def test_no_two_forks_draw_the_same_random_numbers() -> None:
    """Each draws its own, not what the server would have drawn next."""
    drawn = [forks.run(_FACTS, ["draw"], env={"PATH": os.environ["PATH"]}).stdout for _ in range(3)]
    assert len(set(drawn)) == 3, drawn


@pytest.mark.parametrize(
    ("name", "value"),
    [("LANG", "de_DE"), ("LC_ALL", "C"), ("PYTHONUTF8", "0"), ("TZ", "Asia/Tokyo"), ("LD_PRELOAD", "x")],
)
def test_an_interpreter_that_would_be_another_one_is_executed(name: str, value: str) -> None:
    """What an interpreter reads when it starts cannot be given to a fork."""
    assert forks.can_fork(_ENVIRON)
    assert not forks.can_fork({**_ENVIRON, name: value})


@pytest.mark.parametrize("file", ["sitecustomize.py", "waiaas.py", "click"])
def test_a_path_that_hides_or_hooks_is_executed(file: str, tmp_path: Path) -> None:
    """A folder of PYTHONPATH that would put itself before what is imported already, or run at the start, means an exec."""
    assert forks.can_fork({**_ENVIRON, "PYTHONPATH": str(tmp_path)})
    (tmp_path / file).touch()
    assert not forks.can_fork({**_ENVIRON, "PYTHONPATH": str(tmp_path)})


def test_nothing_outlives_who_started_it() -> None:
    """After a SIGKILL of the process that asked, its forks are ended by the server, and the server ends."""
    with subprocess.Popen([sys.executable, "-c", _SLEEPER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as asking:
        assert asking.stdout is not None
        pid = int(asking.stdout.readline())
        server = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        asking.kill()
    until(lambda: not Path(f"/proc/{pid}").exists(), "the fork to end")
    until(lambda: not Path(f"/proc/{server}").exists(), "the server to end")
