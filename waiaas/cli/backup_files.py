"""Backups as files: made without a daemon, listed, opened, and put in place of a data directory."""

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from waiaas.cli.exits import Failure
from waiaas.cli.output import at
from waiaas.cli.passwords import find_password
from waiaas.cli.sign_of_life import growing
from waiaas.config import DataDir, create, load, sync_folder, write_private
from waiaas.config.editing import change
from waiaas.daemon.lock import DirectoryLock
from waiaas.engine.backup_format import describe
from waiaas.engine.backup_reading import Contents, open_backup
from waiaas.engine.backup_writing import SUFFIX, make_backup
from waiaas.engine.rekeying import finish
from waiaas.engine.restored import Restored
from waiaas.errors import StartRefused
from waiaas.keystore.backup_cipher import backup_key


def find(data_dir: Path, file: Path) -> Path:
    """The file itself, or one of that name in ``backups/``. :raises Failure: there is neither"""
    for path in (file, data_dir / "backups" / file.name):
        if path.is_file():
            return path
    raise Failure(f"there is no backup {file}", hint="see: waiaas backup list")


def create_offline(data_dir: Path) -> dict[str, Any]:
    """Make a backup of a directory on which no daemon runs. One Argon2 run.

    :raises StartRefused: ALREADY_RUNNING, WRONG_PASSWORD, KEYSTORE_DAMAGED
    """
    paths = load(data_dir, os.environ).paths
    if not (paths.keystore / "master.json").exists() or not paths.database.exists():
        raise Failure(f"{data_dir} holds nothing to back up", hint="Start its daemon once: waiaas start")
    with _held(paths.daemon_lock):
        finish(paths)
        with _password() as password:
            key = backup_key((paths.keystore / "master.json").read_bytes(), password)
        with backing_up(paths):
            made = make_backup(paths, key, int(time.time()))
    header = made.header
    return {
        "file": made.path.name,
        "bytes": made.size,
        "createdAt": header.created_at,
        "instanceId": header.instance_id,
        "schemaVersion": header.schema_version,
    }


@contextmanager
def backing_up(paths: DataDir) -> Iterator[None]:
    """Show how far a backup has come, whoever makes it: the database is copied, then the copy is sealed."""
    database = paths.database.stat().st_size if paths.database.exists() else 0

    def written() -> int:
        return sum(path.stat().st_size for path in paths.backups.glob(".*.backup.tmp") if path.exists())

    with growing("Backing up", 2 * database, written):
        yield


def listed(data_dir: Path) -> list[dict[str, Any]]:
    """What lies in ``backups/``, newest first; a file whose header cannot be read says why."""
    folder = data_dir / "backups"
    paths = sorted(folder.glob(f"*{SUFFIX}"), reverse=True) if folder.is_dir() else []
    return [_listed(path) for path in paths]


def verify_backup(data_dir: Path, file: Path) -> dict[str, Any]:
    """Open a backup into a folder that is deleted again, and say what is in it.

    :raises StartRefused: BACKUP_DAMAGED, BACKUP_TRUNCATED, BACKUP_VERSION, WRONG_PASSWORD
    """
    path = find(data_dir, file)
    with _password_of(path) as password, _scratch(data_dir / "backups") as into:
        return _facts(path, open_backup(path, password, into))


def restore_backup(data_dir: Path, file: Path, *, force: bool) -> dict[str, Any]:
    """Put what a backup holds in the place of a data directory. Until everything was found good, nothing is changed.

    :raises Failure: something is there and ``force`` is False; :raises StartRefused: as :func:`verify_backup`, ALREADY_RUNNING
    """
    path = find(data_dir, file)
    describe(path)  # before anything is looked at or locked
    with ExitStack() as locks:
        is_taken = _is_taken(data_dir)
        if data_dir.is_dir():
            locks.enter_context(_held(data_dir / "daemon.lock"))
        if is_taken and not force:
            raise Failure(
                f"{data_dir} is not empty", hint="restore into another --data-dir, or add --force: it is kept aside"
            )
        with _password_of(path) as password:
            staging = _stage(data_dir)
            try:
                contents = open_backup(path, password, staging)
                _finish(staging, path, contents)
                locks.enter_context(_held(staging.daemon_lock))
                aside = _swap(staging.root, data_dir)
            except BaseException:
                shutil.rmtree(staging.root, ignore_errors=True)
                raise
    return {**_facts(path, contents), "dataDir": str(data_dir), "aside": None if aside is None else str(aside)}


