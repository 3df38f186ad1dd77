"""What leaves the repository as a wheel, and works from there."""

from __future__ import annotations

import configparser
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FIND_SCHEMA = """
import sys
sys.path.insert(0, sys.argv[1])
import waiaas
from waiaas.store.schema_files import schema_folder
sys.stdout.write(f"{waiaas.__file__}\\n{schema_folder()}")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root distribution's wheel, built from this checkout without network."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that an installer would make of the wheel."""
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.mark.xdist_group("wheel")
def test_wheel_carries_the_schema(unpacked: Path) -> None:
    """The wheel holds every schema script, byte for byte."""
    carried = {script.name: script.read_bytes() for script in unpacked.glob("waiaas/schema/*.sql")}
    assert carried
    assert carried == {script.name: script.read_bytes() for script in ROOT.glob("schema/*.sql")}


@pytest.mark.xdist_group("wheel")
def test_installed_code_finds_the_schema_it_came_with(unpacked: Path, tmp_path: Path) -> None:
    """Code that runs from the wheel finds the scripts inside it, not those of a checkout."""
    command = [sys.executable, "-c", FIND_SCHEMA, str(unpacked)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    module, schema = done.stdout.splitlines()
    assert Path(module) == unpacked / "waiaas/__init__.py"
    assert Path(schema) == unpacked / "waiaas/schema"


@pytest.mark.xdist_group("wheel")
def test_wheel_is_typed_and_holds_nothing_but_the_package(unpacked: Path) -> None:
    """The wheel marks the package as typed and ships no test, script or tool beside it."""
    assert (unpacked / "waiaas/py.typed").is_file()
    assert {entry.name.partition("-")[0] for entry in unpacked.iterdir()} == {"waiaas"}


@pytest.mark.xdist_group("wheel")
def test_wheel_announces_the_command_and_the_builtin_plugin(unpacked: Path) -> None:
    """An installer learns of the command and of the plugin that is shipped inside."""
    entry_points = configparser.ConfigParser()
    entry_points.read(next(unpacked.glob("waiaas-*.dist-info/entry_points.txt")))
    assert dict(entry_points["console_scripts"]) == {"waiaas": "waiaas.cli:main"}
    assert dict(entry_points["waiaas"]) == {"waiaas-builtin": "waiaas.builtin"}
