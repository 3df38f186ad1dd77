"""The plugin ``house-rules``: what it brings, in the words of :mod:`waiaas.hookspecs`."""

import logging

from waiaas.hookspecs import hookimpl
from waiaas.interfaces.events import Event
from waiaas_house_rules.memo_required import MemoRequired
from waiaas_house_rules.spool import Spool

waiaas_plugin_api = 1  # the version of the interface that this was written for

_log = logging.getLogger("waiaas_house_rules")


@hookimpl
def waiaas_policy_types() -> list[type[MemoRequired]]:
    """Classes, not instances."""
    return [MemoRequired]


@hookimpl
def waiaas_notification_channels() -> list[type[Spool]]:
    """Classes, not instances."""
    return [Spool]


@hookimpl
def waiaas_event(event: Event) -> None:
    """Called after the event was committed, at least once, in order; it can change nothing."""
    if event.severity == "critical":
        _log.critical("%s: audit row %d", event.name, event.id)
