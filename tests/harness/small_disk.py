"""File systems of their own, small enough to be filled: of blocks, of inodes."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.harness.chains import ChainCase, TestChain
from tests.harness.data_directory import copy_of
from tests.harness.house import House

MakeDisk = Callable[[str], House]
_CHUNK = 65536


@pytest.fixture
def disk(case: ChainCase, chain: TestChain, template: Path, tmp_path: Path) -> Iterator[MakeDisk]:
    """Makes a house, not yet started, on a small file system of its own; skips loudly where that may not be mounted."""
    made: list[House] = []

    def make(options: str) -> House:
        root = tmp_path / "house"
        root.mkdir(mode=0o700)
        mount(root, options)
        copy_of(template, tmp_path / "copy")
        for path in (tmp_path / "copy").iterdir():
            subprocess.run(["cp", "-a", str(path), str(root)], check=True)
        made.append(House(root, case, chain))
        return made[0]

    yield make
    for house in made:
        house.close()
        subprocess.run(["umount", str(house.root)], check=True)


def mount(folder: Path, options: str) -> None:
    """A tmpfs on ``folder``; skips loudly where that is not allowed. :param options: as ``size=12m``"""
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"mode=700,{options}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(
            "LOUD SKIP: mounting a small tmpfs needs root; a full disk was NOT tested against the real daemon here"
        )


def fill(folder: Path) -> Path:
    """Take every block that is left. :returns: what took it"""
    ballast = folder / "ballast"
    with open(os.open(ballast, os.O_WRONLY | os.O_CREAT, 0o600), "wb", buffering=0) as file:
        for size in (_CHUNK, 512):
            try:
                while file.write(bytes(size)) == size:
                    continue
            except OSError:
                continue
    assert os.statvfs(folder).f_bavail == 0
    return ballast


def use_up_inodes(folder: Path) -> list[Path]:
    """Take every inode that is left. :returns: what took them"""
    made: list[Path] = []
    while True:
        path = folder / f"filler-{len(made)}"
        try:
            path.touch(mode=0o600)
        except OSError:
            return made
        made.append(path)
