"""The plugin contract: markers, the API version, every hook.

A plugin is a distribution with an entry point in the group ``waiaas``; its name is the plugin's name and its value a module
or object that carries hook implementations, and states ``waiaas_plugin_api = 1``, the version it was written for. Hooks are
called once, at start-up, and hand over *classes*; afterwards the host calls objects and no hook decides anything.

What loads is pinned in ``plugins.lock``. A plugin that raises, hangs or registers what clashes is listed with its reason and
left out; the daemon starts without it. Wrappers around hooks are refused.
"""

from collections.abc import Sequence

import pluggy

from waiaas.interfaces.chain import ChainAdapter
from waiaas.interfaces.events import Event
from waiaas.interfaces.notify import NotificationChannel
from waiaas.interfaces.policy import PolicyType
from waiaas.interfaces.prices import PriceSource

PLUGIN_API_VERSION = 1
"""Rises when a plugin written for the version before would no longer work."""

PROJECT = "waiaas"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def waiaas_chain_adapters() -> Sequence[type[ChainAdapter]]:  # type: ignore[empty-body]
    """Register chain families.

    :returns: adapter classes, one for each family; ``chain`` must be unique among all plugins

    Called once at start-up; must do no I/O.
    """


@hookspec
def waiaas_policy_types() -> Sequence[type[PolicyType]]:  # type: ignore[empty-body,type-arg]
    """Register policy types.

    :returns: classes; ``type`` must be unique among all plugins

    Called once at start-up; must do no I/O.
    """


@hookspec
def waiaas_notification_channels() -> Sequence[type[NotificationChannel]]:  # type: ignore[empty-body]
    """Register kinds of notification channels.

    :returns: classes; ``type`` must be unique among all plugins

    Called once at start-up; must do no I/O.
    """


@hookspec
def waiaas_price_sources() -> Sequence[type[PriceSource]]:  # type: ignore[empty-body]
    """Register sources of prices in US dollars.

    :returns: classes; ``name`` must be unique among all plugins

    Called once at start-up; must do no I/O.
    """


@hookspec
def waiaas_event(event: Event) -> None:
    """Be told of an event, from the outbox worker, after it was committed; at least once, in order of audit rows.

    What it raises is logged and changes nothing.
    """
