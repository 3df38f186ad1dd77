"""A data directory as ``waiaas init`` makes it, with the cheapest key derivation that the format allows."""

import shutil
from pathlib import Path

from waiaas.config import DataDir, create, write_private
from waiaas.config.template import render_default
from waiaas.keystore.master import ArgonParams, create_master
from waiaas.registry import pin_all

PASSWORD = "gravel-Umbra7 otter"
_CHEAP = ArgonParams(memory_kib=32768, time=1, parallelism=1)


def make_template(root: Path) -> Path:
    """Initialise ``root``. It was never started, so that a copy of it is as good as it is."""
    paths = create(root)
    write_private(paths.config, render_default().encode())
    write_private(paths.plugins_lock, pin_all().render().encode())
    create_master(paths.keystore, bytearray(PASSWORD.encode()), _CHEAP)
    return root


def copy_of(root: Path, to: Path) -> DataDir:
    """A copy, with modes and times, as ``cp -a`` makes it."""
    shutil.copytree(root, to, symlinks=True)
    return DataDir.at(to)
