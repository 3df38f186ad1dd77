"""``waiaas policy init`` and ``allow``: policies to begin with, and one more address that may be paid."""

from collections.abc import Sequence
from typing import Any

import click
from waiaas_sdk import Agent, Operator, Policy, WaiaasApiError

from waiaas.cli.amounts import Unit, Units
from waiaas.cli.connections import operator
from waiaas.cli.exits import FAILED, USAGE, Failure
from waiaas.cli.ids import whole_agent
from waiaas.cli.invocation import Invocation
from waiaas.cli.options import json_option
from waiaas.cli.output import Column, counted, print_items, print_table, say
from waiaas.cli.starter_sets import STARTER_SETS, Document, StarterSet, Wanted

_ALLOWED = "ALLOWED_ADDRESSES"
_PAGE = 200


@click.command()
@click.argument("name", metavar="SET", type=click.Choice(sorted(STARTER_SETS)))
@click.option("--agent", "agent_name", required=True, help="The agent they are for.")
@click.option("--usual", help="A usual payment: base units, or 0.05SOL [a hundredth of the native asset].")
@click.option("--to", "addresses", multiple=True, help="Who may be paid; may be given again.")
@click.option("--timezone", default="UTC", show_default=True, help="For office hours, such as Europe/Berlin.")
@click.option("--yes", is_flag=True, help="Apply them without asking.")
@json_option
@click.pass_obj
def init(
    invocation: Invocation,
    /,
    name: str,
    *,
    agent_name: str,
    usual: str | None,
    addresses: tuple[str, ...],
    timezone: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Give an agent a starter SET of policies: careful, trader or payroll. They are shown first.

    Amounts follow from a usual payment. What the agent has stays; every policy has to agree.
    """
    chosen = STARTER_SETS[name]
    if chosen.needs_addresses and not addresses:
        raise Failure(f"{name} pays known people alone", hint="name them with --to ADDRESS", exit_code=USAGE)
    if as_json and not yes:
        raise Failure("--json asks nobody", hint="give --yes too", exit_code=USAGE)
    with operator(invocation, several=True) as daemon:
        agent = daemon.agents.show(whole_agent(daemon, agent_name))
        unit = _native(daemon, agent)
        wanted = Wanted(usual=_usual(usual, unit), addresses=addresses, timezone=timezone)
        documents = chosen.make(wanted)
        if not yes:
            _show(daemon, agent, chosen, documents, unit.show(wanted.usual))
            click.confirm(f"Apply {counted(len(documents), 'policy', 'policies')} to {agent.name}?", abort=True)
        _apply(daemon, agent, documents, as_json)


def _usual(text: str | None, unit: Unit) -> int:
    return max(1, 10**unit.decimals // 100) if text is None else unit.read(text)


def _native(daemon: Operator, agent: Agent) -> Unit:
    unit = Units.of(daemon).native(agent.chain, agent.network)
    if unit is None:
        raise Failure(f"the plugin of {agent.chain} is not loaded", hint="see: waiaas plugins list")
    return unit


def _show(daemon: Operator, agent: Agent, chosen: StarterSet, documents: Sequence[Document], usual: str) -> None:
    say(f"{chosen.says[:1].upper()}{chosen.says[1:]}. A usual payment: {usual}.")
    print_table([Column("type"), Column("rules")], [(one["type"], one["rules"]) for one in documents], empty="")
    present = daemon.policies.list(agent_id=agent.id, limit=_PAGE).items
    if present:
        has = counted(len(present), "policy", "policies")
        say(f"{agent.name} has {has} already ({_types(present)}). What it has stays, and all have to agree.")


def _types(policies: Sequence[Policy]) -> str:
    return ", ".join(sorted({one.type for one in policies}))


def _apply(daemon: Operator, agent: Agent, documents: Sequence[Document], as_json: bool) -> None:
    """One by one, grants last. What fails ends it: what was made until then only restricts, and is named."""
    made: list[Policy] = []
    for one in documents:
        try:
            made.append(daemon.policies.create(one["type"], one["rules"], agent_id=agent.id))
        except WaiaasApiError as error:
            _say_made(made)
            raise Failure(
                f"{one['type']} was not made: {error.message}",
                hint=f"{len(made)} of {len(documents)} were; mend the cause, delete those, and begin again",
                exit_code=FAILED,
            ) from None
    if as_json:
        print_items(made)
    else:
        _say_made(made)
        say("They are in force. What is left of their limits: waiaas policy limits")


def _say_made(made: Sequence[Policy]) -> None:
    for one in made:
        say(f"{one.id}  {one.type}")


@click.command()
@click.argument("address")
@click.option("--agent", "agent_name", required=True, help="The agent that may pay it.")
@json_option
@click.pass_obj
def allow(invocation: Invocation, address: str, agent_name: str, as_json: bool) -> None:
    """Add ADDRESS to the agent's own lists of addresses that may be paid."""
    with operator(invocation, several=True) as daemon:
        agent = daemon.agents.show(whole_agent(daemon, agent_name))
        own = [one for one in daemon.policies.list(agent_id=agent.id, limit=_PAGE).items if one.type == _ALLOWED]
        if not own:
            raise _no_list(agent, address)
        changed = [_with(daemon, policy, address) for policy in own]
        everybody = [
            one for one in daemon.policies.list(limit=_PAGE).items if one.type == _ALLOWED and one.agent_id is None
        ]
    if as_json:
        return print_items(changed)
    for before, after in zip(own, changed, strict=True):
        is_new = before.rules != after.rules
        say(f"{after.id}  {'is on the list now' if is_new else 'it was on the list already'}, version {after.version}")
        if not after.enabled:
            say("This list is not in force, see: waiaas policy enable")
    if any(one.enabled and address not in one.rules["addresses"] for one in everybody):
        say("A list for all agents does not have it, and every list has to: waiaas policy list")
    return None


def _with(daemon: Operator, policy: Policy, address: str) -> Policy:
    """The policy with the address, whose one spelling is the daemon's to say; a list that it does not change stays as it is."""
    addresses: list[Any] = list(policy.rules["addresses"])
    if address in addresses:
        return policy
    return daemon.policies.update(policy.id, rules={**policy.rules, "addresses": [*addresses, address]})


def _no_list(agent: Agent, address: str) -> Failure:
    rules = f'{{"addresses": ["{address}"]}}'
    return Failure(
        f"{agent.name} has no list of its own, so no list of its own refuses any address",
        hint=f"to let it pay this one alone: waiaas policy create {_ALLOWED} --agent {agent.name} --rules '{rules}'",
    )
