"""``waiaas audit``: read the trail, and verify it with or without a daemon."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from waiaas.cli.agent_names import agent_names
from waiaas.cli.connections import operator
from waiaas.cli.exits import FAILED, OK
from waiaas.cli.ids import whole, whole_agent
from waiaas.cli.invocation import Invocation
from waiaas.cli.options import json_option, more, paging
from waiaas.cli.output import Column, at, print_done, print_items, print_json, print_table, say
from waiaas.cli.sign_of_life import bar

_VERIFY_SECONDS = 600.0
"""A long trail takes a while."""


@click.group()
def audit() -> None:
    """The audit trail: append-only, each row chained to the one before."""


@audit.command("list")
@click.option("--event", "event_type", help="Only this type of event.")
@click.option("--agent", "agent_id", help="Only about this agent.")
@click.option("--tx", "tx_id", help="Only about this transaction.")
@click.option("--severity", type=click.Choice(["info", "warning", "critical"]))
@paging
@json_option
@click.pass_obj
def list_(invocation: Invocation, /, as_json: bool, limit: int | None, **filters: Any) -> None:
    """List rows, newest first."""
    with operator(invocation, several=True) as daemon:
        if agent := filters["agent_id"]:
            filters["agent_id"] = daemon.agents.show(whole_agent(daemon, agent)).id
        if payment := filters["tx_id"]:
            filters["tx_id"] = whole(daemon, "transaction", payment)
        page = daemon.audit.list(limit=limit, **filters)
        if as_json:
            return print_json(page)
        names = agent_names(daemon) if any(row.agent_id for row in page.items) else {}
    columns = [
        Column("#", is_right=True, is_whole=True),
        Column("when", is_whole=True),
        Column("event"),
        Column("actor"),
        Column("agent", when_wide=100),
        Column("severity", when_wide=110),
        Column("transaction", when_wide=140, is_whole=True, is_below=True),
        Column("details", when_wide=180),
    ]
    rows = [
        (
            r.id,
            at(r.timestamp),
            r.event_type,
            r.actor,
            names.get(r.agent_id, r.agent_id) if r.agent_id else None,
            r.severity,
            r.tx_id,
            r.details,
        )
        for r in page.items
    ]
    print_table(columns, rows, empty="No rows.")
    if line := more(page.cursor, page.has_more):
        say(line)
    return None


@audit.command()
@click.argument("place", metavar="[FOLDER, DATABASE or EXPORT]", required=False, type=click.Path(path_type=Path))
@click.option("--checkpoint", "kept", multiple=True, metavar="TEXT|FILE", help="A checkpoint that you kept elsewhere.")
@click.option(
    "--daemon", "by_daemon", is_flag=True, help="Have the running daemon do it, which knows the signer's key."
)
@json_option
@click.pass_obj
def verify(invocation: Invocation, place: Path | None, kept: tuple[str, ...], by_daemon: bool, as_json: bool) -> int:
    """Check the whole chain and its signed checkpoints: of a data directory, a database or an exported file.

    Needs no daemon and no password, except with --daemon. Exit code 0 when nothing is wrong.
    """
    from waiaas.cli.audit_files import as_document, as_lines, configured_database, find_database

    if by_daemon:
        if place is not None or kept:
            raise click.UsageError("--daemon verifies the daemon's own trail, without a place and --checkpoint.")
        found = _by_daemon(invocation)
    else:
        from waiaas.cli.audit_files import read_checkpoints, verify_place

        database = configured_database(invocation.data_dir) if place is None else find_database(place)
        found = as_document(verify_place(database, read_checkpoints(kept)), database)
    if as_json:
        print_json(found)
    else:
        say(as_lines(found))
    return OK if found["intact"] else FAILED


def _by_daemon(invocation: Invocation) -> dict[str, Any]:
    with operator(invocation, seconds=_VERIFY_SECONDS) as daemon:
        document: dict[str, Any] = daemon.audit.verify().model_dump(by_alias=True, mode="json")
    return document


@audit.command()
@click.option("--accept", is_flag=True, help="Take every row as it is now. Look at each of them before.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def seals(invocation: Invocation, accept: bool, yes: bool, as_json: bool) -> int:
    """Rows that were changed outside of the daemon: agents, sessions, policies, channels, what it remembers.

    They decide nothing until they are mended. Exit code 0 when there are none.
    """
    with operator(invocation, several=True) as daemon:
        found = daemon.admin.findings()
        if accept:
            if not yes:
                click.confirm(
                    f"Take all rows as they are now, {len(found)} of them changed by somebody else?", abort=True
                )
            daemon.admin.accept_rows()
    if as_json:
        print_items(found)
    else:
        rows = [(one.table, one.key, one.how.replace("_", " "), one.agent_id) for one in found]
        columns = [Column("table"), Column("row", is_whole=True), Column("was"), Column("agent", when_wide=120)]
        print_table(columns, rows, empty="Every row is as the daemon wrote it.")
    return OK if accept or not found else FAILED


@audit.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option("--offline", is_flag=True, help="From the database file, even if a daemon runs; needs no password.")
@json_option
@click.pass_obj
def export(invocation: Invocation, file: Path, force: bool, offline: bool, as_json: bool) -> None:
    """Write every row and every signed checkpoint to FILE as JSON lines, - for standard output.

    From the running daemon, as its operator; without one from the database file. The file can be verified on its own:
    waiaas audit verify FILE.
    """
    from waiaas.cli.audit_export import from_daemon, from_database, write_lines
    from waiaas.cli.audit_files import configured_database, count_rows
    from waiaas.cli.running import read_health
    from waiaas.store.audit_chain import told

    database = configured_database(invocation.data_dir)

    def put(lines: Iterator[str]) -> None:
        with bar("Exporting", count_rows(database)) as on_row:
            counted = told(lines, on_row)
            if str(file) == "-":
                sys.stdout.writelines(counted)
            else:
                write_lines(file, counted, force=force)

    if offline or read_health(invocation) is None:
        put(from_database(database))
    else:
        with operator(invocation, several=True) as daemon:
            put(from_daemon(lambda after: daemon.audit.export(after=after)))
    if str(file) != "-":
        words = f"The audit trail is in {file}. Check it with: waiaas audit verify {file}"
        print_done({"file": str(file.absolute())}, words, as_json)


@audit.command()
@json_option
@click.pass_obj
def checkpoint(invocation: Invocation, as_json: bool) -> None:
    """Print the newest signed checkpoint, one line to keep where nobody who reaches this machine can change it.

    Needs no daemon and no password. Later: waiaas audit verify --checkpoint LINE
    """
    # the line is one JSON document already, and is kept and compared byte for byte
    from waiaas.cli.audit_export import newest_checkpoint
    from waiaas.cli.audit_files import configured_database

    click.echo(newest_checkpoint(configured_database(invocation.data_dir)), nl=False)
