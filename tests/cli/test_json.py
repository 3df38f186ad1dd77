"""``--json``: every command has it, errors under it are one object on stderr, and nobody else's words are in any error."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import pytest
from pydantic import ValidationError
from pydantic.alias_generators import to_camel
from waiaas_sdk import Denied

from tests.cli.conftest import Done
from waiaas.api.refusals import from_validation
from waiaas.api.routes import ROUTES
from waiaas.cli.application import cli, run, wants_json
from waiaas.cli.exits import NOT_RUNNING, USAGE, Failure, told
from waiaas.config import load
from waiaas.config.keys import KEYS
from waiaas.errors import StartRefused

FIELDS = {"code", "message", "hint", "retryable", "details"}
RAW = re.compile(
    r"\[Errno|Errno \d|pydantic|Input should|Value error|validation error|Traceback|Error\(|<class", re.IGNORECASE
)
WITHOUT_JSON = {"completion"}
"""What is printed for a shell."""


def commands(
    command: click.Command = cli, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, with the words that call it."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from commands(found, (*path, name))
    else:
        yield path, command


EVERY = [(path, command) for path, command in commands() if path[0] not in WITHOUT_JSON]


def test_every_command_speaks_json() -> None:
    """None is left out, whether it reads or writes: a program needs no other way to hear what came of a call."""
    without = [" ".join(path) for path, one in EVERY if not any("--json" in option.opts for option in one.params)]
    assert without == []


Alone = Callable[..., Done]


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Alone:
    """The program in this process, with no data directory, no password, no token and no terminal."""
    for name in ("WAIAAS_MASTER_PASSWORD", "WAIAAS_MASTER_PASSWORD_FILE", "WAIAAS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for module in ("launching", "configuration"):
        monkeypatch.setattr(f"waiaas.cli.{module}.exec_without_secret", lambda *_: None)
    monkeypatch.setattr("sys.stdin", None)

    def call(*arguments: str) -> Done:
        code = run(["--data-dir", str(tmp_path / "none"), *arguments])
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return call


def error_of(done: Done) -> dict[str, Any]:
    """The one object that stderr has to be."""
    lines = done.err.splitlines()
    assert len(lines) == 1, done.err
    found: dict[str, Any] = json.loads(lines[0])
    assert set(found) == FIELDS
    assert not RAW.search(lines[0]), lines[0]
    return found


@pytest.mark.parametrize(
    ("arguments", "code", "exit_code"),
    [
        (("agent", "list"), "DAEMON_UNREACHABLE", 3),
        (("tx", "send", "x", "1"), "REFUSED", 4),
        (("status",), "DAEMON_UNREACHABLE", 3),
        (("agent", "create"), "USAGE", 2),
        (("tx", "list", "--status", "CONFIRMD"), "USAGE", 2),
        (("tx", "list", "--limit", "0"), "USAGE", 2),
        (("start",), "FAILED", 1),
        (("audit", "verify", "/nonexistent"), "FAILED", 1),
        (("backup", "verify", "/nonexistent"), None, 1),
        (("policy", "create", "X", "--all-agents", "--rules", "@/nonexistent"), "SYSTEM_ERROR", 1),
        (("policy", "create", "X", "--all-agents", "--rules", "{"), "USAGE", 2),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else None,
)
def test_an_error_is_one_object_on_stderr(
    alone: Alone, arguments: Sequence[str], code: str | None, exit_code: int
) -> None:
    """Under ``--json`` a failure is code, message, hint, retryable and details, and leaves with the code that it always has."""
    done, plain = alone(*arguments, "--json"), alone(*arguments)
    found = error_of(done)
    assert (done.code, plain.code) == (exit_code, exit_code)
    assert code in (None, found["code"])
    assert plain.line.startswith("waiaas: ")
    assert found["message"].rstrip(".") in plain.line


def test_what_the_daemon_refused_keeps_its_code_and_details() -> None:
    """A denial is told with the policy that spoke; where repeating is sensible the object says so."""
    denied = Denied(
        "too much", status=403, code="POLICY_DENIED", hint="wait", details={"type": "BUDGET"}, request_id="r"
    )
    found = json.loads(told(denied).as_json())
    assert (found["code"], found["hint"], found["retryable"]) == ("POLICY_DENIED", "wait", False)
    assert found["details"] == {"type": "BUDGET", "requestId": "r"}
    assert told(Failure("x", exit_code=NOT_RUNNING)).code == "DAEMON_UNREACHABLE"
    refused = StartRefused("no", code="CONFIG_INVALID", details={"errors": [1]})
    assert json.loads(told(refused).as_json())["details"] == {"errors": [1]}


def test_an_error_moves_no_cursor_of_whoever_reads_it() -> None:
    """What a name of a file or an answer brings along stays inside the JSON's text."""
    line = told(Failure("bad\x1b[31m\nname\u202e", exit_code=USAGE)).as_json()
    assert line.isascii()
    assert line.isprintable()
    assert "\\u001b" not in line


