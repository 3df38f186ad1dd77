"""``waiaas session``: the tokens by which agent programs act."""

import json
import time
from typing import Any

import click
from waiaas_sdk import IssuedSession, Session

from waiaas.cli.agent_names import agent_names
from waiaas.cli.connections import agent, operator
from waiaas.cli.echoing import echoed_constraints
from waiaas.cli.exits import USAGE, Failure
from waiaas.cli.ids import whole, whole_agent
from waiaas.cli.invocation import Invocation
from waiaas.cli.options import json_option, more, paging, token_file
from waiaas.cli.output import Column, at, print_done, print_facts, print_json, print_table, say


@click.group()
def session() -> None:
    """Sessions: revocable, expiring tokens by which a program acts as one agent."""


@session.command()
@click.argument("agent_name", metavar="AGENT")
@click.option("--ttl", type=click.IntRange(1), help="Seconds that the token lives [security.session_ttl].")
@click.option("--max-amount", help="Most for one payment: base units, or 0.01SOL.")
@click.option("--max-total", help="Most for all payments together, likewise.")
@click.option("--max-transactions", type=click.IntRange(1), help="Most payments.")
@click.option("--recipient", "recipients", multiple=True, help="May pay this address only; repeatable.")
@click.option("--token-only", is_flag=True, help="Print the token and nothing else, for $(...).")
@click.option("--constraints", help='More constraints as JSON: \'{"types": ["TRANSFER"]}\'.')
@json_option
@click.pass_obj
def issue(
    invocation: Invocation,
    /,
    agent_name: str,
    ttl: int | None,
    constraints: str | None,
    token_only: bool,
    as_json: bool,
    **limits: Any,
) -> None:
    """Issue a session for AGENT. Its token is shown this once."""
    wanted = {**_parse(constraints), **_limits(limits)}
    with operator(invocation, several=bool(wanted)) as daemon:
        agent_name = whole_agent(daemon, agent_name)
        wanted = dict(echoed_constraints(daemon, agent_name, wanted))
        issued = daemon.sessions.issue(agent_name, ttl=ttl, constraints=wanted or None)
    if token_only:
        print(issued.token)
    else:
        _print(issued, as_json)


@session.command("list")
@click.option("--agent", "agent_name", help="Only this agent's.")
@paging
@json_option
@click.pass_obj
def list_(invocation: Invocation, agent_name: str | None, limit: int | None, cursor: str | None, as_json: bool) -> None:
    """List sessions, newest first."""
    with operator(invocation, several=True) as daemon:
        agent_id = daemon.agents.show(whole_agent(daemon, agent_name)).id if agent_name else None
        page = daemon.sessions.list(agent_id=agent_id, limit=limit, cursor=cursor)
        if as_json:
            return print_json(page)
        names = agent_names(daemon)
    columns = [
        Column("id", is_whole=True),
        Column("agent"),
        Column("state", is_whole=True),
        Column("expires", is_whole=True),
        Column("revoked", when_wide=110, is_whole=True),
        Column("used", when_wide=140),
    ]
    rows = [
        (s.id, names.get(s.agent_id, s.agent_id), _state(s), at(s.expires_at), at(s.revoked_at), s.usage_stats)
        for s in page.items
    ]
    print_table(columns, rows, empty="No sessions. Issue one: waiaas session issue AGENT")
    if line := more(page.cursor, page.has_more):
        say(line)
    return None


@session.command()
@click.argument("session_id", metavar="SESSION")
@json_option
@click.pass_obj
def revoke(invocation: Invocation, session_id: str, as_json: bool) -> None:
    """End SESSION now; its payments that are not signed are cancelled."""
    with operator(invocation) as daemon:
        daemon.sessions.revoke(whole(daemon, "session", session_id))
    print_done({"id": session_id, "revoked": True}, f"{session_id} is revoked.", as_json)


@session.command()
@token_file
@json_option
@click.pass_obj
def renew(invocation: Invocation, token_file: Any, as_json: bool) -> None:
    """Replace the token of WAIAAS_SESSION_TOKEN by a new one; the old one dies."""
    with agent(invocation, token_file) as wallet:
        _print(wallet.renew(), as_json)


def _state(found: Session) -> str:
    """As of now: a token that ran out opens nothing, though nobody revoked it."""
    if found.revoked_at is not None:
        return "revoked"
    return "expired" if found.expires_at <= time.time() else "issued"


def _parse(constraints: str | None) -> dict[str, Any]:
    try:
        read = json.loads(constraints) if constraints else {}
    except ValueError as error:
        raise Failure(f"--constraints is not JSON: {error}", exit_code=USAGE) from None
    if not isinstance(read, dict):
        raise Failure("--constraints is not a JSON object", exit_code=USAGE)
    return read


def _limits(given: dict[str, Any]) -> dict[str, Any]:
    names = {
        "max_amount": "maxAmount",
        "max_total": "maxTotal",
        "max_transactions": "maxTransactions",
        "recipients": "recipients",
    }
    return {
        wire: list(given[name]) if isinstance(given[name], tuple) else given[name]
        for name, wire in names.items()
        if given[name]
    }


def _print(issued: IssuedSession, as_json: bool) -> None:
    if as_json:
        return print_json(issued)
    print_facts({"id": issued.id, "expires": at(issued.expires_at), "renewals": issued.renewal_count})
    say(f"token    {issued.token}")
    say("It is shown this once. Hand it to the agent program as WAIAAS_SESSION_TOKEN.")
    return None
