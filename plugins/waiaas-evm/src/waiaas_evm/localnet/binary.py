"""Where the program ``anvil`` is."""

import os
import shutil
from pathlib import Path

from waiaas.errors import StartRefused

VARIABLE = "ANVIL"
"""Environment variable that names the program, before all else."""

_PACKAGES = ".cache/anvil/node_modules/@foundry-rs"
_CHECKOUT = Path(__file__).resolve().parents[5]
_HINT = (
    f"install it with `npm install -g @foundry-rs/anvil` or Foundry's installer, or set {VARIABLE} to its path; "
    "in a checkout of WAIaaS: make anvil"
)


def find_anvil() -> Path:
    """The program: as ``ANVIL`` says, on ``PATH``, or in the checkout's ``.cache``. Reads the file system.

    :raises StartRefused: it is nowhere; the hint says how to install it
    """
    named = os.environ.get(VARIABLE)
    if named:
        if not os.access(named, os.X_OK):
            raise StartRefused(f"{VARIABLE} names {named}, which is no program", hint=_HINT)
        return Path(named)
    on_path = shutil.which("anvil")
    if on_path is not None:
        return Path(on_path)
    for program in sorted(_fetched()):
        if os.access(program, os.X_OK):
            return program
    raise StartRefused("the EVM node of a localnet, anvil, is not installed", hint=_HINT)


def _fetched() -> list[Path]:
    """What ``make test`` fetched; nothing where this package is not part of a checkout."""
    if not (_CHECKOUT / "plugins" / "waiaas-evm" / "pyproject.toml").is_file():
        return []
    return list((_CHECKOUT / _PACKAGES).glob("anvil-*/bin/anvil"))