def _finish(staging: DataDir, path: Path, contents: Contents) -> None:
    """The database goes where the restored configuration wants it; the mark tells the next start what this is."""
    database = _configured(staging)
    if database.is_relative_to(staging.root) and database != staging.database:
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        staging.database.rename(database)
    elif not database.is_relative_to(staging.root):  # what lies there now is not ours to replace
        key = ("database", "path")
        change(staging.config, {}, key, ["data/waiaas.db"], lambda written: [], secret=False)
    restored = Restored(file=path.name, made_at=contents.header.created_at, restored_at=int(time.time()))
    write_private(staging.restored, restored.encoded())


def _configured(staging: DataDir) -> Path:
    try:
        return load(staging.root, {}).paths.database
    except StartRefused:  # the next start says what is wrong with it, with more room to explain
        return staging.database


def _stage(data_dir: Path) -> DataDir:
    """An empty data directory beside the place of the real one, so that a rename can put it there."""
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    return create(data_dir.with_name(f".{data_dir.name}.restore-{os.urandom(4).hex()}"))


def _swap(staging: Path, data_dir: Path) -> Path | None:
    """Two renames; a failure of the second one undoes the first. Returns where the old directory went."""
    aside = None
    if data_dir.exists():
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        aside = data_dir.with_name(f"{data_dir.name}.before-restore-{stamp}")
        _rename(data_dir, aside)
    try:
        _rename(staging, data_dir)
    except BaseException:
        if aside is not None:
            aside.rename(data_dir)
        raise
    _sync(data_dir.parent)
    if aside is not None and not any(path for path in aside.iterdir() if path.name != "daemon.lock"):
        shutil.rmtree(aside)
        aside = None
    return aside


def _rename(old: Path, new: Path) -> None:
    try:
        old.rename(new)
    except OSError as problem:
        if problem.errno not in (errno.EBUSY, errno.EXDEV):
            raise
        raise Failure(
            f"{old} is a mount point and cannot be renamed",
            hint="restore into a folder inside the mounted one with --data-dir, and use that",
        ) from None


def _is_taken(data_dir: Path) -> bool:
    """Whether anything worth keeping is there; a bare lock file is nothing."""
    if not data_dir.exists():
        return False
    return not data_dir.is_dir() or any(path.name != "daemon.lock" for path in data_dir.iterdir())


def _listed(path: Path) -> dict[str, Any]:
    item: dict[str, Any] = {"file": path.name, "bytes": path.stat().st_size, "problem": None}
    try:
        header = describe(path)
    except StartRefused as problem:
        return {**item, "createdAt": None, "instanceId": None, "schemaVersion": None, "problem": problem.message}
    return {
        **item,
        "createdAt": header.created_at,
        "instanceId": header.instance_id,
        "schemaVersion": header.schema_version,
    }


def _facts(path: Path, contents: Contents) -> dict[str, Any]:
    header, audit = contents.header, contents.audit
    return {
        "file": str(path),
        "createdAt": header.created_at,
        "instanceId": header.instance_id,
        "program": header.program,
        "schemaVersion": header.schema_version,
        "files": len(contents.files),
        "agents": contents.agents,
        "transactions": contents.transactions,
        "auditRows": audit.rows,
        "auditIntact": audit.is_intact,
        "auditProblems": [problem.text for problem in audit.problems],
        "signedUpTo": None if audit.newest is None else audit.newest.audit_id,
    }


@contextmanager
def _scratch(place: Path) -> Iterator[DataDir]:
    """A private folder for what is opened only to be looked at: never beside the backup, whose disk may be anybody's.

    :param place: preferred, since the database lies in the clear there anyway; else it is the system's place for such
    """
    is_fit = place.is_dir() and os.access(place, os.W_OK)
    with tempfile.TemporaryDirectory(prefix=".verify-", dir=place if is_fit else None) as folder:
        yield create(Path(folder) / "data")


@contextmanager
def _held(lock: Path) -> Iterator[None]:
    held = DirectoryLock(lock)
    held.take()
    try:
        yield
    finally:
        held.release()


@contextmanager
def _password() -> Iterator[bytearray]:
    password = find_password(os.environ)
    try:
        yield password
    finally:
        password[:] = bytes(len(password))


@contextmanager
def _password_of(path: Path) -> Iterator[bytearray]:
    """What opens a backup, which need not be today's password; the file is looked at before anybody is asked."""
    made = describe(path).created_at
    try:
        with _password() as password:
            yield password
    except StartRefused as refused:
        if refused.code != "WRONG_PASSWORD":
            raise
        hint = f"a backup opens with the master password of its time, {at(made)}"
        raise StartRefused("the password does not open this backup", code=refused.code, hint=hint) from None


def _sync(folder: Path) -> None:
    with suppress(OSError):  # some file systems cannot; the renames themselves are done
        sync_folder(folder)
