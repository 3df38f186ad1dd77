"""The pure parts of the command line."""

import json
import os
import unicodedata
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from waiaas_sdk import Denied, RateLimited, Unauthenticated, Unreachable

from waiaas.cli.amounts import Unit
from waiaas.cli.audit_files import as_lines
from waiaas.cli.demo.narrator import Narrator
from waiaas.cli.exits import FAILED, NOT_RUNNING, REFUSED, USAGE, Failure, explain, one_line
from waiaas.cli.output import print_json, say, shown
from waiaas.cli.passwords import find_password
from waiaas.cli.processes import find_daemon
from waiaas.errors import StartRefused

units = st.builds(Unit, st.sampled_from(["SOL", "ETH", "USDC", "X"]), st.integers(0, 24))


@given(unit=units, amount=st.integers(1, 10**60))
def test_an_amount_shown_is_read_back(unit: Unit, amount: int) -> None:
    """Display units are exact in both directions, and so are base units."""
    assert unit.read(unit.display(amount)) == amount
    assert unit.read(str(amount)) == amount


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "-1",
        "+1",
        "1e9",
        "1_0",
        "１２",
        "0x10",
        "1.5",
        "1.5.5SOL",
        "SOL",
        "0SOL",
        "0.0000000001SOL",
        "1ETH",
        ".5SOL",
        "1 000",
    ],
)
def test_what_is_no_amount(text: str) -> None:
    """Nothing is guessed: everything else is a usage error."""
    with pytest.raises(Failure) as caught:
        Unit("SOL", 9).read(text)
    assert caught.value.exit_code == USAGE


@given(st.text(max_size=200))
def test_a_message_is_one_line_that_moves_no_cursor(text: str) -> None:
    """Whatever is in an error, its line has no line break and no control character."""
    line = one_line(text)
    assert line.isprintable()


@given(st.text(max_size=200))
def test_values_of_others_hide_nothing(text: str) -> None:
    """Table cells have no control, bidi or zero-width characters."""
    cell = shown(text)
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert not any(unicodedata.category(character) in hidden for character in cell.replace("\n", ""))


@given(text=st.text(max_size=200), value=st.recursive(st.text(max_size=50), lambda inner: st.lists(inner, max_size=3)))
def test_what_is_said_and_printed_moves_no_cursor(text: str, value: object) -> None:
    """Neither a line for people nor a document for programs holds a character that a terminal obeys; the document says all."""
    with redirect_stdout(StringIO()) as said:
        say(text)
    with redirect_stdout(StringIO()) as printed:
        print_json({text: value})
    for out in (said.getvalue(), printed.getvalue()):
        # a space of any width is no character that a terminal obeys, though Python counts only the plain one as printable
        assert all(one.isprintable() or one == "\n" or unicodedata.category(one) == "Zs" for one in out)
    assert json.loads(printed.getvalue()) == {text: value}


def test_what_verifying_found_is_a_line_each() -> None:
    """Whoever wrote the file that was verified puts no line of their own among ours."""
    problem = {"fault": "damaged", "text": "of x\nThe audit trail is intact: 9 rows"}
    assert len(as_lines({"intact": False, "rows": 0, "problems": [problem]}).splitlines()) == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (click.UsageError("x"), USAGE),
        (Failure("x"), FAILED),
        (Unreachable("x", code="DAEMON_UNREACHABLE"), NOT_RUNNING),
        (Unreachable("x", code="CONNECTION_LOST"), FAILED),
        (Denied("x", status=403), REFUSED),
        (Unauthenticated("x", status=401), REFUSED),
        (RateLimited("x", status=429), FAILED),
        (StartRefused("x", code="WRONG_PASSWORD"), REFUSED),
        (StartRefused("x"), FAILED),
        (FileNotFoundError(2, "No such file", "/x"), FAILED),
        (RuntimeError("x"), FAILED),
    ],
)
def test_every_kind_of_error_has_its_code(error: BaseException, code: int) -> None:
    """Exit codes follow the contract."""
    assert explain(error)[0] == code


def test_a_lost_send_tells_its_key() -> None:
    """When the fate of a payment is open, the line has the key to repeat it with."""
    error = Unreachable("lost", code="CONNECTION_LOST")
    error.idempotency_key = "k-9"
    assert "--idempotency-key k-9" in explain(error)[1]


@pytest.mark.parametrize("password", ["", " padded", "padded ", "tab\tinside", "line\nbreak"])
def test_password_that_a_header_would_change(password: str) -> None:
    """What HTTP would strip or refuse is no password."""
    with pytest.raises(Failure):
        find_password({"WAIAAS_MASTER_PASSWORD": password})


def test_password_of_any_letters(tmp_path: Path) -> None:
    """Letters of any script pass, from variable and file alike."""
    assert find_password({"WAIAAS_MASTER_PASSWORD": "pässwörd 🔑"}) == "pässwörd 🔑".encode()
    path = tmp_path / "password"
    path.write_bytes("пароль\r\n".encode())
    path.chmod(0o600)
    assert find_password({"WAIAAS_MASTER_PASSWORD_FILE": str(path)}) == "пароль".encode()


def test_nobody_is_found_in_an_empty_place(tmp_path: Path) -> None:
    """Without socket and lock there is no daemon, also while this process holds other locks."""
    assert find_daemon(tmp_path) is None


def test_holder_of_the_lock_is_found_without_a_socket(tmp_path: Path) -> None:
    """A daemon that does not answer is found by its lock."""
    import fcntl

    with (tmp_path / "daemon.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = find_daemon(tmp_path)
        assert found is not None
        with found:
            assert found.pid == os.getpid()


def test_story_without_claims_proves_nothing() -> None:
    """The demo succeeds only when something was claimed and every claim held."""
    narrator = Narrator(quiet=True)
    outcomes = [narrator.all_held]
    with narrator.step("one") as step:
        step.expect("a", True)
    outcomes.append(narrator.all_held)
    with narrator.step("two") as step:
        step.expect("b", False, "c")
    outcomes.append(narrator.all_held)
    assert outcomes == [False, True, False]
    assert narrator.document(1.0, None)["held"] == 1


def test_what_was_typed_at_the_choice_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody may have typed the password there: neither the next question nor the last error holds it."""
    from waiaas_sdk import Held

    from waiaas.cli import kill_switch

    monkeypatch.setattr(click, "prompt", lambda *words, **options: "violin-tarpaulin-89")
    monkeypatch.setattr(kill_switch, "_print_held", lambda *shown: None)
    held = Held.model_construct(id="01a2300e-c4")
    with pytest.raises(Failure) as caught:
        kill_switch._ask(None, [held])  # type: ignore[arg-type]
    told = capsys.readouterr()
    assert "violin" not in f"{caught.value.message} {caught.value.hint} {caught.value.details} {told.out} {told.err}"
    assert told.err.count("Once more") == 2
