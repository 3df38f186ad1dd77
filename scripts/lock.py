"""Write requirements.txt and requirements-uv.txt from the pyproject files.

Every project's dependencies and its ``dev`` group go into one resolution, so that one environment serves all of them.
Our own distributions are left out: they are installed editable. The results name versions and hashes, and no index.

Run as ``make lock``, or ``make lock LOCKFLAGS=--upgrade`` to raise versions.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMPILE = [
    *("pip", "compile", "--quiet", "--universal", "--generate-hashes"),
    *("--python-version", "3.11", "--no-header", "--no-annotate"),
]


def project_files() -> list[Path]:
    """:return: the pyproject file of every distribution of this repository, the root's first"""
    return [ROOT / "pyproject.toml", ROOT / "sdk/pyproject.toml", *sorted(ROOT.glob("plugins/*/pyproject.toml"))]


def distribution(requirement: str) -> str:
    """:return: the normalised name (PEP 503) that a requirement starts with"""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    if found is None:
        raise ValueError(f"no distribution name in requirement {requirement!r}")
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def requirements(group: str) -> list[str]:
    """
    :param group: ``dev`` (with the dependencies at run time) or ``bootstrap`` (alone)
    :return: requirements of every project, sorted, without our own distributions
    """
    documents = [tomllib.loads(path.read_text("utf-8")) for path in project_files()]
    own = {distribution(document["project"]["name"]) for document in documents}
    found: set[str] = set()
    for document in documents:
        found.update(document.get("dependency-groups", {}).get(group, []))
        if group == "dev":
            found.update(document["build-system"]["requires"])
            found.update(document["project"]["dependencies"])
    return sorted(name for name in found if distribution(name) not in own)


def compile_lock(group: str, output: str, flags: list[str]) -> None:
    """Resolve one group into one file. Network: the package index that uv is configured with."""
    uv = Path(sys.executable).with_name("uv")
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    subprocess.run(
        [uv, *COMPILE, *flags, "--output-file", output, "-"],
        input="\n".join(requirements(group)),
        text=True,
        check=True,
        cwd=ROOT,
        env=environment,
    )


if __name__ == "__main__":
    compile_lock("bootstrap", "requirements-uv.txt", sys.argv[1:])
    compile_lock("dev", "requirements.txt", sys.argv[1:])
