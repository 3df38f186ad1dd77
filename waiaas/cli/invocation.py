"""What every command is told: where the data directory is, and whether stack traces are wanted."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run of the program. :param data_dir: absolute; need not exist"""

    data_dir: Path
    debug: bool

    @classmethod
    def of(cls, given: Path | None, debug: bool, environ: Mapping[str, str]) -> "Invocation":
        """From ``--data-dir``, else as the environment says."""
        if given is not None:
            return cls(given.expanduser().absolute(), debug)
        from waiaas.config.data_dir import locate

        return cls(locate(environ), debug)

    @property
    def admin_socket(self) -> Path:
        """Where a daemon of this directory listens for commands."""
        return self.data_dir / "run" / "admin.sock"
