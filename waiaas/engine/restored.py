"""The mark that a restore leaves in the directory that it made, for the daemon that starts there next.

It can only tighten: whoever puts one there has every agent suspended. Whoever takes it away gains nothing, since a restored
directory has no pinned head either; it then is not called a restore (invariant 14).
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from waiaas.engine.rules.text import shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """Where a directory came from. :param made_at: when the backup was made; :param restored_at: when it was opened"""

    file: str
    made_at: int
    restored_at: int

    @property
    def why(self) -> str:
        """The reason that agents are suspended for."""
        return f"it was restored from the backup {self.file}"

    def encoded(self) -> bytes:
        """The mark's bytes."""
        return json.dumps(asdict(self), sort_keys=True).encode()


UNREADABLE = Restored(file="(its mark cannot be read)", made_at=0, restored_at=0)


class RestoreMark:
    """The mark of one directory. The restore writes it, with :meth:`Restored.encoded`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Restored | None:
        """What it says; None where there is none. One that cannot be read is one all the same."""
        try:
            document = json.loads(self._path.read_bytes())
            file, made_at, restored_at = document["file"], document["made_at"], document["restored_at"]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return UNREADABLE
        if not isinstance(file, str) or type(made_at) is not int or type(restored_at) is not int:
            return UNREADABLE
        return Restored(file=shown(file), made_at=made_at, restored_at=restored_at)

    def clear(self) -> None:
        """Take it away. May be called again."""
        self._path.unlink(missing_ok=True)
