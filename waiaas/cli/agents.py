"""``waiaas agent``: agents, each one key on one network."""

import click
from waiaas_sdk import Agent

from waiaas.cli.amounts import Units
from waiaas.cli.balances import Holding, holding, holdings
from waiaas.cli.connections import operator
from waiaas.cli.exits import Failure
from waiaas.cli.export_key import export
from waiaas.cli.ids import whole_agent
from waiaas.cli.import_key import import_
from waiaas.cli.invocation import Invocation
from waiaas.cli.options import AGENT_STATUSES, LOCAL_NETWORKS, json_option, more, network_option, one_of, paging
from waiaas.cli.output import Column, at, print_done, print_facts, print_json, print_table, say


@click.group()
def agent() -> None:
    """Agents: each one key, one chain, one network. AGENT is a name or an id."""


agent.add_command(import_)
agent.add_command(export)


@agent.command()
@click.argument("name")
@click.option("--chain", default="solana", show_default=True, help="Chain family, see: waiaas plugins list.")
@network_option
@json_option
@click.pass_obj
def create(invocation: Invocation, name: str, chain: str, network: str | None, as_json: bool) -> None:
    """Make an agent with a fresh key."""
    with operator(invocation) as daemon:
        _print(daemon.agents.create(name, chain, network), as_json)
    if not as_json:
        say(f"Next: waiaas policy create SPENDING_LIMIT --agent {name} ... and waiaas session issue {name}")


@agent.command("list")
@one_of(AGENT_STATUSES)
@click.option("--balances", is_flag=True, help="Ask their nodes what they hold.")
@paging
@json_option
@click.pass_obj
def list_(
    invocation: Invocation, status: str | None, balances: bool, limit: int | None, cursor: str | None, as_json: bool
) -> None:
    """List agents, newest first."""
    with operator(invocation, several=balances) as daemon:
        page = daemon.agents.list(status=status, limit=limit, cursor=cursor)
        held = holdings(daemon, page.items) if balances else {}
    if as_json:
        wire = page.model_dump(by_alias=True, mode="json")
        items = [{**item, **(held[item["id"]].to_wire() if balances else {})} for item in wire["items"]]
        return print_json({**wire, "items": items})
    columns = [
        Column("name"),
        Column("network"),
        Column("status", is_whole=True),
        Column("address", is_whole=True),
        *([Column("holds")] if balances else []),
        Column("id", is_whole=True),
    ]
    rows = [
        (
            a.name,
            f"{a.chain}/{a.network}",
            a.status,
            a.address,
            *([held[a.id].lines(strangers=False)] if balances else []),
            a.id,
        )
        for a in page.items
    ]
    none = f"No agent is {status}." if status else "No agents yet. Make one: waiaas agent create NAME"
    print_table(columns, rows, empty=none)
    if line := more(page.cursor, page.has_more):
        say(line)
    return None


@agent.command()
@click.argument("agent")
@json_option
@click.pass_obj
def show(invocation: Invocation, agent: str, as_json: bool) -> None:
    """Show one agent, with what it holds."""
    with operator(invocation, several=True) as daemon:
        found = daemon.agents.show(whole_agent(daemon, agent))
        _print(found, as_json, holding(daemon, found))


@agent.command()
@click.argument("agent")
@click.argument("name")
@json_option
@click.pass_obj
def rename(invocation: Invocation, agent: str, name: str, as_json: bool) -> None:
    """Give AGENT another NAME."""
    with operator(invocation) as daemon:
        _print(daemon.agents.rename(whole_agent(daemon, agent), name), as_json)


@agent.command()
@click.argument("agent")
@click.option("--reason", help="Why, for the audit trail.")
@json_option
@click.pass_obj
def suspend(invocation: Invocation, agent: str, reason: str | None, as_json: bool) -> None:
    """Stop signing for AGENT until it is resumed."""
    with operator(invocation) as daemon:
        _print(daemon.agents.suspend(whole_agent(daemon, agent), reason), as_json)


@agent.command()
@click.argument("agent")
@click.option(
    "--confirm-spent", is_flag=True, help="After a restore or a move: the daemon knows everything that AGENT has spent."
)
@json_option
@click.pass_obj
def resume(invocation: Invocation, agent: str, confirm_spent: bool, as_json: bool) -> None:
    """Let a suspended AGENT go on.

    In a directory that was restored or moved, nothing is paid before you have compared what the chain shows with
    `waiaas tx list` and said so with --confirm-spent.
    """
    with operator(invocation) as daemon:
        _print(daemon.agents.resume(whole_agent(daemon, agent), confirm_spent=confirm_spent), as_json)


@agent.command()
@click.argument("agent")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def terminate(invocation: Invocation, agent: str, yes: bool, as_json: bool) -> None:
    """End AGENT for good. What it still owns stays at its address."""
    if not yes:
        click.confirm(f"End {agent} for good? Its sessions die and nothing is signed for it again", abort=True)
    with operator(invocation) as daemon:
        daemon.agents.terminate(whole_agent(daemon, agent))
    print_done({"agent": agent, "terminated": True}, f"{agent} is terminated.", as_json)


@agent.command()
@click.argument("agent")
@click.argument("amount")
@json_option
@click.pass_obj
def fund(invocation: Invocation, agent: str, amount: str, as_json: bool) -> None:
    """Ask a localnet's faucet for AMOUNT, in base units (2000000000) or with the symbol (2SOL)."""
    from waiaas.cli.localchains import faucet

    with operator(invocation, several=True) as daemon:
        found = daemon.agents.show(whole_agent(daemon, agent))
        unit = Units.of(daemon).native(found.chain, found.network)
    if unit is None or found.address is None:
        raise Failure(f"nothing here serves {found.chain}/{found.network}", hint="see: waiaas plugins list")
    units = unit.read(amount)
    transaction = faucet(invocation, found.chain, found.network, found.address, units)
    if as_json:
        return print_json({"agentId": found.id, "address": found.address, "amount": str(units), "txHash": transaction})
    say(f"{found.name} was given {unit.show(units)} in {transaction}")
    return None


def money(is_test: bool | None, network: str) -> str:
    """Whether what an agent holds is worth anything, said so that nobody takes one for the other."""
    if is_test is None:
        return "unknown: the chain's plugin is not loaded, see: waiaas plugins list"
    if not is_test:
        return "REAL MONEY"
    return "local test network, worth nothing" if network in LOCAL_NETWORKS else "test network, worth nothing"


def _print(found: Agent, as_json: bool, held: Holding | None = None) -> None:
    if as_json:
        wire = found.model_dump(by_alias=True, mode="json")
        return print_json({**wire, **(held.to_wire() if held else {})})
    print_facts(
        {
            "id": found.id,
            "name": found.name,
            "network": f"{found.chain}/{found.network}",
            "money": money(found.is_test, found.network),
            "chain id": found.chain_id,
            "address": found.address,
            "holds": held.lines(strangers=True) if held else None,
            "status": found.status,
            "owner": found.owner_state,
            "created": at(found.created_at),
            "suspended": at(found.suspended_at) if found.suspended_at else None,
            "because": found.suspension_reason,
        }
    )
    return None
