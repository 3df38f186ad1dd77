"""Fixtures of the whole house, and the example plugin installed as a stranger's would be."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.harness.fixtures import chain, house, make_house, one_case, shared_chain, shared_house, template

__all__ = ["chain", "house", "make_house", "one_case", "shared_chain", "shared_house", "template"]


@pytest.fixture(scope="session")
def example_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for ``PYTHONPATH`` with the example plugin, built and installed by pip; nothing is fetched."""
    folder = tmp_path_factory.mktemp("example")
    source = shutil.copytree(ROOT / "examples/waiaas-house-rules", folder / "source")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(folder / "site"), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return folder / "site"
