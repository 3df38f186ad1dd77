"""The program is quick to say what it can do."""

import json
import subprocess
import sys
import time

import pytest

from tests.cli.conftest import Program
from waiaas.cli.application import COMMANDS

HEAVY = [
    "httpx",
    "pydantic",
    "falcon",
    "waitress",
    "pony",
    "solders",
    "rich",
    "nacl",
    "tomlkit",
    "waiaas_sdk",
    "waiaas.config",
]
_SLACK_SECONDS = 0.1


def _seconds(command: list[str], environ: dict[str, str]) -> float:
    """The quickest of several runs, as the machine may be busy."""

    def once() -> float:
        began = time.perf_counter()
        subprocess.run(command, env=environ, capture_output=True, check=True)
        return time.perf_counter() - began

    return min(once() for _ in range(7))


def test_help_costs_little_more_than_its_parser(bare: Program) -> None:
    """``waiaas --help`` takes under 200 ms, or where the machine is slow, not much more than importing click does."""
    floor = _seconds([sys.executable, "-P", "-c", "import click, importlib.metadata"], bare.variables())
    taken = _seconds(bare.command("--help"), bare.variables())
    assert taken < 0.2 or taken < 2 * floor + _SLACK_SECONDS


def test_help_imports_nothing_heavy(bare: Program) -> None:
    """No command's libraries are imported to list the commands."""
    script = (
        "import sys, json; from waiaas.cli.application import run; run(['--help']);"
        f"print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=bare.variables(), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_help_names_every_command(bare: Program) -> None:
    """Every command of the table is in the list, and nothing else is."""
    done = bare("--help")
    listed = [line.split()[0] for line in done.out.split("Commands:")[1].splitlines() if line.strip()]
    assert listed == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(bare: Program, command: str) -> None:
    """Each command can be imported and explains itself, without a data directory."""
    done = bare(command, "--help")
    assert done.code == 0
    assert f"waiaas {command}" in done.out


def test_version(bare: Program) -> None:
    """``--version`` says the version."""
    assert bare("--version").out.startswith("waiaas, version ")


UNWANTED = [
    "httpx._main",
    "pygments",
    "rich.console",
    "rich.table",
    "waiaas.config.settings",
    "waiaas.store",
    "waiaas.keystore",
    "waiaas.registry",
    "waiaas.daemon",
    "tomlkit",
    "pluggy",
    "pony",
    "falcon",
    "nacl",
]
READING = [["agent", "list"], ["agent", "show", "bot"], ["tx", "list"], ["tx", "show", "x"], ["status"], ["login"]]


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_a_command_that_asks_the_daemon_imports_nothing_of_it(bare: Program, arguments: list[str]) -> None:
    """What every day's commands import is the client, and no more: with it they start in under a quarter of a second of CPU."""
    script = (
        f"import sys, json; from waiaas.cli.application import run; code = run(['--data-dir', '/nonexistent', *{arguments!r}]);"
        f"print(json.dumps([code, [m for m in {UNWANTED!r} if sys.modules.get(m) is not None]]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=bare.variables(), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout.splitlines()[-1]) == [3, []], done.stderr


def test_a_table_is_printed_without_the_library_of_the_demo(bare: Program) -> None:
    """Lists and facts come out without rich's console, which costs a quarter of a command's start."""
    script = (
        "import sys; from waiaas.cli.output import Column, print_facts, print_table, say;"
        "print_table([Column('a')], [['b']], empty=''); print_facts({'a': 'b'}); say('c');"
        "assert 'rich.console' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], env=bare.variables(), capture_output=True, text=True, check=True)
