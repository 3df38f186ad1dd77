"""Policies, for the operator."""

import json
from typing import TYPE_CHECKING, Any

from waiaas.api.call import Call, Reply
from waiaas.api.models.policies import (
    AskBacktest,
    BacktestItem,
    CheckedPolicy,
    CheckPolicy,
    CreatePolicy,
    LimitsPage,
    PoliciesAsked,
    PolicyItem,
    ReplacePolicy,
)
from waiaas.api.models.wire import Nothing, PageOf
from waiaas.api.shaping import shaped
from waiaas.errors import BadRequest

if TYPE_CHECKING:
    from waiaas.store.records import Policy


def create(call: Call, asked: CreatePolicy) -> PolicyItem:
    """Add a policy; it is in force from now on, also for payments that are held."""
    made = call.services.policies.create(
        call.actor,
        agent_id=asked.agent_id,
        type=asked.type,
        rules=asked.rules,
        priority=asked.priority,
        enabled=asked.enabled,
    )
    return _item(call, made)


def check(call: Call, asked: CheckPolicy) -> CheckedPolicy:
    """What would be stored. Nothing is."""
    draft = call.services.policies.check(call.actor, agent_id=asked.agent_id, type=asked.type, rules=asked.rules)
    (display,) = call.services.policies.display([draft])
    return CheckedPolicy(agent_id=draft.agent_id, type=draft.type, rules=json.loads(draft.rules), display=dict(display))


def list_(call: Call, asked: PoliciesAsked) -> PageOf[PolicyItem]:
    """Policies; with ``agentId`` that agent's own."""
    page = call.services.policies.list(call.actor, asked.agent_id, asked.limit, asked.cursor)
    shown = call.services.policies.display(page.items)
    items = [PolicyItem.of(policy, display) for policy, display in zip(page.items, shown, strict=True)]
    return PageOf(items=items, cursor=page.cursor, has_more=page.has_more)


def show(call: Call, asked: Nothing) -> PolicyItem:
    """One policy."""
    return _item(call, call.services.policies.get(call.actor, call.id))


def replace(call: Call, asked: ReplacePolicy) -> PolicyItem:
    """Change what is given, keep the rest."""
    given: dict[str, Any] = {name: getattr(asked, name) for name in asked.model_fields_set}
    present = call.services.policies.get(call.actor, call.id)
    for name in ("agent_id", "type"):
        if name in given and given.pop(name) != getattr(present, name):
            raise BadRequest("a policy keeps its agent and its type", hint="delete it and create another one")
    changes = {name: value for name, value in given.items() if value is not None}
    return _item(call, call.services.policies.replace(call.actor, call.id, changes))


def delete(call: Call, asked: Nothing) -> None:
    """Remove a policy."""
    call.services.policies.delete(call.actor, call.id)


def backtest(call: Call, asked: AskBacktest) -> Reply:
    """What a draft would have done with what is on record."""
    drafts = [{"type": one.type, "rules": one.rules} for one in asked.policies]
    found = call.services.backtests.run(call.actor, agent_id=asked.agent_id, policies=drafts, since=asked.since)
    return Reply(body=shaped(BacktestItem, found))


def limits(call: Call, asked: PoliciesAsked) -> Reply:
    """Who can spend what now, agent by agent."""
    page = call.services.limits.list(call.actor, asked.agent_id, asked.limit, asked.cursor)
    return Reply(body=shaped(LimitsPage, {"items": list(page.items), "cursor": page.cursor, "hasMore": page.has_more}))


def _item(call: Call, policy: "Policy") -> PolicyItem:
    (display,) = call.services.policies.display([policy])
    return PolicyItem.of(policy, display)
