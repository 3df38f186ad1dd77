"""Notification channels, for the operator."""

from typing import Any

from waiaas.api.call import Call
from waiaas.api.models.channels import ChannelItem, CreateChannel, ReplaceChannel, TrialItem
from waiaas.api.models.wire import Nothing, PageOf


def create(call: Call, asked: CreateChannel) -> ChannelItem:
    """Add a channel; it is told of everything from now on."""
    made = call.services.channels.create(
        call.actor, type=asked.type, config=asked.config, priority=asked.priority, enabled=asked.enabled
    )
    return ChannelItem.of(made)


def list_(call: Call, asked: Nothing) -> PageOf[ChannelItem]:
    """All channels: there are never more than one page."""
    return PageOf(items=[ChannelItem.of(view) for view in call.services.channels.list(call.actor)])


def show(call: Call, asked: Nothing) -> ChannelItem:
    """One channel."""
    return ChannelItem.of(call.services.channels.get(call.actor, call.id))


def replace(call: Call, asked: ReplaceChannel) -> ChannelItem:
    """Change what is given, keep the rest."""
    given: dict[str, Any] = {name: getattr(asked, name) for name in asked.model_fields_set}
    changes = {name: value for name, value in given.items() if value is not None}
    return ChannelItem.of(call.services.channels.replace(call.actor, call.id, changes))


def delete(call: Call, asked: Nothing) -> None:
    """Remove a channel."""
    call.services.channels.delete(call.actor, call.id)


def test(call: Call, asked: Nothing) -> TrialItem:
    """Send a notice through it. Network."""
    return TrialItem.of(call.services.channels.test(call.actor, call.id))
