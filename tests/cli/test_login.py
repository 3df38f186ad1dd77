"""``waiaas login`` and ``logout``: the password once for a session of work, and what the token is not good for."""

import json
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.conftest import PASSWORD, Done, Program, Running
from waiaas.cli import passwords
from waiaas.cli.application import run

pytestmark = pytest.mark.xdist_group("running-daemon")
Typing = Callable[..., Done]


@pytest.fixture
def nobody(running: Running) -> Iterator[Program]:
    """The command line of somebody without the password in the environment; logged out before and after."""
    environ = {name: value for name, value in running.program.environ.items() if "PASSWORD" not in name}
    program = replace(running.program, environ=environ)
    program("logout")
    yield program
    program("logout")


def token_file(program: Program) -> Path:
    return program.data_dir / "run" / "operator.token"


@pytest.fixture
def typing(nobody: Program, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typing:
    """The program in this process, at a terminal where these answers are typed."""
    for name in ("WAIAAS_MASTER_PASSWORD", "WAIAAS_MASTER_PASSWORD_FILE", "WAIAAS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(passwords, "_has_terminal", lambda: True)

    def call(*arguments: str, answers: tuple[str, ...] = ()) -> Done:
        waiting = list(answers)
        monkeypatch.setattr("getpass.getpass", lambda prompt: waiting.pop(0))
        code = run(["--data-dir", str(nobody.data_dir), *arguments])
        said = capsys.readouterr()
        assert waiting == [], "not everything that was typed was asked for"
        return Done(code, said.out, said.err)

    return call


def audited(running: Running, event: str) -> int:
    """How many rows of a kind there are."""
    return len(running.json("audit", "list", "--event", event, "--limit", "200")["items"])


def test_the_password_is_asked_once_for_a_session_of_work(typing: Typing, nobody: Program, running: Running) -> None:
    """After one login commands ask for nothing, alone or with several calls; that is two rows of the audit trail in all."""
    before = audited(running, "operator.logged_in"), audited(running, "operator.logged_out")
    assert typing("login", answers=(PASSWORD,)).code == 0
    for command in (("agent", "list"), ("tx", "list"), ("policy", "list"), ("session", "list"), ("audit", "list")):
        done = nobody(*command)
        assert done.code == 0, done.err
    assert typing("logout").out == "You are logged out.\n"
    assert nobody("agent", "list").code == 1, "without token, password and terminal nobody is let in"
    after = audited(running, "operator.logged_in"), audited(running, "operator.logged_out")
    assert after == (before[0] + 1, before[1] + 1)


def test_commands_with_the_password_leave_no_row_of_a_login(running: Running) -> None:
    """Also without ``waiaas login`` the trail tells of what was done, not of every command's way in."""
    newest = running.json("audit", "list", "--limit", "1")["items"][0]["id"]
    for command in (("agent", "list"), ("tx", "list"), ("policy", "list"), ("agent", "show", "bot")):
        assert running(*command).code == 0
    assert running.json("audit", "list", "--limit", "1")["items"][0]["id"] == newest


def test_the_token_is_private_and_never_shown(typing: Typing, nobody: Program) -> None:
    """It lies in a file of mode 0600, and no output holds it, of login, status, config or doctor."""
    said = [typing("login", "--json", answers=(PASSWORD,))]
    assert set(json.loads(said[0].out)) == {"loggedIn", "expiresAt"}
    assert stat.S_IMODE(token_file(nobody).stat().st_mode) == 0o600
    token = json.loads(token_file(nobody).read_text())["token"]
    said += [
        nobody("status", "--details", "--json"),
        nobody("config", "show", "--json"),
        nobody("doctor"),
        nobody("--debug", "tx", "show", "x"),
    ]
    assert all(token not in one.out + one.err for one in said)
    assert [one for one in said[1:3] if one.code] == []


def test_the_password_comes_before_the_choice_of_what_goes_on(typing: Typing, nobody: Program) -> None:
    """Who is logged in is asked for it first too, and nobody takes the second question for the first."""
    assert typing("login", answers=(PASSWORD,)).code == 0
    done = nobody("kill-switch", "recover")
    assert (done.code != 0, done.out) == (True, ""), "what is held was shown before anybody was asked"
    assert "password" in done.err


@pytest.mark.parametrize("how", ["readable", "link", "folder"])
def test_a_token_that_is_not_this_users_alone_is_refused(
    typing: Typing, nobody: Program, tmp_path: Path, how: str
) -> None:
    """A file that others can read, a link and what is no file are not used, and the error says how to go on."""
    typing("login", answers=(PASSWORD,))
    path, elsewhere = token_file(nobody), tmp_path / "elsewhere"
    if how == "readable":
        path.chmod(0o644)
    else:
        path.rename(elsewhere)
        path.mkdir() if how == "folder" else path.symlink_to(elsewhere)
    done = nobody("agent", "list")
    assert (done.code, "log in again" in done.line) == (1, True), done.err
    path.rmdir() if how == "folder" else path.unlink()


def test_loosening_still_takes_the_password(typing: Typing, nobody: Program) -> None:
    """Who is logged in may read and tighten; what loosens asks for the password, and again after a typo."""
    typing("login", answers=(PASSWORD,))
    create = ("policy", "create", "SPENDING_LIMIT", "--agent", "bot", "--json", "--rules", '{"instant_max": "1"}')
    assert nobody(*create).code == 1, "nobody is there to be asked"
    made = typing(*create, answers=("not the password", PASSWORD))
    assert made.code == 0, made.err
    policy = json.loads(made.out)["id"]
    assert typing("policy", "delete", policy, answers=(PASSWORD,)).code == 0


def test_a_dead_token_is_forgotten_and_the_password_asked_for(
    typing: Typing, nobody: Program, running: Running
) -> None:
    """A token that the daemon takes no more is taken away, and the command goes on with the password."""
    typing("login", answers=(PASSWORD,))
    left = json.loads(token_file(nobody).read_text())
    token_file(nobody).write_text(json.dumps({**left, "token": left["token"][:-1] + "_"}))
    assert typing("agent", "list", answers=(PASSWORD,)).code == 0
    assert not token_file(nobody).exists()
    token_file(nobody).touch(0o600)
    token_file(nobody).write_text(json.dumps({**left, "expiresAt": 1}))
    assert nobody("agent", "list").code == 1
    assert not token_file(nobody).exists()


def test_a_wrong_password_is_asked_for_again_three_times(typing: Typing) -> None:
    """A typo costs nothing; after the third the command ends as it always did."""
    assert typing("agent", "list", answers=("a typo of mine", PASSWORD)).code == 0
    done = typing("agent", "list", answers=("a typo of mine",) * 3)
    assert done.code == 4
    assert done.err.count("That is not the master password") == 2


def test_passwords_that_differ_are_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """At ``waiaas init`` two different answers and an empty one are each asked for again."""
    answers = [PASSWORD, PASSWORD + "x", "", PASSWORD, PASSWORD]
    for name in list(os.environ):
        if name.startswith("WAIAAS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("WAIAAS_KEYSTORE_ARGON2_MEMORY", "32768")
    monkeypatch.setattr(passwords, "_has_terminal", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda prompt: answers.pop(0))
    assert run(["--data-dir", str(tmp_path / "data"), "init"]) == 0
    assert answers == []
    assert capsys.readouterr().err.count("Once more") == 2


def test_what_a_daemon_before_left_is_taken_away_at_its_start(made: Program) -> None:
    """Tokens live in the daemon's memory, so a start finds none that is good."""
    token_file(made).parent.mkdir(exist_ok=True)
    token_file(made).touch(0o600)
    assert made("start", "--detach").code == 0
    assert not token_file(made).exists()


def test_a_logout_without_a_daemon_takes_the_file_away(made: Program) -> None:
    """Nobody has to start a daemon to leave nothing behind."""
    token_file(made).parent.mkdir(exist_ok=True)
    token_file(made).touch(0o600)
    token_file(made).write_text(json.dumps({"token": "wai_op_x", "expiresAt": 2**40}))
    assert made("logout").out == "You are logged out.\n"
    assert not token_file(made).exists()
    assert made("logout").out == "Nobody was logged in.\n"


def test_no_backup_holds_the_token(typing: Typing, running: Running, tmp_path: Path) -> None:
    """What is restored begins with nobody logged in."""
    typing("login", answers=(PASSWORD,))
    backup = running.json("backup", "create")["path"]
    elsewhere = replace(running.program, data_dir=tmp_path / "restored")
    assert elsewhere("backup", "restore", backup).code == 0
    assert (elsewhere.data_dir / "keystore" / "master.json").exists()
    assert not token_file(elsewhere).exists()
