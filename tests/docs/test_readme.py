"""The README's first use by hand, run line by line as it stands."""

import os
import subprocess
import sys
from pathlib import Path

from tests.docs.pages import ROOT, Block, blocks
from tests.harness.chains import ChainCase, TestChain
from tests.harness.data_directory import PASSWORD
from waiaas.config import DataDir
from waiaas.store.audit_chain import verify_file


def test_the_first_use_by_hand_works_as_the_readme_says(case: ChainCase, chain: TestChain, tmp_path: Path) -> None:
    """Every command of the README's session succeeds; the small payment is made, the large one waits."""
    root = tmp_path / "data"
    environ = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "WAIAAS_DATA_DIR": str(root),
        "WAIAAS_MASTER_PASSWORD": PASSWORD,
        "WAIAAS_DAEMON_PORT": "0",
        "WAIAAS_KEYSTORE_ARGON2_MEMORY": "32768",
        "WAIAAS_KEYSTORE_ARGON2_TIME": "1",
        **case.environ(chain.url),
    }
    done = subprocess.run(
        ["sh", "-ex", "-c", first_use().code], env=environ, capture_output=True, text=True, timeout=170, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "CONFIRMED" in done.stdout or "SUBMITTED" in done.stdout
    assert "APPROVAL" in done.stdout
    assert verify_file(DataDir.at(root).database).is_intact


def first_use() -> Block:
    """The block that begins with ``waiaas init``."""
    (found,) = [
        block for block in blocks("sh") if block.page == ROOT / "README.md" and block.code.startswith("waiaas init")
    ]
    return found
