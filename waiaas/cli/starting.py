"""``waiaas init`` and ``waiaas start``: a data directory, and the daemon on it."""

import os
import sys
from functools import partial
from pathlib import Path

import click

from waiaas.cli.exits import Failure
from waiaas.cli.invocation import Invocation
from waiaas.cli.options import json_option
from waiaas.cli.passwords import find_password
from waiaas.config import DataDir, Settings, create, load, write_private


@click.command()
@json_option
@click.pass_obj
def init(invocation: Invocation, as_json: bool) -> None:
    """Make the data directory: config.toml, plugins.lock, and the keystore under a new master password.

    The password is asked twice, or read from WAIAAS_MASTER_PASSWORD or WAIAAS_MASTER_PASSWORD_FILE. Nobody can restore it.
    """
    from waiaas.cli.output import print_json, say

    root = invocation.data_dir
    if (root / "keystore" / "master.json").exists():
        raise Failure(f"{root} is initialised already", hint="Start the daemon with: waiaas start")
    password = _new_password(load(root, os.environ).security.password_min_length)
    try:
        paths = _fill(root, password)
    finally:
        password[:] = bytes(len(password))
    pinned = _pin_plugins(paths)
    if as_json:
        return print_json({"dataDir": str(root), "plugins": pinned})
    say(f"{root} is ready; trusted plugins: {', '.join(pinned) or 'none'}.")
    say("Start the daemon with: waiaas start")
    return None


def _new_password(least: int) -> bytearray:
    from waiaas.keystore.master import check_password_strength

    return find_password(
        os.environ,
        confirm=True,
        prompt=f"New master password, {least} characters at least: ",
        check=partial(check_password_strength, min_length=least),
    )


def _fill(root: Path, password: bytearray) -> DataDir:
    """The keystore comes last: where it stands, everything else does. May be called again after a failure."""
    from waiaas.config.template import render_default
    from waiaas.keystore.master import ArgonParams, check_password_strength, create_master

    settings = load(root, os.environ)
    check_password_strength(password, settings.security.password_min_length)
    paths = create(root)
    if not paths.config.exists():
        write_private(paths.config, render_default().encode())
    params = ArgonParams(
        memory_kib=settings.keystore.argon2_memory,
        time=settings.keystore.argon2_time,
        parallelism=settings.keystore.argon2_parallelism,
    )
    create_master(paths.keystore, password, params, min_length=settings.security.password_min_length)
    return paths


def _pin_plugins(paths: DataDir) -> list[str]:
    from waiaas.cli.trust import pin_everything

    return pin_everything(paths)


@click.command()
@click.option("--detach", is_flag=True, help="Return once the daemon is ready.")
@click.option("--locked", is_flag=True, help="Without the password: nothing is signed until waiaas unlock.")
@click.option("--timeout", type=click.IntRange(1), default=60, show_default=True, help="Seconds to wait with --detach.")
@click.option("--password-fd", type=int, hidden=True)
@json_option
@click.pass_obj
def start(
    invocation: Invocation, *, detach: bool, locked: bool, timeout: int, password_fd: int | None, as_json: bool
) -> int:
    """Run the daemon in the foreground until SIGTERM or Ctrl-C; with --detach in the background.

    The master password is asked for, or read from WAIAAS_MASTER_PASSWORD or WAIAAS_MASTER_PASSWORD_FILE.
    """
    from waiaas.cli import launching

    settings = _startable(invocation.data_dir)
    if detach:
        return launching.detach(invocation, settings, timeout, locked=locked, as_json=as_json)
    if locked:
        launching.exec_without_secret(sys.argv[1:], os.environ)
        return launching.hold(invocation, None)
    if password_fd is None and launching.has_password_in_environment(os.environ):
        launching.exec_without_password(sys.argv[1:], os.environ)
    password = launching.read_pipe(password_fd) if password_fd is not None else find_password(os.environ)
    return launching.hold(invocation, password)


def _startable(root: Path) -> Settings:
    """Refuse early, before anybody is asked for a password.

    :raises Failure: an empty directory; :raises StartRefused: a wrong configuration
    """
    if not (root / "keystore" / "master.json").exists():
        raise Failure(f"{root} holds no keystore", hint="Make one with: waiaas init")
    return load(root, os.environ)
