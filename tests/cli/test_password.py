"""``waiaas password change``: another password, another data key."""

import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Program
from waiaas.cli.passwords import FILE_VARIABLE

OTHER = "quixotic-Marmalade 44 sextant"


@pytest.fixture
def other(tmp_path: Path) -> str:
    """A private file with another password."""
    path = tmp_path / "other"
    path.write_text(OTHER + "\n")
    path.chmod(0o600)
    return str(path)


def test_while_a_daemon_runs(made: Program, other: str) -> None:
    """The daemon goes on and takes the new password at once; a new data key has to wait until it is stopped."""
    assert made("start", "--detach").code == 0
    made.json("agent", "create", "bot")
    refused = made("password", "change", "--rekey", "--new-password-file", other)
    assert refused.code == 1
    assert "running" in refused.line
    done = made("password", "change", "--new-password-file", other)
    assert done.code == 0, done.err
    assert FILE_VARIABLE in done.out
    assert made("agent", "list").code == 4
    rows = made.json("audit", "list", **{FILE_VARIABLE: other})["items"]
    assert "password.changed" in [row["eventType"] for row in rows]
    assert made("stop").code == 0
    assert made("start", "--detach").code == 4
    assert made("start", "--detach", **{FILE_VARIABLE: other}).code == 0


def test_a_new_data_key(made: Program, other: str) -> None:
    """With --rekey every file is sealed anew, the old password opens nothing, and the agents are there."""
    assert made("start", "--detach").code == 0
    agent = made.json("agent", "create", "bot")
    assert made("stop").code == 0
    files = sorted((made.data_dir / "keystore").iterdir())
    before = [path.read_bytes() for path in files]
    assert made.json("password", "change", "--rekey", "--new-password-file", other)["files"] == 1
    assert sorted((made.data_dir / "keystore").iterdir()) == files
    assert all(path.read_bytes() != text for path, text in zip(files, before, strict=True))
    assert made("start", "--detach").code == 4
    assert made("start", "--detach", **{FILE_VARIABLE: other}).code == 0
    assert made.json("agent", "show", "bot", **{FILE_VARIABLE: other})["status"] == "ACTIVE"
    assert made.json("agent", "show", "bot", **{FILE_VARIABLE: other})["id"] == agent["id"]


@pytest.mark.parametrize("options", [(), ("--rekey",)], ids=["password", "data key"])
def test_what_is_refused_changes_nothing(made: Program, tmp_path: Path, other: str, options: tuple[str, ...]) -> None:
    """A wrong old password, a weak, empty or public new one, and no terminal to ask: one line, and files as they were."""
    files = {path: path.read_bytes() for path in (made.data_dir / "keystore").iterdir()}
    weak, empty, public = tmp_path / "weak", tmp_path / "empty", tmp_path / "public"
    for path, text in ((weak, "password1234"), (empty, "\n"), (public, OTHER)):
        path.write_text(text)
        path.chmod(0o600)
    public.chmod(0o644)
    for path, code in ((weak, 1), (empty, 1), (public, 1)):
        done = made("password", "change", *options, "--new-password-file", str(path))
        assert (done.code, len(done.err.splitlines())) == (code, 1), done.err
    wrong = made("password", "change", *options, "--new-password-file", other, WAIAAS_MASTER_PASSWORD="a wrong guess")
    assert wrong.code == 4
    unasked = made("password", "change", *options)
    assert (unasked.code, "--new-password-file" in unasked.line) == (1, True), unasked.err
    assert {path: path.read_bytes() for path in (made.data_dir / "keystore").iterdir()} == files


def test_no_password_is_an_argument(made: Program, other: str) -> None:
    """Passwords come from files and terminals: none is ever seen in the list of processes."""
    helps = [made("password", "change", "--help"), made("agent", "import", "--help"), made("agent", "export", "--help")]
    for done in helps:
        words = [word for word in done.out.split() if word.startswith(("--pass", "--new-pass"))]
        assert words
        assert all(word.rstrip(",").endswith("-file") for word in words)
    assert subprocess.run(made.command("password", "change", OTHER), capture_output=True, check=False).returncode == 2
