"""How the program is started does not matter: closed descriptors, a terminal that hangs up, a locale of old, marks in files.

Commands are new images here: what a fork has of its parent is what these tests are about.
"""

import dataclasses
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import PASSWORD, Program, Running
from tests.harness.small_disk import mount
from waiaas.cli.processes import DaemonProcess, find_daemon
from waiaas.config import load
from waiaas.keystore.key_files import KeyFormat, recognise
from waiaas.registry import parse
from waiaas.store.file_reading import is_damage, open_to_read, way_out

_BOM = "\ufeff"
_CLOSED = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"]
_OLD = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}


def _closed(program: Program, *arguments: str) -> int:
    """A command with descriptors 0, 1 and 2 closed; how it ended."""
    command = [*_CLOSED, *program.command(*arguments)]
    return subprocess.run(command, env=program.variables(), timeout=60, check=False).returncode


def _standard(pid: int) -> set[str]:
    return {os.readlink(f"/proc/{pid}/fd/{number}") for number in range(3)}


def _found(program: Program, child: "subprocess.Popen[bytes]") -> DaemonProcess:
    end = time.monotonic() + 60
    while (found := find_daemon(program.data_dir)) is None or not _is_ready(program):
        assert child.poll() is None, "the daemon ended"
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def _is_ready(program: Program) -> bool:
    done = program("status", "--json")
    return done.code == 0 and bool(done.document["ready"])


def test_a_daemon_without_descriptors_runs_and_ends_when_its_terminal_hangs_up(made: Program) -> None:
    """With 0, 1 and 2 closed the daemon starts, each on the null device; SIGHUP then ends it in order, and its log says so."""
    made.environ.pop("WAIAAS_MASTER_PASSWORD_FILE")
    made.environ["WAIAAS_MASTER_PASSWORD"] = PASSWORD
    with subprocess.Popen([*_CLOSED, *made.command("start")], env=made.variables()) as child:
        with _found(made, child) as daemon:
            assert _standard(daemon.pid) == {os.devnull}
            daemon.signal(signal.SIGHUP)
        assert child.wait(30) == 0
    said = [json.loads(line)["message"] for line in (made.data_dir / "logs/daemon.log").read_text("utf-8").splitlines()]
    assert any("told to stop by SIGHUP" in line for line in said), said
    assert not (made.data_dir / "daemon.json").exists()


def test_commands_without_descriptors_work(made: Program) -> None:
    """Detached start, a look, a stop of everything and the end of the daemon, each with 0, 1 and 2 closed."""
    assert _closed(made, "start", "--detach") == 0
    found = find_daemon(made.data_dir)
    assert found is not None
    with found:
        for command in (["status"], ["agent", "list", "--json"], ["doctor"], ["kill-switch", "activate"], ["stop"]):
            assert _closed(made, *command) in ((0, 1) if command == ["doctor"] else (0,)), command
        assert found.wait(20)


@pytest.mark.parametrize("old", _OLD.values(), ids=list(_OLD))
def test_what_an_encoding_lacks_is_written_otherwise(running: Running, old: dict[str, str]) -> None:
    """Names and signs beyond the encoding never end in a traceback, and JSON stays JSON."""
    if not any(one["name"] == "Zoë李" for one in running.json("agent", "list", "--json")["items"]):
        running.json("agent", "create", "Zoë李", "--chain", "solana", "--network", "localnet")
    listed = _old(running, old, "agent", "list", "--json")
    assert "Zoë李" in [one["name"] for one in json.loads(listed.stdout)["items"]]
    for command in (["agent", "list"], ["status"]):
        done = _old(running, old, *command)
        assert (done.returncode, done.stdout.isspace()) == (0, False), done.stderr
    unknown = _old(running, old, "agent", "show", "Zoë–nobody")
    assert (unknown.returncode, b"Traceback" in unknown.stderr) == (1, False), unknown.stderr


