"""``waiaas init``."""

import json
import os
import pty
import stat
import subprocess
from pathlib import Path

from tests.cli.conftest import PASSWORD, Program


def test_everything_it_makes_is_private(made: Program) -> None:
    """Folders have mode 0700 and files 0600, and what the contract names is there."""
    for path in [made.data_dir, *made.data_dir.rglob("*")]:
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path
    for name in ("config.toml", "plugins.lock", "keystore/master.json", "logs", "data", "run", "backups"):
        assert (made.data_dir / name).exists()


def test_password_is_stored_nowhere(made: Program) -> None:
    """No file of the new data directory holds the password."""
    for path in made.data_dir.rglob("*"):
        assert path.is_dir() or PASSWORD.encode() not in path.read_bytes()


def test_second_time_is_refused(made: Program) -> None:
    """Initialising again changes nothing."""
    before = (made.data_dir / "keystore" / "master.json").read_bytes()
    done = made("init")
    assert done.code == 1
    assert "initialised already" in done.line
    assert (made.data_dir / "keystore" / "master.json").read_bytes() == before


def test_weak_password_makes_nothing(bare: Program) -> None:
    """A common password is refused before anything is written."""
    done = bare("init", WAIAAS_MASTER_PASSWORD="password1234")
    assert done.code == 1
    assert "password" in done.line
    assert not bare.data_dir.exists()


def test_trusted_plugins_are_named(bare: Program) -> None:
    """The answer names what was pinned, and plugins.lock holds it."""
    made = bare.json("init", WAIAAS_MASTER_PASSWORD=PASSWORD)
    assert "waiaas-builtin" in made["plugins"]
    pinned = json.loads((bare.data_dir / "plugins.lock").read_text())["plugins"]
    assert [pin["name"] for pin in pinned] == made["plugins"]


def _type_in(program: Program, *answers: str) -> tuple[int, str]:
    """Run ``init`` on a terminal of its own and type."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(program.command()[0], program.command("init"), program.variables())
    said = b""
    for number, answer in enumerate(answers, 1):
        while said.count(b": ") < number:
            said += os.read(terminal, 1024)
        os.write(terminal, answer.encode() + b"\n")
    try:
        while chunk := os.read(terminal, 1024):
            said += chunk
    except OSError:  # Linux: the other end of the terminal is closed
        pass
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), said.decode()


def test_password_is_asked_twice_and_not_shown(bare: Program) -> None:
    """At a terminal the password is typed twice, unseen."""
    code, said = _type_in(bare, PASSWORD, PASSWORD)
    assert code == 0, said
    assert PASSWORD not in said
    assert (bare.data_dir / "keystore" / "master.json").exists()


def test_two_different_passwords_make_nothing(bare: Program) -> None:
    """A slip of the finger is noticed, and both are asked for again; after the third the command ends."""
    code, said = _type_in(bare, *[PASSWORD, PASSWORD + "x"] * 3)
    assert code == 1
    assert said.count("differ") == 3
    assert not bare.data_dir.exists()
    code, said = _type_in(bare, PASSWORD, PASSWORD + "x", PASSWORD, PASSWORD)
    assert (code, PASSWORD in said) == (0, False), said


def test_what_a_password_needs_is_said_before_it_is_typed_twice(bare: Program) -> None:
    """The prompt names the least length, and a weak password is refused without being asked for again."""
    for weak in ("short", "passwordpassword"):
        code, said = _type_in(bare, weak)
        assert (code, "12 characters at least" in said, "again" in said) == (1, True, False), said
    assert not bare.data_dir.exists()


def test_killed_half_way_can_be_repeated(made: Program, tmp_path: Path) -> None:
    """A directory without its keystore is finished by another init, and keeps its configuration."""
    (made.data_dir / "keystore" / "master.json").unlink()
    config = made.data_dir / "config.toml"
    config.write_text(config.read_text() + "# mine\n")
    done = made("init")
    assert done.code == 0, done.err
    assert config.read_text().endswith("# mine\n")


def test_default_place_is_the_environments(bare: Program, tmp_path: Path) -> None:
    """Without ``--data-dir`` WAIAAS_DATA_DIR says where."""
    command = [
        argument
        for argument in bare.command("config", "show", "--json")
        if argument not in ("--data-dir", str(bare.data_dir))
    ]
    environ = bare.variables(WAIAAS_DATA_DIR=str(tmp_path / "elsewhere"))
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["dataDir"] == str(tmp_path / "elsewhere")
