"""``waiaas password``: another master password, and another data key."""

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from waiaas.cli.invocation import Invocation
from waiaas.cli.options import json_option
from waiaas.cli.output import print_json, say
from waiaas.cli.passwords import FILE_VARIABLE, VARIABLE, find_password, read_secret

if TYPE_CHECKING:
    from waiaas.config import Settings


@click.group()
def password() -> None:
    """The master password. Needs no daemon; nobody can restore a password that is lost."""


@password.command()
@click.option(
    "--rekey", is_flag=True, help="Also draw a new data key and seal everything anew; the daemon must not run."
)
@click.option(
    "--new-password-file", type=click.Path(path_type=Path, dir_okay=False), help="Private file with the new password."
)
@json_option
@click.pass_obj
def change(invocation: Invocation, rekey: bool, new_password_file: Path | None, as_json: bool) -> None:
    """Give the keystore another master password; with --rekey another data key too.

    A running daemon goes on and takes the new password from then on. Copies of the old master.json still open with the old
    password: when files may have leaked as well, use --rekey.
    """
    from waiaas.cli.keystore_work import settings_of

    settings = settings_of(invocation)
    old, new = find_password(os.environ), bytearray()
    try:
        new = _new_password(new_password_file, settings.security.password_min_length)
        count = _rekey(settings, old, new) if rekey else _rewrap(invocation, settings, old, new)
    finally:
        for secret in (old, new):
            secret[:] = bytes(len(secret))
    if as_json:
        return print_json({"changed": True, "rekeyed": rekey, "files": count})
    say(f"The data key is new, and {count} files are sealed under it." if rekey else "The master password is changed.")
    for name in (VARIABLE, FILE_VARIABLE):
        if name in os.environ:
            say(f"{name} still gives the old password: change it too.")
    return None


def _new_password(file: Path | None, least: int) -> bytearray:
    from waiaas.keystore.master import check_password_strength

    if file is not None:
        return read_secret(file, "--new-password-file")
    return find_password(
        {},
        confirm=True,
        prompt=f"New master password, {least} characters at least: ",
        check=partial(check_password_strength, min_length=least),
        instead="name a private file of mode 600 with --new-password-file",
    )


def _rewrap(invocation: Invocation, settings: "Settings", old: bytearray, new: bytearray) -> int:
    from waiaas.cli.keystore_work import argon_of, tell_daemon
    from waiaas.keystore.desk import Desk
    from waiaas.keystore.rewrapping import change_password

    least = settings.security.password_min_length
    with Desk() as desk:
        change_password(settings.paths.keystore, desk, old, new, argon_of(settings), min_length=least)
    tell_daemon(invocation, new)
    return 1


def _rekey(settings: "Settings", old: bytearray, new: bytearray) -> int:
    """The directory's lock keeps a daemon from starting meanwhile. :raises StartRefused: ALREADY_RUNNING"""
    from waiaas.cli.keystore_work import argon_of
    from waiaas.daemon.lock import DirectoryLock
    from waiaas.engine.rekeying import rekey
    from waiaas.keystore.desk import Desk

    lock = DirectoryLock(settings.paths.daemon_lock)
    lock.take()
    try:
        least = settings.security.password_min_length
        with Desk() as desk:
            return rekey(settings.paths, desk, old, new, argon_of(settings), min_length=least)
    finally:
        lock.release()
