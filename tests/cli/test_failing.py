"""Exit codes, and errors of one line that say what to do next."""

import subprocess
from pathlib import Path

import pytest
from waiaas_sdk import WaiaasApiError

from tests.cli.conftest import Program, write_password
from waiaas.cli.exits import explain

NEED_A_DAEMON = [
    ("agent", "list"),
    ("agent", "create", "x"),
    ("session", "list"),
    ("policy", "list"),
    ("policy", "types"),
    ("tx", "list"),
    ("tx", "approve", "x"),
    ("audit", "list"),
    ("unlock",),
    ("stop",),
    ("status",),
]


@pytest.mark.parametrize("arguments", NEED_A_DAEMON, ids=" ".join)
def test_without_a_daemon_is_code_3(bare: Program, arguments: tuple[str, ...]) -> None:
    """A command that needs the daemon says so in one line and leaves with 3, before it asks for any password."""
    done = bare(*arguments)
    assert done.code == 3
    assert done.line.startswith("waiaas: ")
    assert "daemon" in done.line


@pytest.mark.parametrize(
    "arguments",
    [("nosuch",), ("agent", "nosuch"), ("agent", "create"), ("agent", "--nosuch"), ("start", "--timeout", "x")],
    ids=" ".join,
)
def test_wrong_usage_is_code_2(bare: Program, arguments: tuple[str, ...]) -> None:
    """A misspelt command is one line that names the help, and 2."""
    done = bare(*arguments)
    assert done.code == 2
    assert "--help" in done.line


def test_status_as_json_without_a_daemon(bare: Program) -> None:
    """``status --json`` answers also when nothing runs."""
    done = bare("status", "--json")
    assert done.code == 3
    assert done.document == {"running": False, "dataDir": str(bare.data_dir)}


def test_start_without_init(bare: Program) -> None:
    """Starting in an empty place says how to make a data directory."""
    done = bare("start")
    assert done.code == 1
    assert "waiaas init" in done.line


def test_wrong_configuration_is_named(made: Program) -> None:
    """A wrong value is one line with file, key, value and what is allowed."""
    (made.data_dir / "config.toml").write_text("[daemon]\nthreads = 1000\n")
    done = made("config", "validate")
    assert done.code == 1
    for part in ("config.toml:2", "threads", "1000", "64"):
        assert part in done.line


def test_a_payment_that_was_never_sent_is_not_in_doubt(bare: Program) -> None:
    """Without a daemon nothing can have been accepted, and no key is named to repeat it with."""
    done = bare("tx", "send", "x", "1", WAIAAS_SESSION_TOKEN="wai_sess_x")
    assert done.code == 3
    assert "idempotency" not in done.line


def test_a_fault_inside_names_its_request() -> None:
    """Where the answer is that the log knows more, the line holds the id to look for there."""
    fault = WaiaasApiError("something went wrong inside", status=500, code="INTERNAL", hint="see", request_id="r-1")
    assert explain(fault)[1].endswith("requestId r-1")


def test_stack_trace_only_with_debug(bare: Program) -> None:
    """An error has no trace unless ``--debug`` asks for it."""
    assert "Traceback" not in bare("stop").err
    assert "Traceback" in bare("--debug", "stop").err


def test_unknown_place_of_audit(bare: Program, tmp_path: Path) -> None:
    """Verifying a folder without a database says which file it looked for."""
    done = bare("audit", "verify", str(tmp_path))
    assert done.code == 1
    assert "waiaas.db" in done.line


def test_reader_that_goes_away(bare: Program) -> None:
    """Output into a pipe whose reader closed it is no error message."""
    with subprocess.Popen(
        bare.command("config", "show"), env=bare.variables(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
        process.wait(30)
    assert b"BrokenPipe" not in said
    assert b"Traceback" not in said


def test_no_terminal_and_no_password(made: Program) -> None:
    """Without a terminal the password's other sources are named, and nothing waits."""
    made.environ.pop("WAIAAS_MASTER_PASSWORD_FILE")
    done = made("start", "--detach")
    assert done.code == 1
    assert "WAIAAS_MASTER_PASSWORD_FILE" in done.line


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_password_file_that_others_can_read(made: Program, tmp_path: Path, mode: int) -> None:
    """A password file that is not private is refused, with the command that mends it."""
    path = write_password(tmp_path)
    path.chmod(mode)
    done = made("start", "--detach")
    assert done.code == 1
    assert f"chmod 600 {path}" in done.line


def test_password_file_that_is_a_link(made: Program, tmp_path: Path) -> None:
    """A symbolic link is not followed to a password."""
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "password")
    done = made("start", "--detach", WAIAAS_MASTER_PASSWORD_FILE=str(link))
    assert done.code == 1
    assert "plain file" in done.line
