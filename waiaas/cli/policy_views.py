"""``waiaas policy explain`` and ``history``: what every policy said of a payment, and what was changed by whom."""

from collections.abc import Mapping, Sequence
from typing import Any

import click
from waiaas_sdk import Transaction

from waiaas.cli.connections import operator
from waiaas.cli.ids import whole
from waiaas.cli.invocation import Invocation
from waiaas.cli.options import json_option
from waiaas.cli.output import Column, at, print_facts, print_items, print_json, print_table, say
from waiaas.cli.reasons import sentence

_PAGES = 10
_EVENTS = ("policy.created", "policy.changed", "policy.deleted")


@click.command()
@click.argument("transaction", metavar="TX")
@json_option
@click.pass_obj
def explain(invocation: Invocation, transaction: str, as_json: bool) -> None:
    """Show what every policy said of transaction TX, and which of them decided."""
    with operator(invocation) as daemon:
        row = daemon.transactions.show(whole(daemon, "transaction", transaction))
    if as_json:
        return print_json({"id": row.id, "status": row.status, "tier": row.tier, "decision": row.decision})
    decision = row.decision or {}
    _print_outcome(row, decision)
    say("")
    columns = [
        Column("", is_whole=True),
        Column("policy", is_whole=True, when_wide=120, is_below=True),
        Column("type"),
        Column("tier", is_whole=True),
        Column("code"),
        Column("reason"),
        Column("remaining", is_right=True, when_wide=100),
        Column("resets", when_wide=140),
    ]
    verdicts: Sequence[Mapping[str, Any]] = decision.get("verdicts", ())
    print_table(columns, [_verdict(one, decision) for one in verdicts], empty="No policy had anything to say.")
    return None


def _print_outcome(row: Transaction, decision: Mapping[str, Any]) -> None:
    earlier: Sequence[Mapping[str, Any]] = decision.get("before", ())
    facts: dict[str, object] = {"transaction": row.id, "status": row.status, "tier": row.tier}
    if earlier:
        facts["when asked for"] = _told(earlier[0])
    for one in earlier[1:]:
        facts[f"at {at(one.get('judgedAt'))}"] = _told(one)
    facts["at release" if earlier else "decided by"] = _told(decision)
    if row.error and row.error != decision.get("reason"):
        facts["it ended"] = f"{row.error_code}: {row.error}"
    print_facts({**facts, "judged": at(decision.get("judgedAt"))})


def _told(decision: Mapping[str, Any]) -> str:
    return f"{decision.get('tier')}, {sentence(decision) or 'nothing was decided'}"


def _verdict(one: Mapping[str, Any], decision: Mapping[str, Any]) -> Sequence[object]:
    same = all(one.get(name) == decision.get(name) for name in ("policyId", "type", "code"))
    resets = one.get("resetsAt")
    return (
        "*" if same else "",
        one.get("policyId") or "house",
        one.get("type"),
        one.get("tier"),
        one.get("code"),
        one.get("reason"),
        one.get("remaining") or "",
        "" if resets is None else at(resets),
    )


@click.command()
@click.argument("policy_id", metavar="POLICY")
@json_option
@click.pass_obj
def history(invocation: Invocation, policy_id: str, as_json: bool) -> None:
    """Show who changed POLICY and when, with each version; also of one that was deleted. Newest first."""
    with operator(invocation, several=True) as daemon:
        policy_id = whole(daemon, "policy", policy_id)
        found = [row for event in _EVENTS for row in _changes(daemon.audit, event, policy_id)]
    found.sort(key=lambda row: int(row.id), reverse=True)
    if as_json:
        return print_items(found)
    columns = [Column("when"), Column("who"), Column("what"), Column("tightens"), Column("version"), Column("is now")]
    print_table(columns, [_change(row) for row in found], empty="No change of this policy is on record.")
    return None


def _changes(audit: Any, event: str, policy_id: str) -> list[Any]:
    """Rows about the policy, from the newest few thousand of their kind."""
    rows: list[Any] = []
    cursor = None
    for _ in range(_PAGES):
        page = audit.list(event_type=event, limit=200, cursor=cursor)
        rows += [
            row for row in page.items if isinstance(row.details, dict) and row.details.get("policyId") == policy_id
        ]
        cursor = page.cursor
        if not page.has_more:
            break
    return rows


def _change(row: Any) -> Sequence[object]:
    after = row.details.get("after")
    now = "-" if after is None else {name: after[name] for name in ("rules", "priority", "enabled") if name in after}
    version = "" if after is None else after.get("version")
    what = row.event_type.removeprefix("policy.")
    return at(row.timestamp), row.actor, what, row.details.get("tightens"), version, now
