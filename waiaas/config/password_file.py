"""The password file: read at start, and again when the signer died, because nothing keeps the password."""

import os
import stat
from pathlib import Path

from waiaas.errors import StartRefused

VARIABLE = "WAIAAS_MASTER_PASSWORD_FILE"
_LONGEST = 4096


def read_password_file(path: Path, called: str = VARIABLE) -> bytearray:
    """The file's one line, without its end. The caller wipes it. May be called again.

    :param called: who named the file, for errors
    :raises StartRefused: for what is no plain file, or what others can read
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as problem:
        raise _refused(called, f"{path}: {problem.strerror}", "name a plain file of yours") from None
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise _refused(called, f"{path} is not a plain file", "name a plain file of yours")
        if found.st_uid not in (os.geteuid(), 0) or stat.S_IMODE(found.st_mode) & 0o077:
            raise _refused(called, f"others can read {path}", f"run: chmod 600 {path}")
        content = bytearray(file.read(_LONGEST + 2))
    for end in (b"\n", b"\r"):
        if content.endswith(end):
            del content[-1:]
    return content


def _refused(called: str, what: str, hint: str) -> StartRefused:
    return StartRefused(f"{called}: {what}", code="DATA_DIR_UNSAFE", hint=hint)
