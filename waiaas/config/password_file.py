"""The password file: read at start, and again when the signer died, because nothing keeps the password."""

import os
import stat
from pathlib import Path

from waiaas.errors import StartRefused

VARIABLE = "WAIAAS_MASTER_PASSWORD_FILE"
_LONGEST = 4096


def read_password_file(path: Path) -> bytearray:
    """The file's one line, without its end. The caller wipes it. May be called again.

    :raises StartRefused: for what is no plain file, or what others can read
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as problem:
        raise _refused(f"{path}: {problem.strerror}", "name a plain file of yours") from None
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise _refused(f"{path} is not a plain file", "name a plain file of yours")
        if found.st_uid not in (os.geteuid(), 0) or stat.S_IMODE(found.st_mode) & 0o077:
            raise _refused(f"others can read {path}", f"run: chmod 600 {path}")
        content = bytearray(file.read(_LONGEST + 2))
    for end in (b"\n", b"\r"):
        if content.endswith(end):
            del content[-1:]
    return content


def _refused(what: str, hint: str) -> StartRefused:
    return StartRefused(f"{VARIABLE}: {what}", code="DATA_DIR_UNSAFE", hint=hint)
