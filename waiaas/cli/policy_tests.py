"""``waiaas policy test`` and ``limits``: what a draft would have done, and who can spend what today."""

import json
import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from waiaas_sdk import AgentLimits, Backtest, BacktestRow, Limit, Operator

from waiaas.cli.agent_names import agent_names
from waiaas.cli.amounts import Unit, Units
from waiaas.cli.changed_rows import warn_of_changed_policies
from waiaas.cli.connections import operator
from waiaas.cli.exits import USAGE, Failure
from waiaas.cli.ids import whole_agent
from waiaas.cli.invocation import Invocation
from waiaas.cli.options import json_option
from waiaas.cli.output import Column, at, print_items, print_json, print_table, say

_SPAN = re.compile(r"([1-9][0-9]{0,5})([smhdw])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_TIERS = ("INSTANT", "NOTIFY", "DELAY", "APPROVAL", "DENY")
_MOST_SHOWN = 200
_PAGE = 100


@click.command("test")
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--since", default="30d", show_default=True, help="How far back: 12h, 30d, 8w.")
@click.option("--agent", "agent_name", help="Only this agent's transactions; left out, everybody's, by a global draft.")
@json_option
@click.pass_obj
def try_draft(invocation: Invocation, file: str, since: str, agent_name: str | None, as_json: bool) -> None:
    """Show what the policies in FILE would have done with the transactions on record. Nothing is stored.

    FILE is JSON, a list of {"type": ..., "rules": {...}}; - is stdin. The draft stands in place of every policy.

    Example: waiaas policy test draft.json --agent bot --since 30d
    """
    drafts, span = read_drafts(file), read_span(since)
    with operator(invocation, several=not as_json, seconds=120.0) as daemon:
        agent_id = None if agent_name is None else whole_agent(daemon, agent_name)
        found = daemon.policies.backtest(drafts, agent_id=agent_id, since=int(time.time()) - span)
        if as_json:
            return print_json(found)
        names, units = agent_names(daemon), Units.of(daemon)
    _print_changes(found, names, units)
    _print_totals(found)
    return None


def _print_changes(found: Backtest, names: Mapping[str, str], units: Units) -> None:
    changed = [row for row in found.rows if row.changed]
    columns = [
        Column("when", is_whole=True),
        Column("transaction", is_whole=True, when_wide=150, is_below=True),
        Column("agent"),
        Column("amount", is_right=True, is_whole=True),
        Column("to", when_wide=130, is_whole=True, is_below=True),
        Column("was", is_whole=True),
        Column("would be", is_whole=True),
        Column("because", when_wide=90),
    ]
    rows = [_change(row, names, units) for row in changed[:_MOST_SHOWN]]
    print_table(columns, rows, empty="Nothing would have been decided otherwise.")
    if len(changed) > _MOST_SHOWN:
        say(f"{len(changed) - _MOST_SHOWN} more changes are not shown; --json has all of them.")
    say("")


def _change(row: BacktestRow, names: Mapping[str, str], units: Units) -> Sequence[object]:
    why = f"{row.after.get('type')}: {row.after.get('reason')}"
    freezes = ", and the agent would be suspended" if row.after.get("freezes") else ""
    who = names.get(row.agent_id, row.agent_id)
    before, after = row.before.get("tier"), row.after.get("tier")
    return (
        at(row.created_at),
        row.id,
        who,
        units.brief_of(row.asset, row.amount),
        row.to_address,
        before,
        after,
        why + freezes,
    )


def _print_totals(found: Backtest) -> None:
    before, after = found.totals["before"], found.totals["after"]
    columns = [
        Column("tier"),
        Column("was", is_right=True),
        Column("would be", is_right=True),
        Column("", is_right=True),
    ]
    rows = [
        (tier, before.get(tier, 0), after.get(tier, 0), _sign(after.get(tier, 0) - before.get(tier, 0)))
        for tier in _TIERS
    ]
    print_table(columns, rows, empty="")
    say(f"{len(found.rows)} transactions, {found.changed} of them decided otherwise.")
    if found.truncated:
        say("There are more on record than were judged: take a shorter --since.")


def _sign(difference: int) -> str:
    return f"{difference:+d}" if difference else ""


@click.command()
@click.option("--agent", "agent_name", help="Only this agent's.")
@json_option
@click.pass_obj
def limits(invocation: Invocation, agent_name: str | None, as_json: bool) -> None:
    """Show who can spend what today: every limit, what is used of it, what is left, and when it resets."""
    with operator(invocation, several=True) as daemon:
        found = _limits(daemon, None if agent_name is None else whole_agent(daemon, agent_name))
        warn_of_changed_policies(daemon)
    if as_json:
        return print_items(found)
    columns = [
        Column("agent"),
        Column("policy"),
        Column("limit"),
        Column("of", when_wide=110),
        Column("at most", is_right=True),
        Column("used", is_right=True, when_wide=80),
        Column("left", is_right=True),
        Column("resets", when_wide=100),
    ]
    print_table(columns, [row for agent in found for row in _rows(agent)], empty="There is no agent.")
    for agent in found:
        if not agent.has_grant:
            say(
                f"{agent.name} has no policy that grants anything: its transfers wait for approval, all else is denied."
            )
    return None


def _limits(daemon: Operator, agent_name: str | None) -> list[AgentLimits]:
    found: list[AgentLimits] = []
    cursor = None
    while True:
        page = daemon.policies.limits(agent_id=agent_name, limit=_PAGE, cursor=cursor)
        found += page.items
        cursor = page.cursor
        if not page.has_more or cursor is None:
            return found


def _rows(agent: AgentLimits) -> Sequence[Sequence[object]]:
    state = agent.name if agent.status == "ACTIVE" else f"{agent.name} ({agent.status})"
    return [
        (state, one.type, _name(one), _asset(one), _most(one), _shown(one, one.used), _shown(one, one.remaining),
         "" if one.resets_at is None else at(one.resets_at))
        for one in agent.limits
    ]  # fmt: skip


def _name(one: Limit) -> str:
    shared = ", shared" if one.scope == "all" else ""
    length = "ever" if one.seconds is None else f"{_length(one.seconds)}"
    return f"{one.measure} in {length}{shared}"


def _length(seconds: int) -> str:
    unit = next((word for word in "wdhm" if seconds % _SECONDS[word] == 0), "s")
    return f"{seconds // _SECONDS[unit]}{unit}"


def _asset(one: Limit) -> str:
    return (one.symbol or one.asset or "") if one.measure == "spent" else "transactions"


def _most(one: Limit) -> str:
    return f"{one.limit_usd} USD" if one.limit_usd is not None else _shown(one, one.limit)


def _shown(one: Limit, units: int | None) -> str:
    if units is None:
        return "?"
    if one.symbol is None or one.decimals is None:
        return str(units)
    return Unit(one.symbol, one.decimals).display(units)


def read_span(text: str) -> int:
    """Seconds of ``12h``, ``30d``, ``8w``. :raises Failure: anything else"""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise Failure(f"{text!r} is no length of time", hint="write 90m, 12h, 30d or 8w", exit_code=USAGE)
    return int(found[1]) * _SECONDS[found[2]]


def read_drafts(file: str) -> list[dict[str, Any]]:
    """The policies of a file, as a list or under ``policies``. :raises Failure: when it holds something else"""
    text = sys.stdin.read().removeprefix("\ufeff") if file == "-" else Path(file).read_text("utf-8-sig")
    try:
        read = json.loads(text)
    except ValueError as error:
        raise Failure(f"{file} is not JSON: {error}", exit_code=USAGE) from None
    found = read.get("policies") if isinstance(read, dict) else read
    if not isinstance(found, list) or not all(_is_draft(one) for one in found):
        raise Failure(
            f"{file} is no draft of policies", hint='write [{"type": ..., "rules": {...}}, ...]', exit_code=USAGE
        )
    return [{"type": one["type"], "rules": one["rules"]} for one in found]


def _is_draft(one: object) -> bool:
    return isinstance(one, dict) and isinstance(one.get("type"), str) and isinstance(one.get("rules"), dict)
