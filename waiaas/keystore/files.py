"""Files that belong to one user: written whole or not at all, read only when they are what they seem.

Knows nothing about what the files hold.
"""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from waiaas.errors import StartRefused

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_CREATE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def read_private(path: Path, limit: int) -> bytes:
    """Read a small private file.

    :param limit: bytes; a longer file is refused
    :raises FileNotFoundError: when it, or its folder, does not exist
    :raises StartRefused: DATA_DIR_UNSAFE when file or folder is a symbolic link, not plain, another user's, or open to others
    """
    folder = _open_folder(path.parent)
    try:
        handle = _open_file(path, folder)
    finally:
        os.close(folder)
    try:
        _require_private(os.fstat(handle), path, stat.S_ISREG)
        data = os.read(handle, limit + 1)
    finally:
        os.close(handle)
    if len(data) > limit:
        raise _unsafe(path, f"is longer than {limit} bytes", "restore it from a backup")
    return data


def write_private(path: Path, data: bytes, *, replace: bool = True) -> None:
    """Write a file with mode 0600 so that a reader, or a crash at any moment, sees the old content or the new one.

    Temporary file in the same folder, fsync, rename, fsync of the folder.

    :param replace: False refuses to touch an existing file
    :raises FileExistsError: when it exists and ``replace`` is False
    :raises StartRefused: DATA_DIR_UNSAFE when the folder is a symbolic link, another user's, or open to others
    """
    folder = _open_folder(path.parent)
    temporary = f".{path.name}.{os.urandom(8).hex()}.tmp"
    try:
        _write_new(folder, temporary, data)
        _publish(folder, temporary, path.name, replace)
        os.fsync(folder)
    finally:
        os.close(folder)


def write_new(path: Path, data: bytes) -> None:
    """Write a new file with mode 0600 into any folder: whole or not at all, and never over another.

    :raises FileExistsError: when something has that name
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    temporary = f".{path.name}.{os.urandom(8).hex()}.tmp"
    try:
        _write_new(folder, temporary, data)
        _publish(folder, temporary, path.name, replace=False)
        os.fsync(folder)
    finally:
        os.close(folder)


def make_private_folder(path: Path) -> None:
    """Create a folder with mode 0700, or accept one that is there with no more than that. May be called again.

    :raises StartRefused: DATA_DIR_UNSAFE when something else is there
    """
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        os.close(_open_folder(path))


def _write_new(folder: int, name: str, data: bytes) -> None:
    handle = os.open(name, _CREATE_FLAGS, 0o600, dir_fd=folder)
    try:
        os.fchmod(handle, 0o600)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
    except BaseException:
        os.unlink(name, dir_fd=folder)
        raise
    finally:
        os.close(handle)


def _publish(folder: int, temporary: str, name: str, replace: bool) -> None:
    try:
        if replace:
            os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        else:
            # A link, unlike a rename, fails when the name is taken.
            os.link(temporary, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
            os.unlink(temporary, dir_fd=folder)
    except OSError:
        os.unlink(temporary, dir_fd=folder)
        raise


def _open_folder(path: Path) -> int:
    try:
        folder = os.open(path, _FOLDER_FLAGS)
    except NotADirectoryError as failure:
        raise _unsafe(path, "is a symbolic link or no folder", "put the real folder in its place") from failure
    try:
        _require_private(os.fstat(folder), path, stat.S_ISDIR)
    except BaseException:
        os.close(folder)
        raise
    return folder


def _open_file(path: Path, folder: int) -> int:
    try:
        return os.open(path.name, _READ_FLAGS, dir_fd=folder)
    except FileNotFoundError:
        raise
    except OSError as failure:
        raise _unsafe(path, "is a symbolic link or cannot be opened", "put the real file in its place") from failure


def _require_private(facts: os.stat_result, path: Path, is_expected: Callable[[int], bool]) -> None:
    if not is_expected(facts.st_mode):
        raise _unsafe(path, "is not a plain file", "put the real file in its place")
    if facts.st_uid != os.geteuid():
        raise _unsafe(path, "belongs to another user", f"chown it to user {os.geteuid()}")
    if facts.st_mode & 0o077:
        mode = "700" if stat.S_ISDIR(facts.st_mode) else "600"
        raise _unsafe(path, "can be reached by other users", f"chmod {mode} {path.name}")


def _unsafe(path: Path, what: str, mend: str) -> StartRefused:
    return StartRefused(f"{path.parent.name}/{path.name} {what}", code="DATA_DIR_UNSAFE", hint=mend)
