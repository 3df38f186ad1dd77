"""Where the master password comes from: the environment, a private file, or the person at the terminal.

It is returned as a ``bytearray`` for the keystore, which wipes it, or as text for the admin socket; it is never stored.
"""

import os
import stat
import sys
from collections.abc import Mapping, MutableMapping

from waiaas.cli.exits import Failure

VARIABLE = "WAIAAS_MASTER_PASSWORD"
FILE_VARIABLE = "WAIAAS_MASTER_PASSWORD_FILE"
_LONGEST = 4096


def find_password(environ: Mapping[str, str], *, confirm: bool = False, prompt: str = "Master password: ") -> bytearray:
    """The password, UTF-8.

    :param confirm: a person is asked twice
    :raises Failure: no source, an unsafe file, two different answers
    """
    given = password_without_asking(environ)
    return given if given is not None else _ask(prompt, confirm)


def password_without_asking(environ: Mapping[str, str]) -> bytearray | None:
    """The password of the environment or the file; None when there is neither.

    :raises Failure: a file that others can read, or an empty password
    """
    if VARIABLE in environ:
        return _checked(environ[VARIABLE].encode(errors="surrogateescape"), VARIABLE)
    if FILE_VARIABLE in environ:
        return _checked(_read_file(environ[FILE_VARIABLE]), FILE_VARIABLE)
    return None


def take_from_environment(environ: MutableMapping[str, str]) -> bytearray | None:
    """The password of ``WAIAAS_MASTER_PASSWORD``, taken out of ``environ``; the process image still holds it until an exec."""
    text = environ.pop(VARIABLE, None)
    return None if text is None else _checked(text.encode(errors="surrogateescape"), VARIABLE)


def as_text(password: bytearray) -> str:
    """For a header of the admin socket.

    :raises Failure: bytes that are no text
    """
    try:
        return password.decode("utf-8")
    except UnicodeDecodeError:
        raise Failure("the password is not UTF-8 text", hint="check the terminal's or the file's encoding") from None


def _read_file(path: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise Failure(f"{FILE_VARIABLE}: {path}: {error.strerror}", hint="name a plain file of yours") from None
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise Failure(f"{FILE_VARIABLE}: {path} is not a plain file", hint="name a plain file of yours")
        if found.st_uid not in (os.geteuid(), 0) or stat.S_IMODE(found.st_mode) & 0o077:
            raise Failure(f"{FILE_VARIABLE}: others can read {path}", hint=f"run: chmod 600 {path}")
        content = file.read(_LONGEST + 2)
    return content.removesuffix(b"\n").removesuffix(b"\r")


def _checked(password: bytes, source: str) -> bytearray:
    if not password:
        raise Failure(f"{source} holds an empty password", hint="unset it to be asked")
    if len(password) > _LONGEST:
        raise Failure(f"{source} holds more than {_LONGEST} bytes", hint="a password is one line")
    if any(byte < 0x20 or byte == 0x7F for byte in password) or password != password.strip():
        raise Failure(f"{source}: control characters and spaces at the ends cannot be part of a password")
    return bytearray(password)


def _ask(prompt: str, confirm: bool) -> bytearray:
    if not _has_terminal():
        raise Failure(
            "there is no terminal to ask for the master password", hint=f"set {FILE_VARIABLE} to a file of mode 600"
        )
    from getpass import getpass

    first = getpass(prompt)
    if confirm and getpass("The same again: ") != first:
        raise Failure("the two passwords differ", hint="nothing was made; run the command again")
    return _checked(first.encode(errors="surrogateescape"), "the terminal")


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return sys.stdin is not None and sys.stdin.isatty()
    return True
