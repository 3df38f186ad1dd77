"""Where the master password comes from: the environment, a private file, or the person at the terminal.

It is returned as a ``bytearray`` for the keystore, which wipes it, or as text for the admin socket; it is never stored.
"""

import os
import sys
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from unicodedata import normalize

from waiaas.cli.exits import Failure
from waiaas.config.password_file import VARIABLE as _FILE_VARIABLE
from waiaas.config.password_file import read_password_file

VARIABLE = "WAIAAS_MASTER_PASSWORD"
FILE_VARIABLE = _FILE_VARIABLE
_LONGEST = 4096
_TRIES = 3


def find_password(
    environ: Mapping[str, str],
    *,
    confirm: bool = False,
    prompt: str = "Master password: ",
    check: Callable[[bytearray], None] | None = None,
    instead: str = f"set {FILE_VARIABLE} to a file of mode 600",
) -> bytearray:
    """The password, UTF-8.

    :param confirm: a person is asked twice
    :param check: refuses what a person typed, before it is asked for again
    :param instead: what to do where there is no terminal
    :raises Failure: no source, an unsafe file, two different answers
    """
    given = password_without_asking(environ)
    return given if given is not None else _ask(prompt, confirm, check, instead)


def password_without_asking(environ: Mapping[str, str]) -> bytearray | None:
    """The password of the environment or the file; None when there is neither.

    :raises Failure: a file that others can read, or an empty password
    """
    if VARIABLE in environ:
        return _checked(environ[VARIABLE].encode(errors="surrogateescape"), VARIABLE)
    if FILE_VARIABLE in environ:
        return _checked(read_password_file(Path(environ[FILE_VARIABLE])), FILE_VARIABLE)
    return None


def read_secret(path: Path, called: str) -> bytearray:
    """A password or passphrase from a private file. :param called: the option that named it

    :raises Failure: an empty one; :raises StartRefused: a file that others can read
    """
    return _checked(read_password_file(path, called), called)


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


def _checked(password: bytes | bytearray, source: str) -> bytearray:
    if not password:
        raise Failure(f"{source} holds an empty password", hint="unset it to be asked")
    if len(password) > _LONGEST:
        raise Failure(f"{source} holds more than {_LONGEST} bytes", hint="a password is one line")
    if any(byte < 0x20 or byte == 0x7F for byte in password) or password != password.strip():
        raise Failure(f"{source}: control characters and spaces at the ends cannot be part of a password")
    return bytearray(password)


def _ask(prompt: str, confirm: bool, check: Callable[[bytearray], None] | None, instead: str) -> bytearray:
    if not _has_terminal():
        raise Failure(f"there is no terminal to ask on: {prompt.rstrip(': ')}", hint=instead)
    for left in reversed(range(_TRIES)):
        try:
            return _typed(prompt, confirm, check)
        except Failure as problem:  # a slip; one that is too weak was meant, and ends it
            if not left:
                raise
            print(f"{problem.message}. Once more.", file=sys.stderr)
    raise AssertionError("the last try raises")


def _typed(prompt: str, confirm: bool, check: Callable[[bytearray], None] | None) -> bytearray:
    from getpass import getpass

    first = getpass(prompt)
    given = _checked(first.encode(errors="surrogateescape"), "the terminal")
    if check is not None:
        check(given)
    if confirm and normalize("NFC", getpass("The same again: ")) != normalize("NFC", first):
        raise Failure("the two passwords differ", hint="nothing was made; run the command again")
    return given


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return sys.stdin is not None and sys.stdin.isatty()
    return True
