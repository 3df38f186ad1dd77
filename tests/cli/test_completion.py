"""What shells complete: commands, options, and what the daemon knows, without a question and without an error."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.conftest import PASSWORD, Program, Running
from waiaas.cli.completion import _KINDS
from waiaas.cli.operator_token import forget_token

pytestmark = pytest.mark.xdist_group("running-daemon")


def completed(program: Program, *words: str) -> list[str]:
    """What a bash would be offered for the last of the words."""
    asked = {
        "_WAIAAS_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(["waiaas", *words]),
        "COMP_CWORD": str(len(words)),
    }
    kept = {name: value for name, value in program.variables(**asked).items() if "PASSWORD" not in name}
    done = subprocess.run(
        program.command()[:-2],  # without --data-dir: a shell hands over the line that is typed, and nothing else
        env={**kept, "WAIAAS_DATA_DIR": str(program.data_dir)},
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


@pytest.fixture
def logged_in(running: Running) -> Iterator[Program]:
    """Somebody who has logged in."""
    assert running("login", WAIAAS_MASTER_PASSWORD=PASSWORD).code == 0
    yield running.program
    forget_token(running.program.data_dir)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_told_how(bare: Program, shell: str) -> None:
    """The script calls the program back; the shell itself takes it where it is installed."""
    script = bare("completion", shell).out
    assert f"_WAIAAS_COMPLETE={shell}_complete" in script
    if found := shutil.which(shell):
        checked = subprocess.run([found, "-n"], input=script, text=True, capture_output=True, timeout=30, check=False)
        assert checked.returncode == 0, checked.stderr


def test_commands_and_options_complete_without_a_daemon(bare: Program) -> None:
    """From the program alone."""
    assert completed(bare, "kill") == ["kill-switch"]
    assert set(completed(bare, "agent", "re")) == {"rename", "resume"}
    assert "--status" in completed(bare, "tx", "list", "--s")


def test_names_and_ids_complete_for_who_is_logged_in(running: Running, logged_in: Program) -> None:
    """Agents by name and by id, policies, sessions, payments."""
    assert completed(logged_in, "agent", "show", "bo") == ["bot"]
    assert running.agent["id"] in completed(logged_in, "agent", "show", running.agent["id"][:9])
    assert completed(logged_in, "tx", "list", "--agent", "bo") == ["bot"]
    policy = running.json("policy", "list")["items"][0]["id"]
    assert policy in completed(logged_in, "policy", "show", policy[:4])
    session = running.json("session", "list")["items"][0]["id"]
    assert session in completed(logged_in, "session", "revoke", session[:4])


def test_nobody_is_asked_and_nothing_is_said(running: Running, made: Program, tmp_path: Path) -> None:
    """Without a login, without a daemon, with a token that is dead or not private: no names, no error, no wait."""
    forget_token(running.program.data_dir)
    assert completed(running.program, "agent", "show", "b") == []
    assert completed(made, "agent", "show", "b") == []
    token = made.data_dir / "run" / "operator.token"
    token.parent.mkdir(exist_ok=True)
    token.write_text('{"token": "wai_op_x", "expiresAt": 99999999999}')
    token.chmod(0o644)
    assert completed(made, "agent", "show", "b") == []
    token.chmod(0o600)
    assert completed(made, "agent", "show", "b") == []
    assert completed(replace(made, data_dir=tmp_path / "none"), "tx", "show", "0") == []


def test_every_parameter_that_names_a_row_completes() -> None:
    """Commands name such parameters as the table has them, so that a new command completes by itself."""
    from tests.cli.test_json import EVERY

    metavars = {"AGENT", "TX", "POLICY", "SESSION", "CHANNEL", "TX|all|none"}
    missing = [
        (" ".join(path), one.name)
        for path, command in EVERY
        for one in command.params
        if one.metavar in metavars and one.name not in _KINDS
    ]
    assert missing == []
    assert os.environ.get("_WAIAAS_COMPLETE") is None
