"""``waiaas audit``: read the trail, and verify it with or without a daemon."""

from pathlib import Path
from typing import Any

import click

from waiaas.cli.connections import operator
from waiaas.cli.exits import FAILED, OK
from waiaas.cli.invocation import Invocation
from waiaas.cli.options import json_option, more, paging
from waiaas.cli.output import Column, at, print_json, print_table, say


@click.group()
def audit() -> None:
    """The audit trail: append-only, each row chained to the one before."""


@audit.command("list")
@click.option("--event", "event_type", help="Only this type of event.")
@click.option("--agent", "agent_id", help="Only about this agent (id).")
@click.option("--tx", "tx_id", help="Only about this transaction.")
@click.option("--severity", type=click.Choice(["info", "warning", "critical"]))
@paging
@json_option
@click.pass_obj
def list_(invocation: Invocation, /, as_json: bool, limit: int | None, **filters: Any) -> None:
    """List rows, newest first."""
    with operator(invocation) as daemon:
        page = daemon.audit.list(limit=limit, **filters)
    if as_json:
        return print_json(page)
    columns = [
        Column("#", is_right=True, is_whole=True),
        Column("when", is_whole=True),
        Column("event"),
        Column("actor"),
        Column("severity", when_wide=100),
        Column("transaction", when_wide=130, is_whole=True),
        Column("details", when_wide=160),
    ]
    rows = [(r.id, at(r.timestamp), r.event_type, r.actor, r.severity, r.tx_id, r.details) for r in page.items]
    print_table(columns, rows, empty="No rows.")
    if line := more(page.cursor, page.has_more):
        say(line)
    return None


@audit.command()
@click.argument("place", metavar="[FOLDER or FILE]", required=False, type=click.Path(path_type=Path, exists=True))
@json_option
@click.pass_obj
def verify(invocation: Invocation, place: Path | None, as_json: bool) -> int:
    """Check the whole chain: of a data directory, a folder or a database file; needs no daemon and no password.

    Exit code 0 when nothing is wrong.
    """
    from waiaas.cli.audit_files import as_document, as_lines, find_database, verify_database

    database = find_database(place or invocation.data_dir)
    found = verify_database(database)
    if as_json:
        print_json(as_document(found, database))
    else:
        say(as_lines(found))
    return OK if found.is_intact else FAILED
