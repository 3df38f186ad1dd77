"""The committed bytecode is what the committed source compiles to."""

import subprocess
from pathlib import Path

from tests.harness.oracles import node_for

HERE = Path(__file__).parent
CLIENTS = HERE.parent / "clients"


def test_the_source_compiles_to_what_is_committed() -> None:
    """The pinned compiler makes the very file of interfaces and bytecode that tests read."""
    done = subprocess.run(
        [node_for("solc"), str(HERE / "compile.mjs"), str(CLIENTS)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == (HERE / "contracts.json").read_text()
