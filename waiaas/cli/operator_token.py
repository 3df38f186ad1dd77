"""The token of ``waiaas login``: a private file in ``run/``, by which commands go on without asking for the password.

It is worth no more than the daemon's memory says: it ends by itself, with ``waiaas logout``, with the daemon, and with a new
password. No backup holds it, and it is printed nowhere.
"""

import json
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from waiaas.cli.exits import Failure

NAME = "operator.token"
_PREFIX = "wai_op_"
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class OperatorToken:
    """:param ends_at: Unix seconds"""

    token: str
    ends_at: int

    def __repr__(self) -> str:
        return f"OperatorToken(ends_at={self.ends_at})"


def place(data_dir: Path) -> Path:
    """Where it lies."""
    return data_dir / "run" / NAME


def read_token(data_dir: Path) -> OperatorToken | None:
    """The token that was left here; None where nobody is logged in. One that has ended is taken away.

    :raises Failure: a file that is not this user's alone
    """
    path = place(data_dir)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError:
        raise _unsafe(path, "is not a plain file of yours") from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            raise _unsafe(path, "is not a plain file of yours")
        if stat.S_IMODE(found.st_mode) & 0o077:
            raise _unsafe(path, "can be read by others")
        kept = _parsed(os.read(descriptor, _LONGEST))
    finally:
        os.close(descriptor)
    if kept is None or kept.ends_at <= time.time():
        forget_token(data_dir)
        return None
    return kept


def keep_token(data_dir: Path, token: str, ends_at: int) -> None:
    """Leave it for the commands that come; whole or not at all, and private from its first moment."""
    from waiaas.config.data_dir import write_private

    write_private(place(data_dir), json.dumps({"token": token, "expiresAt": ends_at}).encode())


def forget_token(data_dir: Path) -> None:
    """Take it away. May be called again."""
    place(data_dir).unlink(missing_ok=True)


def _parsed(content: bytes) -> OperatorToken | None:
    try:
        read = json.loads(content)
        token, ends_at = read["token"], read["expiresAt"]
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(token, str) or not token.startswith(_PREFIX) or not isinstance(ends_at, int):
        return None
    return OperatorToken(token, ends_at) if token.isascii() and token.isprintable() else None


def _unsafe(path: Path, what: str) -> Failure:
    return Failure(f"{path} {what}", hint=f"take it away and log in again: rm {path}", code="DATA_DIR_UNSAFE")
