"""The data directory: where it is, what lies in it, and that nobody else can read it."""

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from waiaas.errors import StartRefused

PRIVATE_FILE = 0o600
PUBLIC_FILE = 0o644
PRIVATE_FOLDER = 0o700
_OTHERS = 0o077
_FOLDERS = ("run", "data", "keystore", "logs", "backups")


@dataclass(frozen=True, slots=True, kw_only=True)
class DataDir:
    """Every path of a data directory, absolute.

    :param stop_request: an order to stop signing; its presence alone is the order
    :param restored: says that the directory came out of a backup, until a daemon has drawn the consequences
    :param operator_token: what ``waiaas login`` left for the commands after it; dead with the daemon that gave it
    :param admin_socket: bound relative to ``root``, since paths of sockets are short
    """

    root: Path
    config: Path
    plugins_lock: Path
    daemon_lock: Path
    daemon_pid: Path
    daemon_json: Path
    admin_socket: Path
    operator_token: Path
    stop_request: Path
    database: Path
    head: Path
    restored: Path
    keystore: Path
    log: Path
    backups: Path

    @classmethod
    def at(cls, root: Path) -> "DataDir":
        """The layout under ``root`` as it is before configuration moves any file. No I/O."""
        return cls(
            root=root,
            config=root / "config.toml",
            plugins_lock=root / "plugins.lock",
            daemon_lock=root / "daemon.lock",
            daemon_pid=root / "daemon.pid",
            daemon_json=root / "daemon.json",
            admin_socket=root / "run" / "admin.sock",
            operator_token=root / "run" / "operator.token",
            stop_request=root / "stop.request",
            database=root / "data" / "waiaas.db",
            head=root / "data" / "head",
            restored=root / "data" / "restored.json",
            keystore=root / "keystore",
            log=root / "logs" / "daemon.log",
            backups=root / "backups",
        )


def locate(environ: Mapping[str, str]) -> Path:
    """Where the data directory is: ``$WAIAAS_DATA_DIR``, else ``$XDG_DATA_HOME/waiaas``, else ``~/.waiaas``.

    :returns: an absolute path, which need not exist. A relative ``XDG_DATA_HOME`` is ignored (XDG Base Directory
        Specification 0.8)
    """
    if chosen := environ.get("WAIAAS_DATA_DIR"):
        return Path(chosen).expanduser().absolute()
    if (shared := environ.get("XDG_DATA_HOME", "")) and os.path.isabs(shared):
        return Path(shared) / "waiaas"
    home = environ.get("HOME")
    return (Path(home) if home else Path.home()) / ".waiaas"


def create(root: Path) -> DataDir:
    """Make the directory and its folders, mode 0700. May be called again; what exists keeps its mode, and is not checked."""
    root.parent.mkdir(parents=True, exist_ok=True)
    for folder in (root, *(root / name for name in _FOLDERS)):
        folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    return DataDir.at(root)


def check(root: Path, *, readable: frozenset[Path] = frozenset()) -> DataDir:
    """Refuse a directory that others can read or redirect. Reads no file's content. May be called again.

    :param readable: files that others may read, beside ``daemon.pid``
    :raises StartRefused: DATA_DIR_UNSAFE with every finding and the command that mends it
    """
    if not root.is_dir():
        raise StartRefused(f"there is no data directory at {root}", code="DATA_DIR_UNSAFE", hint="run: waiaas init")
    layout = DataDir.at(root)
    findings = list(_findings(root.resolve(), readable | {layout.daemon_pid}))
    if findings:
        raise StartRefused(
            f"the data directory {root} is not safe: " + "; ".join(what for what, _ in findings),
            code="DATA_DIR_UNSAFE",
            hint="run: " + " && ".join(dict.fromkeys(how for _, how in findings)),
            details={"findings": [{"problem": what, "mend": how} for what, how in findings]},
        )
    return layout


def _findings(root: Path, readable: frozenset[Path]) -> Iterator[tuple[str, str]]:
    """(what is wrong, what mends it) for the directory and everything in it; links are not followed."""
    public = {os.path.realpath(path.parent) + os.sep + path.name for path in readable}
    yield from _judge(str(root), os.lstat(root), public)
    for folder, folders, files in os.walk(root, followlinks=False):
        for name in sorted(folders + files):
            path = os.path.join(folder, name)
            try:
                found = os.lstat(path)
            except FileNotFoundError:
                continue  # a temporary or a -wal file may go while the walk is under way
            yield from _judge(path, found, public)


def _judge(path: str, found: os.stat_result, public: set[str]) -> Iterator[tuple[str, str]]:
    if stat.S_ISLNK(found.st_mode):
        yield f"{path} is a symbolic link; what it points to must lie here itself", f"rm {quote(path)}"
        return
    if found.st_uid != os.geteuid():
        yield f"{path} belongs to user {found.st_uid}, not {os.geteuid()}", f"chown {os.geteuid()} {quote(path)}"
    mode = stat.S_IMODE(found.st_mode)
    fitting = PRIVATE_FOLDER if stat.S_ISDIR(found.st_mode) else PUBLIC_FILE if path in public else PRIVATE_FILE
    if mode & _OTHERS & ~fitting:
        yield f"{path} has mode {mode:04o}, others can use it", f"chmod {fitting:o} {quote(path)}"


def write_private(path: Path, content: bytes, *, mode: int = PRIVATE_FILE) -> None:
    """Write a whole file so that a crash leaves the old one or the new one: temporary, fsync, rename, fsync of the folder.

    May be called again. A symbolic link at ``path`` is replaced, not followed.

    :raises OSError: when the disk refuses; the old file then stands and the temporary is gone
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        with open(file, "wb") as stream:
            os.fchmod(file, mode)
            stream.write(content)
            stream.flush()
            os.fsync(file)
        os.rename(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk. May be called again. :raises OSError: where the file system cannot"""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
