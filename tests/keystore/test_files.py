"""Private files: whole or not at all, and read only when they are what they seem."""

import os
from pathlib import Path

import pytest

from waiaas.errors import StartRefused
from waiaas.keystore.files import make_private_folder, read_private, write_private


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "private"
    make_private_folder(made)
    return made


def refused(path: Path) -> str:
    with pytest.raises(StartRefused) as caught:
        read_private(path, 100)
    assert caught.value.code == "DATA_DIR_UNSAFE"
    assert caught.value.hint
    return caught.value.message


def test_written_file_is_private(folder: Path) -> None:
    """A written file has mode 0600 whatever the umask, the given content, and nothing is left beside it."""
    before = os.umask(0)
    try:
        write_private(folder / "a", b"one")
        write_private(folder / "a", b"two")
    finally:
        os.umask(before)
    assert (folder / "a").stat().st_mode & 0o777 == 0o600
    assert read_private(folder / "a", 100) == b"two"
    assert [entry.name for entry in folder.iterdir()] == ["a"]


def test_existing_file_is_kept(folder: Path) -> None:
    """Without leave to replace, an existing file is not touched and no temporary stays."""
    write_private(folder / "a", b"one")
    with pytest.raises(FileExistsError):
        write_private(folder / "a", b"two", replace=False)
    assert read_private(folder / "a", 100) == b"one"
    assert [entry.name for entry in folder.iterdir()] == ["a"]


def test_failed_write_leaves_the_old_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk refuses, the old content stays and no temporary does."""
    write_private(folder / "a", b"one")

    def fail(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        write_private(folder / "a", b"two")
    assert read_private(folder / "a", 100) == b"one"
    assert [entry.name for entry in folder.iterdir()] == ["a"]


def test_content_is_durable_before_its_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The content is fsynced before the rename, and the folder after it."""
    steps: list[str] = []
    fsync, rename = os.fsync, os.rename

    def note_fsync(handle: int) -> None:
        steps.append("folder" if os.path.isdir(f"/proc/self/fd/{handle}") else "content")
        fsync(handle)

    def note_rename(*names: str, src_dir_fd: int, dst_dir_fd: int) -> None:
        steps.append("rename")
        rename(*names, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "rename", note_rename)
    write_private(folder / "a", b"one")
    assert steps == ["content", "rename", "folder"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o610])
def test_open_files_are_refused(folder: Path, mode: int) -> None:
    """A file that others can reach is refused, with how to mend it."""
    write_private(folder / "a", b"one")
    (folder / "a").chmod(mode)
    assert "private/a" in refused(folder / "a")


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o777, 0o701])
def test_open_folders_are_refused(folder: Path, mode: int) -> None:
    """A folder that others can reach is refused, for reading and for writing."""
    write_private(folder / "a", b"one")
    folder.chmod(mode)
    assert "private" in refused(folder / "a")
    with pytest.raises(StartRefused):
        write_private(folder / "b", b"two")
    with pytest.raises(StartRefused):
        make_private_folder(folder)


def test_links_are_refused(folder: Path, tmp_path: Path) -> None:
    """A symbolic link is refused as file and as folder, even to something private."""
    write_private(folder / "a", b"one")
    (folder / "link").symlink_to("a")
    refused(folder / "link")
    (tmp_path / "elsewhere").symlink_to(folder)
    refused(tmp_path / "elsewhere" / "a")
    with pytest.raises(StartRefused):
        write_private(tmp_path / "elsewhere" / "b", b"two")


def test_a_link_is_replaced_not_followed(folder: Path, tmp_path: Path) -> None:
    """Writing over a symbolic link replaces the link and leaves its target alone."""
    target = tmp_path / "target"
    target.write_bytes(b"precious")
    (folder / "a").symlink_to(target)
    write_private(folder / "a", b"one")
    assert target.read_bytes() == b"precious"
    assert not (folder / "a").is_symlink()


def test_other_things_are_refused(folder: Path) -> None:
    """A pipe or a folder in a file's place is refused at once, without waiting for a writer."""
    os.mkfifo(folder / "pipe", 0o600)
    refused(folder / "pipe")
    (folder / "folder").mkdir(mode=0o700)
    refused(folder / "folder")


def test_long_files_are_refused(folder: Path) -> None:
    """More than the limit is refused; the limit itself is read."""
    write_private(folder / "a", bytes(101))
    refused(folder / "a")
    write_private(folder / "a", bytes(100))
    assert len(read_private(folder / "a", 100)) == 100


def test_missing_files_are_missing(folder: Path) -> None:
    """A missing file is told apart from an unsafe one."""
    with pytest.raises(FileNotFoundError):
        read_private(folder / "a", 100)


@pytest.mark.skipif(os.geteuid() != 0, reason="giving files away needs root")
def test_files_of_others_are_refused(folder: Path) -> None:
    """Another user's file is refused, private or not."""
    write_private(folder / "a", b"one")
    os.chown(folder / "a", 12345, 12345)
    assert "another user" in refused(folder / "a")
