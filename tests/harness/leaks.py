"""The canary scan after the suite: what daemons wrote while everything was tested, looked through for secrets (16)."""

import re
from collections.abc import Iterator
from pathlib import Path

_CANARIES = re.compile(
    rb"wai_(?:sess|op)_[A-Za-z0-9_-]{20,}"  # a token, whichever
    rb"|gravel-Umbra7|Umbra7 otter"  # the harness's master password, in halves
    rb"|violin-tarpaulin-89|grommet-xylem"  # the command line's
)
_WRITTEN = ("daemon.log*", "daemon.out", "daemon.pid", "daemon.json")


def leaks_below(folder: Path) -> list[str]:
    """The files below ``folder`` in which a daemon wrote a secret, with the first few characters of each secret."""
    return [f"{path}: {found[:12].decode()}..." for path in _written_below(folder) for found in _secrets_in(path)]


def _written_below(folder: Path) -> Iterator[Path]:
    for pattern in _WRITTEN:
        yield from (path for path in folder.rglob(pattern) if path.is_file() and not path.is_symlink())


def _secrets_in(path: Path) -> list[bytes]:
    return sorted(set(_CANARIES.findall(path.read_bytes())))