def test_json_is_asked_for_before_the_double_dash() -> None:
    """After ``--`` it is an argument like any other."""
    assert wants_json(["tx", "list", "--json"])
    assert not wants_json(["policy", "show", "--", "--json"])


WRONG = {"integer": "x", "integer range": "-7", "choice": "nonsense", "path": "/nonexistent/file", "text": "\x00é"}


def wrong_calls() -> Iterator[list[str]]:
    """Each command once for each of its parameters, that one wrong and the others as good as can be guessed."""
    for path, command in EVERY:
        for wrong in command.params:
            line = list(path)
            for one in command.params:
                value = WRONG.get(one.type.name, "x") if one is wrong else "1"
                if isinstance(one, click.Argument) and (one.required or one is wrong):
                    line.append(value.replace("\x00", ""))
                elif isinstance(one, click.Option) and not one.is_flag and (one.required or one is wrong):
                    line += [one.opts[0], value.replace("\x00", "")]
            yield line


def test_no_wrong_value_is_answered_in_somebody_elses_words(alone: Alone) -> None:
    """Every option and argument of every command, wrong: one line of ours, a code from 1 to 4, no stack and no library."""
    calls = [line for line in wrong_calls() if line[0] not in ("demo", "localnet", "init", "doctor")]
    assert len(calls) > 150
    for line in calls:
        done = alone(*line)
        assert not RAW.search(done.err), (line, done.err)
        if done.code:
            assert done.code in (1, 2, 3, 4), line
            assert done.line.startswith("waiaas: "), line


@pytest.mark.parametrize("wrong", ['"nonsense\\u0007"', "-1", "[[]]", "{}", "1.5", "true"])
def test_no_wrong_setting_is_answered_in_somebody_elses_words(tmp_path: Path, wrong: str) -> None:
    """Every key of the configuration, wrong: what is allowed there, in our words."""
    said = []
    for key in KEYS:
        (tmp_path / "config.toml").write_text(f"[{key.section}]\n{key.name} = {wrong}\n")
        try:
            load(tmp_path, {})
        except StartRefused as refused:
            said.append(refused.message)
    assert [one for one in said if RAW.search(one)] == []
    assert len(said) > len(KEYS) // 4


@pytest.mark.parametrize("wrong", [None, "", "\u0007x", -1, 1.5, True, [], {}, [1], {"a": 1}], ids=repr)
def test_no_wrong_body_is_answered_in_somebody_elses_words(wrong: Any) -> None:
    """Every field of every route, wrong."""
    for route in ROUTES:
        for field in {**route.takes.model_fields, "unheard_of": None}:
            try:
                route.takes.model_validate({to_camel(field): wrong})
            except ValidationError as problem:
                refused = from_validation(problem)
                assert not RAW.search(refused.message), (route.path, refused.message)
