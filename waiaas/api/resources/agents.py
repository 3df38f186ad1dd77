"""Agents, for the operator."""

from waiaas.api.call import Call
from waiaas.api.models.agents import AgentItem, AgentsAsked, CreateAgent, RenameAgent, ResumeAgent, SuspendAgent
from waiaas.api.models.wallet import AssetsItem
from waiaas.api.models.wire import Nothing, PageOf


def create(call: Call, asked: CreateAgent) -> AgentItem:
    """Make an agent with a fresh key."""
    return AgentItem.of(
        call.services.agents.create(call.actor, name=asked.name, chain=asked.chain, network=asked.network)
    )


def adopt(call: Call, asked: Nothing) -> AgentItem:
    """Make an agent of a key that a command sealed in the keystore."""
    return AgentItem.of(call.services.adoption.adopt(call.actor, call.id))


def list_(call: Call, asked: AgentsAsked) -> PageOf[AgentItem]:
    """Agents, newest first."""
    page = call.services.agents.list(call.actor, limit=asked.limit, cursor=asked.cursor, status=asked.status)
    return PageOf(items=[AgentItem.of(view) for view in page.items], cursor=page.cursor, has_more=page.has_more)


def show(call: Call, asked: Nothing) -> AgentItem:
    """One agent, by id or name."""
    return AgentItem.of(call.services.agents.get(call.actor, call.id))


def balances(call: Call, asked: Nothing) -> AssetsItem:
    """What one agent holds of everything, read from a node now. Network."""
    return AssetsItem.holding(*call.services.wallet.of_agent(call.actor, call.id))


def rename(call: Call, asked: RenameAgent) -> AgentItem:
    """Give it another name."""
    return AgentItem.of(call.services.agents.rename(call.actor, call.id, asked.name))


def terminate(call: Call, asked: Nothing) -> None:
    """End it for good."""
    call.services.agents.terminate(call.actor, call.id)


def suspend(call: Call, asked: SuspendAgent) -> AgentItem:
    """Sign nothing for it any more."""
    return AgentItem.of(call.services.agents.suspend(call.actor, call.id, asked.reason or ""))


def resume(call: Call, asked: ResumeAgent) -> AgentItem:
    """Let it go on."""
    return AgentItem.of(call.services.agents.resume(call.actor, call.id, asked.confirm_spent))
