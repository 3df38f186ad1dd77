"""``waiaas agent export``: an agent's key into a file. In this process, after the master password, with no plugin loaded."""

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from waiaas.cli.exits import Failure
from waiaas.cli.invocation import Invocation
from waiaas.cli.options import json_option
from waiaas.cli.output import print_json, say
from waiaas.cli.passwords import find_password

if TYPE_CHECKING:
    from waiaas.keystore.argon import ArgonParams

FORMATS = ("waiaas", "solana", "ethereum")
_RAW = "solana"


@click.command("export")
@click.argument("agent")
@click.option("--to", "target", required=True, type=click.Path(path_type=Path), help="File to make; never overwritten.")
@click.option("--format", "kind", type=click.Choice(FORMATS), default="waiaas", show_default=True, help="Kind of file.")
@click.option("--unencrypted", is_flag=True, help="Yes, write a key that anybody can use who reads the file.")
@click.option(
    "--passphrase-file", type=click.Path(path_type=Path, dir_okay=False), help="Private file with the new passphrase."
)
@json_option
@click.pass_obj
def export(
    invocation: Invocation,
    *,
    agent: str,
    target: Path,
    kind: str,
    unencrypted: bool,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Write AGENT's key into a new file of mode 0600, encrypted under a passphrase of its own.

    Formats: waiaas (ours), ethereum (keystore version 3), solana (id.json, which is not encrypted). Needs no daemon; the audit
    log has it, at the latest when the signer is next unlocked.
    """
    _judge(target, kind, unencrypted)
    address = _export(invocation, agent, target.absolute(), kind, passphrase_file)
    if as_json:
        return print_json({"agent": agent, "address": address, "file": str(target.absolute()), "format": kind})
    say(f"The key of {address} is in {target}.")
    if kind == _RAW:
        say(
            "It is NOT encrypted: whoever reads the file owns the account. Move it to where it belongs, and delete it here."
        )
    return None


def _judge(target: Path, kind: str, unencrypted: bool) -> None:
    if kind == _RAW and not unencrypted:
        raise click.UsageError(
            "an id.json is not encrypted: whoever reads the file owns the account. If that is wanted, add --unencrypted."
        )
    if kind != _RAW and unencrypted:
        raise click.UsageError(f"--unencrypted is for {_RAW}: a file of format {kind} is always encrypted")
    if os.path.lexists(target):
        raise Failure(f"{target} exists, and is not overwritten", hint="choose another name")


def _export(invocation: Invocation, agent: str, target: Path, kind: str, passphrase_file: Path | None) -> str:
    from waiaas.cli.keystore_work import argon_of, find_agent, find_passphrase, settings_of
    from waiaas.keystore.master import check_password_strength

    settings = settings_of(invocation)
    found = find_agent(settings, agent)
    password = find_password(os.environ)
    passphrase = None
    try:
        if kind != _RAW:
            least = settings.security.password_min_length
            passphrase = find_passphrase(
                passphrase_file,
                f"New passphrase for the file, {least} characters at least: ",
                confirm=True,
                check=partial(check_password_strength, min_length=least, called="the passphrase"),
            )
        _write(invocation, password, passphrase, (found.id, target, kind), argon_of(settings))
    finally:
        for secret in (password, passphrase or bytearray()):
            secret[:] = bytes(len(secret))
    return found.address


def _write(
    invocation: Invocation,
    password: bytearray,
    passphrase: bytearray | None,
    what: tuple[str, Path, str],
    params: "ArgonParams",
) -> None:
    """On record first, then the file: an export that nobody can see afterwards is not made."""
    from waiaas.cli.keystore_work import tell_daemon
    from waiaas.keystore.desk import Desk
    from waiaas.keystore.files import write_new
    from waiaas.keystore.key_files import KeyFormat, write_key_file
    from waiaas.keystore.opened import opened

    agent_id, target, kind = what
    with Desk() as desk, opened(invocation.data_dir / "keystore", desk, password) as keystore:
        key = keystore.export_key(agent_id)
        text = write_key_file(desk, key, KeyFormat(kind), passphrase, params)
        keystore.note("agent.exported", agent_id, {"address": key.address or "", "format": kind})
        tell_daemon(invocation, password)
        write_new(target, text)
