"""Commands that plugins bring: run only when the plugin's distribution is trusted."""

from pathlib import Path

from waiaas.cli.exits import REFUSED, Failure
from waiaas.cli.trust import read_lock


def require_trust(data_dir: Path | None, command: str, distribution: str) -> None:
    """Let a command pass whose distribution ``plugins.lock`` names; without a data directory, any that is installed.

    :raises Failure: when it is not trusted
    """
    lock = None if data_dir is None else read_lock(data_dir / "plugins.lock")
    if lock is None or distribution.lower().replace("_", "-") in {pin.distribution for pin in lock.pins}:
        return
    raise Failure(
        f"the command {command} comes from {distribution}, which plugins.lock does not trust",
        hint="See: waiaas plugins list, then waiaas plugins trust NAME",
        exit_code=REFUSED,
    )
