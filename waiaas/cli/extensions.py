"""Commands that plugins bring: run only when the plugin's distribution is trusted as it is installed now."""

from pathlib import Path

from waiaas.cli.exits import REFUSED, Failure
from waiaas.cli.trust import read_lock
from waiaas.registry import digest, installed


def require_trust(data_dir: Path, command: str, distribution: str) -> None:
    """Let a command pass whose distribution ``plugins.lock`` trusts by the hash of its files; without a data directory, any
    that is installed.

    :raises Failure: when it is not trusted
    """
    lock = read_lock(data_dir / "plugins.lock")
    if lock is None:
        return
    name = distribution.lower().replace("_", "-")
    for plugin in installed():
        pin = lock.get(plugin.name)
        if plugin.distribution == name and pin is not None and pin.enabled and pin.hash == digest(plugin):
            return
    raise Failure(
        f"the command {command} comes from {distribution}, which plugins.lock does not trust as it is installed now",
        hint="See: waiaas plugins list, then waiaas plugins trust NAME",
        exit_code=REFUSED,
    )
