"""``plugins.lock``: which plugins this data directory trusts. The record is the registry's; reading and writing are here."""

from pathlib import Path

from waiaas.config import DataDir, Settings, write_private
from waiaas.registry import Lock, Pin, Registry, digest, installed, load, parse, pin_all


def read_lock(path: Path) -> Lock | None:
    """The lock; None where there is no data directory. In one that has lost the file, nothing is trusted.

    :raises StartRefused: when it cannot be understood
    """
    try:
        return parse(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        return Lock() if (path.parent / "keystore" / "master.json").exists() else None


def write_lock(path: Path, lock: Lock) -> None:
    """Replace the file."""
    write_private(path, lock.render().encode())


def pin_everything(paths: DataDir) -> list[str]:
    """Trust what is installed now, unless there is a lock already. Returns the names that are trusted."""
    lock = read_lock(paths.plugins_lock)
    if lock is None or not paths.plugins_lock.exists():
        lock = pin_all()
        write_lock(paths.plugins_lock, lock)
    return [pin.name for pin in lock.pins]


def load_plugins(settings: Settings) -> Registry:
    """Import the trusted plugins into this process; without a data directory, those that are installed.

    Not in a process that has read a password.
    """
    lock = read_lock(settings.paths.plugins_lock)
    if lock is None:
        lock = Lock(pins=tuple(_as_installed()))
    return load(lock, settings.plugins.allow, settings.plugins.disable)


def _as_installed() -> list[Pin]:
    plugins = installed()
    return [
        Pin(
            name=plugin.name,
            distribution=plugin.distribution,
            version=plugin.version,
            hash=digest(plugin),
            examined=plugin.is_own,
        )
        for plugin in plugins
    ]
