"""The committed bytecode is what the committed source compiles to."""

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CLIENTS = HERE.parent / "clients"


def test_the_source_compiles_to_what_is_committed() -> None:
    """The pinned compiler makes the very file of interfaces and bytecode that tests read."""
    node = shutil.which("node")
    if node is None or not (CLIENTS / "node_modules" / "solc").is_dir():
        pytest.skip("NOT COMPILED AGAIN: needs node, and `make clients` (npm)")
    done = subprocess.run(
        [node, str(HERE / "compile.mjs"), str(CLIENTS)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == (HERE / "contracts.json").read_text()
