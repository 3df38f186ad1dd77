"""``waiaas policy``: who may spend what."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from waiaas_sdk import Operator, Policy

from waiaas.cli.agent_names import agent_names
from waiaas.cli.changed_rows import warn_of_changed_policies
from waiaas.cli.connections import operator
from waiaas.cli.echoing import echoed_rules
from waiaas.cli.exits import USAGE, Failure
from waiaas.cli.ids import whole, whole_agent
from waiaas.cli.invocation import Invocation
from waiaas.cli.options import json_option, more, paging
from waiaas.cli.output import Column, at, print_done, print_facts, print_items, print_json, print_table, say
from waiaas.cli.policy_starters import allow, init
from waiaas.cli.policy_tests import limits, try_draft
from waiaas.cli.policy_views import explain, history


@click.group()
def policy() -> None:
    """Policies. Rules are JSON in snake_case, amounts in it texts: base units, or with the symbol.

    Example: waiaas policy create SPENDING_LIMIT --agent bot --rules '{"instant_max": "0.01SOL"}'
    """


for _command in (init, allow, limits, explain, history, try_draft):
    policy.add_command(_command)


@policy.command()
@click.argument("policy_type", metavar="TYPE")
@click.option("--agent", "agent_name", help="The agent it is for.")
@click.option("--all-agents", is_flag=True, help="For every agent instead.")
@click.option("--rules", required=True, help="JSON, or @FILE, or - for stdin.")
@click.option("--priority", default=0, show_default=True, help="Only picks which policy is named.")
@click.option("--disabled", is_flag=True, help="Stored, not in force.")
@json_option
@click.pass_obj
def create(
    invocation: Invocation,
    /,
    policy_type: str,
    rules: str,
    *,
    agent_name: str | None,
    all_agents: bool,
    priority: int,
    disabled: bool,
    as_json: bool,
) -> None:
    """Add a policy of TYPE, see: waiaas policy types."""
    if (agent_name is None) != all_agents:
        raise Failure("say whom it is for: either --agent NAME or --all-agents", exit_code=USAGE)
    parsed: Mapping[str, Any] = read_rules(rules)
    with operator(invocation, several=True) as daemon:
        agent_name = None if agent_name is None else whole_agent(daemon, agent_name)
        parsed = echoed_rules(daemon, policy_type, parsed, agent_name)
        made = daemon.policies.create(policy_type, parsed, agent_id=agent_name, priority=priority, enabled=not disabled)
        _print(made, as_json)


@policy.command("list")
@click.option("--agent", "agent_name", help="Only this agent's own.")
@paging
@json_option
@click.pass_obj
def list_(invocation: Invocation, agent_name: str | None, limit: int | None, cursor: str | None, as_json: bool) -> None:
    """List policies."""
    with operator(invocation, several=True) as daemon:
        agent_id = daemon.agents.show(whole_agent(daemon, agent_name)).id if agent_name else None
        page = daemon.policies.list(agent_id=agent_id, limit=limit, cursor=cursor)
        names = {} if as_json else agent_names(daemon)
        warn_of_changed_policies(daemon)
    if as_json:
        return print_json(page)
    columns = [
        Column("id", is_whole=True),
        Column("type"),
        Column("agent"),
        Column("on"),
        Column("rules", when_wide=100, is_below=True),
    ]
    rows = [
        (p.id, p.type, "all" if p.agent_id is None else names.get(p.agent_id, p.agent_id), p.enabled, p.rules)
        for p in page.items
    ]
    print_table(columns, rows, empty="No policies: plain transfers wait for approval, everything else is denied.")
    if line := more(page.cursor, page.has_more):
        say(line)
    return None


@policy.command()
@click.argument("policy_id", metavar="POLICY")
@json_option
@click.pass_obj
def show(invocation: Invocation, policy_id: str, as_json: bool) -> None:
    """Show one policy."""
    with operator(invocation, several=True) as daemon:
        _print(daemon.policies.show(whole(daemon, "policy", policy_id)), as_json)
        warn_of_changed_policies(daemon)


@policy.command()
@click.argument("policy_id", metavar="POLICY")
@click.option("--rules", help="JSON, or @FILE, or - for stdin.")
@click.option("--priority", type=int)
@json_option
@click.pass_obj
def update(invocation: Invocation, policy_id: str, rules: str | None, priority: int | None, as_json: bool) -> None:
    """Change POLICY's rules or priority; what is not given stays."""
    parsed: Mapping[str, Any] | None = None if rules is None else read_rules(rules)
    with operator(invocation, several=parsed is not None) as daemon:
        policy_id = whole(daemon, "policy", policy_id)
        if parsed is not None:
            present = daemon.policies.show(policy_id)
            parsed = echoed_rules(daemon, present.type, parsed, present.agent_id)
        _print(daemon.policies.update(policy_id, rules=parsed, priority=priority), as_json)


