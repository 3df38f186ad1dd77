"""A data directory as ``waiaas init`` makes it, with the cheapest key derivation that the format allows."""

import shutil
from pathlib import Path

from waiaas.config import DataDir, create, write_private
from waiaas.config.template import render_default
from waiaas.keystore.master import ArgonParams, create_master
from waiaas.registry import Lock, Pin, digest, installed, parse

PASSWORD = "gravel-Umbra7 otter"
CHEAP = ArgonParams(memory_kib=32768, time=1, parallelism=1)


def make_template(root: Path) -> Path:
    """Initialise ``root``. It was never started, so that a copy of it is as good as it is."""
    paths = create(root)
    write_private(paths.config, render_default().encode())
    trust_plugins(paths)
    create_master(paths.keystore, bytearray(PASSWORD.encode()), CHEAP)
    return root


def trust_plugins(paths: DataDir) -> None:
    """Pin what is installed, as its files are now: sources of an editable install may be edited while a suite runs.

    What a test has trusted besides stays trusted.
    """
    pins = [
        Pin(name=one.name, distribution=one.distribution, version=one.version, hash=digest(one), examined=True)
        for one in sorted(installed(), key=lambda plugin: (not plugin.is_own, plugin.name))
    ]
    before = parse(paths.plugins_lock.read_text()) if paths.plugins_lock.exists() else Lock()
    write_private(paths.plugins_lock, before.put(pins).render().encode())


def copy_of(root: Path, to: Path) -> DataDir:
    """A copy, with modes and times, as ``cp -a`` makes it."""
    shutil.copytree(root, to, symlinks=True)
    return DataDir.at(to)
