"""Commands that a stranger's distribution brings."""

import os
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Program

MODULE = """
import click

waiaas_plugin_api = 1

@click.command()
def greet():
    print("hello from a stranger")
"""


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """A folder with an installed distribution that brings a plugin and the command ``greet``."""
    folder = tmp_path / "site"
    info = folder / "waiaas_stranger-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "waiaas_stranger.py").write_text(MODULE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: waiaas-stranger\nVersion: 1.0\n")
    points = "[waiaas]\nwaiaas-stranger = waiaas_stranger\n\n[waiaas.cli]\ngreet = waiaas_stranger:greet\n"
    (info / "entry_points.txt").write_text(points)
    names = (
        "waiaas_stranger.py",
        "waiaas_stranger-1.0.dist-info/METADATA",
        "waiaas_stranger-1.0.dist-info/entry_points.txt",
    )
    (info / "RECORD").write_text("".join(f"{name},,\n" for name in names))
    return folder


def _with(program: Program, folder: Path) -> Program:
    path = os.pathsep.join([str(ROOT), str(ROOT / "sdk/src"), str(folder)])
    return Program(program.data_dir, {**program.environ, "PYTHONPATH": path})


def test_command_is_listed_without_being_imported(bare: Program, stranger: Path) -> None:
    """The list names the command and where it is from, also when its module cannot be imported."""
    (stranger / "waiaas_stranger.py").write_text("raise RuntimeError")
    done = _with(bare, stranger)("--help")
    assert done.code == 0
    assert "greet" in done.out
    assert "From waiaas-stranger." in done.out


def test_without_a_data_directory_what_is_installed_runs(bare: Program, stranger: Path) -> None:
    """Before init there is no lock to ask."""
    assert _with(bare, stranger)("greet").out == "hello from a stranger\n"


def test_untrusted_command_is_not_imported(made: Program, stranger: Path) -> None:
    """A command whose plugin is not trusted is refused with code 4; trusted it runs; changed it is refused again."""
    program = _with(made, stranger)
    done = program("greet")
    assert done.code == 4
    assert "waiaas plugins trust" in done.line
    assert "hello" not in done.out
    assert program("plugins", "trust", "waiaas-stranger").code == 0
    assert program("greet").out == "hello from a stranger\n"
    (stranger / "waiaas_stranger.py").write_text(MODULE + "# changed\n")
    assert program("greet").code == 4


def test_own_commands_cannot_be_replaced(bare: Program, stranger: Path) -> None:
    """A stranger's command that has the name of one of ours is not there."""
    points = stranger / "waiaas_stranger-1.0.dist-info" / "entry_points.txt"
    points.write_text("[waiaas.cli]\nstatus = waiaas_stranger:greet\n")
    program = _with(bare, stranger)
    assert program("status").code == 3
    assert "stranger" not in program("--help").out
