"""The command line on a house's directory, in a process of its own."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.harness import forks
from tests.harness.data_directory import PASSWORD


def waiaas(
    root: Path, *arguments: str, password: str = PASSWORD, environ: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """A command on a data directory, to its end. :param environ: configuration besides"""
    variables = {"PATH": os.environ["PATH"], "HOME": str(root.parent), "WAIAAS_MASTER_PASSWORD": password}
    variables |= environ or {}
    return forks.run("waiaas.cli", ["--data-dir", str(root), *arguments], env=variables, timeout=120)


def done(root: Path, *arguments: str) -> Any:
    """The document of a command that has to succeed."""
    ended = waiaas(root, *arguments, "--json")
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)