def _old(running: Running, old: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    environ = running.program.variables(**old)
    return subprocess.run(
        running.program.command(*arguments), env=environ, capture_output=True, timeout=60, check=False
    )


_STORY = r"""
from waiaas.cli.streams import settle
settle()
from waiaas.cli.demo.narrator import Narrator
narrator = Narrator(quiet=False)
with narrator.step("A payment \u2192 \u2026") as step:
    step.tell("agent", "Zo\u00eb")
    step.expect("it is paid \u2713", True)
    step.expect("it is refused", False, "\u2717")
narrator.conclude(narrator.document(1.0, None))
"""


@pytest.mark.parametrize("old", _OLD.values(), ids=list(_OLD))
def test_the_demo_is_told_in_any_encoding(made: Program, old: dict[str, str]) -> None:
    """Its ticks, crosses and rules become signs that the encoding has."""
    done = subprocess.run([sys.executable, "-c", _STORY], env=made.variables(**old), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"it is paid" in done.stdout


def test_a_mark_at_the_beginning_of_a_file_is_read_as_if_absent(made: Program) -> None:
    """config.toml, plugins.lock and a key file with a byte order mark say what they say without one."""
    paths = load(made.data_dir, {}).paths
    for path in (paths.config, paths.plugins_lock):
        path.write_text(_BOM + path.read_text("utf-8"), "utf-8")
    assert made("config", "show").code == 0
    assert made("config", "set", "daemon.log_level", "debug").code == 0
    assert load(made.data_dir, {}).daemon.log_level == "debug"
    listed = made.json("plugins", "list")["plugins"]
    assert {one["status"] for one in listed} == {"loaded"}
    assert made.json("start", "--detach")["pid"]
    assert parse(paths.plugins_lock.read_text("utf-8-sig"))
    assert recognise(_BOM.encode() + b"[1, 2]") is KeyFormat.SOLANA
    assert recognise(_BOM.encode() + b'{"crypto": {}}') is KeyFormat.ETHEREUM


def test_rules_of_a_file_with_a_mark_are_read(running: Running, tmp_path: Path) -> None:
    """What Windows' editors save is a document too."""
    rules = tmp_path / "rules.json"
    rules.write_text(_BOM + json.dumps({"max_transactions": 1000, "window_seconds": 60}), "utf-8")
    made = running.json("policy", "create", "RATE_LIMIT", "--agent", "bot", "--rules", f"@{rules}")
    assert made["type"] == "RATE_LIMIT"


@pytest.fixture
def lying_still(made: Program, tmp_path: Path) -> Iterator[Program]:
    """A directory that had a daemon, on a file system that is read-only."""
    made.json("start", "--detach")
    assert made("stop").code == 0
    root = tmp_path / "still"
    root.mkdir(mode=0o700)
    mount(root, "size=32m")
    shutil.copytree(made.data_dir, root, dirs_exist_ok=True, copy_function=shutil.copy2)
    subprocess.run(["mount", "-o", "remount,ro", str(root)], check=True)
    yield dataclasses.replace(made, data_dir=root)
    subprocess.run(["umount", str(root)], check=True)


def test_a_sound_database_that_cannot_be_written_is_not_to_be_restored(lying_still: Program) -> None:
    """`doctor` says that it cannot be written, and nothing of backups; `db check` and `audit verify` read it."""
    done = lying_still("doctor", "--json")
    told = [one["text"] for one in done.document["findings"] if one["check"] in ("database", "audit")]
    assert not any("restore" in text for text in told), told
    assert any("cannot be written by this user" in text for text in told), told
    assert lying_still("db", "check").code == 0
    assert lying_still("db", "status").code == 0
    assert any(one["check"] == "audit" and one["grade"] == "ok" for one in done.document["findings"])


def test_a_database_that_somebody_holds_is_not_called_damaged(tmp_path: Path) -> None:
    """Locked, it is to be waited for; garbage is damage, and a backup the way out."""
    held, garbage = tmp_path / "held.db", tmp_path / "garbage.db"
    writer = sqlite3.connect(held, isolation_level=None)
    writer.executescript("CREATE TABLE one (id); BEGIN EXCLUSIVE;")
    garbage.write_bytes(b"no database at all " * 100)
    with pytest.raises(sqlite3.DatabaseError) as busy:
        open_to_read(held, seconds=0.1)
    with pytest.raises(sqlite3.DatabaseError) as broken:
        open_to_read(garbage)
    writer.close()
    assert (is_damage(busy.value), is_damage(broken.value)) == (False, True)
    assert "another program holds it" in way_out(busy.value, held)
    assert "backup" in way_out(broken.value, garbage)
