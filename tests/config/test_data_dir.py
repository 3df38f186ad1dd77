import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from waiaas.config import check, create, locate, write_private
from waiaas.errors import StartRefused


@pytest.fixture
def wide_umask() -> Iterator[None]:
    """A umask that takes nothing away, so that modes come from the code alone."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"WAIAAS_DATA_DIR": "/d", "XDG_DATA_HOME": "/x", "HOME": "/h"}, "/d"),
        ({"XDG_DATA_HOME": "/x", "HOME": "/h"}, "/x/waiaas"),
        ({"XDG_DATA_HOME": "relative", "HOME": "/h"}, "/h/.waiaas"),
        ({"WAIAAS_DATA_DIR": "", "XDG_DATA_HOME": "", "HOME": "/h"}, "/h/.waiaas"),
    ],
)
def test_the_directory_is_found_in_this_order(environ: dict[str, str], expected: str) -> None:
    """$WAIAAS_DATA_DIR, else $XDG_DATA_HOME/waiaas, else ~/.waiaas."""
    assert locate(environ) == Path(expected)


def test_a_relative_directory_becomes_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A relative WAIAAS_DATA_DIR is taken from where the command was given."""
    monkeypatch.chdir(tmp_path)
    assert locate({"WAIAAS_DATA_DIR": "here"}) == tmp_path / "here"


@pytest.mark.usefixtures("wide_umask")
def test_every_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    """The directory and each folder have mode 0700 whatever the umask, and creating again changes nothing."""
    layout = create(tmp_path / "a" / "w")
    folders = [layout.root, layout.keystore, layout.backups, layout.log.parent, layout.database.parent]
    folders.append(layout.admin_socket.parent)
    assert {mode(folder) for folder in folders} == {0o700}
    assert create(layout.root) == layout
    assert check(layout.root) == layout


def test_a_missing_directory_is_refused_with_what_to_do(tmp_path: Path) -> None:
    """Where nothing is, the message says to run init."""
    with pytest.raises(StartRefused) as error:
        check(tmp_path / "none")
    assert error.value.code == "DATA_DIR_UNSAFE"
    assert "waiaas init" in error.value.hint


@pytest.mark.parametrize("wide", [0o640, 0o604, 0o620, 0o601, 0o644])
def test_a_file_that_others_can_use_is_refused_with_its_mending(tmp_path: Path, wide: int) -> None:
    """Any permission of group or others on any file is named together with the chmod that mends it."""
    layout = create(tmp_path / "w")
    file = layout.keystore / "master's.json"
    file.write_bytes(b"{}")
    file.chmod(wide)
    with pytest.raises(StartRefused) as error:
        check(layout.root)
    assert error.value.code == "DATA_DIR_UNSAFE"
    assert os.system(error.value.hint.removeprefix("run: ")) == 0
    assert mode(file) == 0o600
    check(layout.root)


def test_a_folder_that_others_can_use_is_refused(tmp_path: Path) -> None:
    """The directory itself and every folder in it must be the owner's alone; all findings come at once."""
    layout = create(tmp_path / "w")
    layout.root.chmod(0o755)
    layout.keystore.chmod(0o710)
    with pytest.raises(StartRefused) as error:
        check(layout.root)
    assert len(error.value.details["findings"]) == 2
    os.system(error.value.hint.removeprefix("run: "))
    check(layout.root)


@pytest.mark.parametrize("target", ["file", "folder", "nothing"])
def test_a_symbolic_link_inside_is_refused(tmp_path: Path, target: str) -> None:
    """Links to files, to folders and to nothing are all refused."""
    layout = create(tmp_path / "w")
    (tmp_path / "file").touch(0o600)
    (tmp_path / "folder").mkdir(0o700)
    (layout.backups / "link").symlink_to(tmp_path / target)
    with pytest.raises(StartRefused, match="symbolic link"):
        check(layout.root)


def test_the_pid_file_may_be_read_by_others_but_not_written(tmp_path: Path) -> None:
    """daemon.pid is 0644 by design; a wider mode is refused even there."""
    layout = create(tmp_path / "w")
    write_private(layout.daemon_pid, b"1\n", mode=0o644)
    assert mode(layout.daemon_pid) == 0o644
    check(layout.root)
    layout.daemon_pid.chmod(0o646)
    with pytest.raises(StartRefused, match="0646"):
        check(layout.root)


def test_another_users_file_is_refused(tmp_path: Path) -> None:
    """A file that belongs to somebody else could be changed by them."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    layout = create(tmp_path / "w")
    file = layout.backups / "theirs"
    file.touch(0o600)
    os.chown(file, 12345, -1)
    with pytest.raises(StartRefused, match="belongs to user 12345"):
        check(layout.root)


@pytest.mark.usefixtures("wide_umask")
def test_a_file_is_replaced_whole_and_private(tmp_path: Path) -> None:
    """Writing leaves mode 0600, the new content, no temporary, and never follows a link."""
    path, other = tmp_path / "f", tmp_path / "other"
    other.write_bytes(b"untouched")
    path.symlink_to(other)
    write_private(path, b"one")
    write_private(path, b"two")
    assert path.read_bytes() == b"two"
    assert not path.is_symlink()
    assert other.read_bytes() == b"untouched"
    assert mode(path) == 0o600
    assert sorted(p.name for p in tmp_path.iterdir()) == ["f", "other"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk refuses, the old content stands and the temporary is gone."""
    path = tmp_path / "f"
    write_private(path, b"old")

    def refuse(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space"):
        write_private(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


def test_a_file_is_on_disk_before_its_name_and_its_name_before_the_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The content is flushed before the rename and the folder after it, so that a power cut leaves old or new."""
    steps: list[str] = []
    sync, rename = os.fsync, os.rename

    def noted_sync(handle: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        sync(handle)

    def noted_rename(source: Path, target: Path) -> None:
        steps.append("rename")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(os, "rename", noted_rename)
    write_private(tmp_path / "f", b"content")
    assert steps == ["file", "rename", "folder"]
