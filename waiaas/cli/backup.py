"""``waiaas backup``: encrypted backups. All but ``create`` with a running daemon work without one, and no plugin is loaded."""

from pathlib import Path
from typing import Any

import click

from waiaas.cli.exits import FAILED, OK
from waiaas.cli.invocation import Invocation
from waiaas.cli.options import json_option
from waiaas.cli.output import Column, at, print_facts, print_items, print_json, print_table, say
from waiaas.engine.rules.text import clean

_CREATE_SECONDS = 600.0
_FILE = click.argument("file", type=click.Path(path_type=Path))


@click.group()
def backup() -> None:
    """Encrypted backups, each one file that the master password of its time opens."""


@backup.command()
@json_option
@click.pass_obj
def create(invocation: Invocation, as_json: bool) -> None:
    """Make a backup in backups/ of the data directory; by the daemon, or without one from the files."""
    from waiaas.cli.backup_files import backing_up, create_offline
    from waiaas.cli.connections import operator
    from waiaas.cli.running import read_health
    from waiaas.config import DataDir

    if read_health(invocation) is None:
        made = create_offline(invocation.data_dir)
    else:
        with operator(invocation, several=True, seconds=_CREATE_SECONDS) as daemon:
            daemon.admin.status()  # who has to be asked for a password is asked before the bar
            with backing_up(DataDir.at(invocation.data_dir)):
                made = daemon.admin.backup().model_dump(by_alias=True, mode="json")
    path = invocation.data_dir / "backups" / made["file"]
    if as_json:
        return print_json({**made, "path": str(path)})
    say(f"{path} ({made['bytes']} bytes). Keep a copy on another disk; the master password of today opens it.")
    return None


@backup.command("list")
@json_option
@click.pass_obj
def list_(invocation: Invocation, as_json: bool) -> None:
    """List the backups in backups/; needs no password, so what their headers say is not proved."""
    from waiaas.cli.backup_files import listed

    items = listed(invocation.data_dir)
    if as_json:
        return print_items(items)
    columns = [
        Column("file", is_whole=True),
        Column("made"),
        Column("bytes", is_right=True),
        Column("of", when_wide=110),
    ]
    columns.append(Column("state"))
    rows = [(i["file"], at(i["createdAt"]), i["bytes"], i["instanceId"], i["problem"] or "readable") for i in items]
    print_table(columns, rows, empty="There are no backups. Make one with: waiaas backup create")
    return None


@backup.command()
@_FILE
@json_option
@click.pass_obj
def verify(invocation: Invocation, file: Path, as_json: bool) -> int:
    """Open FILE with the password and check everything in it; nothing is restored. FILE is a path, or a name in backups/.

    Exit code 0 when it could be restored and its audit trail is whole.
    """
    from waiaas.cli.backup_files import verify_backup

    found = verify_backup(invocation.data_dir, file)
    if as_json:
        print_json(found)
    else:
        print_facts({name: value for name, value in found.items() if name not in ("createdAt", "auditProblems")})
        for problem in found["auditProblems"]:
            say(f"its audit trail: {clean(problem)}")
        say(f"The backup of {at(found['createdAt'])} can be restored.")
    return OK if found["auditIntact"] else FAILED


@backup.command()
@_FILE
@click.option("--force", is_flag=True, help="Put a data directory that is there aside; it is kept under another name.")
@json_option
@click.pass_obj
def restore(invocation: Invocation, file: Path, force: bool, as_json: bool) -> None:
    """Make the data directory out of FILE. No daemon may run on it.

    At the next start every agent is suspended, every session revoked and every held payment cancelled: payments that were made
    since the backup are unknown to it.
    """
    from waiaas.cli.backup_files import restore_backup

    done: dict[str, Any] = restore_backup(invocation.data_dir, file, force=force)
    if as_json:
        return print_json(done)
    say(f"{done['dataDir']} is as it was at {at(done['createdAt'])}.")
    for problem in done["auditProblems"]:
        say(f"warning: its audit trail: {clean(problem)}")
    if done["aside"]:
        say(f"What was there before, with its backups, is kept in {done['aside']}; delete it when you are sure.")
    say(
        "Start the daemon with: waiaas start. Then, agent by agent: compare with the chain what it"
        " spent since, and waiaas agent resume AGENT --confirm-spent"
    )
    return None