@policy.command()
@click.argument("policy_id", metavar="POLICY")
@json_option
@click.pass_obj
def enable(invocation: Invocation, policy_id: str, as_json: bool) -> None:
    """Put POLICY in force."""
    with operator(invocation) as daemon:
        _print(daemon.policies.update(whole(daemon, "policy", policy_id), enabled=True), as_json)


@policy.command()
@click.argument("policy_id", metavar="POLICY")
@json_option
@click.pass_obj
def disable(invocation: Invocation, policy_id: str, as_json: bool) -> None:
    """Keep POLICY, but not in force."""
    with operator(invocation) as daemon:
        _print(daemon.policies.update(whole(daemon, "policy", policy_id), enabled=False), as_json)


@policy.command()
@click.argument("policy_id", metavar="POLICY")
@json_option
@click.pass_obj
def delete(invocation: Invocation, policy_id: str, as_json: bool) -> None:
    """Remove POLICY."""
    with operator(invocation) as daemon:
        daemon.policies.delete(whole(daemon, "policy", policy_id))
    print_done({"id": policy_id, "deleted": True}, f"{policy_id} is deleted.", as_json)


@policy.command()
@json_option
@click.pass_obj
def types(invocation: Invocation, as_json: bool) -> None:
    """List the policy types that are installed, with the keys of their rules."""
    with operator(invocation) as daemon:
        _print_types(daemon, as_json)


def _print_types(daemon: Operator, as_json: bool) -> None:
    from waiaas.builtin.libraries import missing_types

    found = daemon.catalogue.policy_types()
    if as_json:
        return print_items(found, also_called="policyTypes")
    rows = []
    for kind in found:
        keys = ", ".join(kind.rules_schema.get("properties", {}))
        rows.append((kind.type, "grants" if kind.grants else "restricts", keys))
    print_table([Column("type"), Column("what"), Column("rules")], rows, empty="No policy types are installed.")
    for why in missing_types().values():
        say(why)
    return None


def read_rules(text: str) -> dict[str, Any]:
    """Rules from JSON text, ``@FILE`` or ``-``.

    :raises Failure: not a JSON object
    """
    if text == "-":
        text = sys.stdin.read().removeprefix("\ufeff")
    elif text.startswith("@"):
        text = Path(text[1:]).read_text("utf-8-sig")
    try:
        read = json.loads(text)
    except ValueError as error:
        raise Failure(f"--rules is not JSON: {error}", exit_code=USAGE) from None
    if not isinstance(read, dict):
        raise Failure("--rules is not a JSON object", exit_code=USAGE)
    return read


def _print(found: Policy, as_json: bool) -> None:
    if as_json:
        return print_json(found)
    print_facts(
        {
            "id": found.id,
            "type": found.type,
            "agent": found.agent_id or "all",
            "in force": found.enabled,
            "priority": found.priority,
            "version": found.version,
            "changed": at(found.updated_at),
            "rules": found.rules,
            "amounts": "\n".join(f"{path}: {text}" for path, text in found.display.items()) or None,
        }
    )
    return None
