"""What the registry hands out: frozen, complete before anything is judged, and never changed afterwards."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from waiaas.interfaces.chain import ChainAdapter
from waiaas.interfaces.events import Event
from waiaas.interfaces.notify import NotificationChannel
from waiaas.interfaces.policy import PolicyType
from waiaas.interfaces.prices import PriceSource
from waiaas.registry.lock import Lock


class PluginStatus(StrEnum):
    """What became of a plugin."""

    LOADED = "loaded"
    UNTRUSTED = "untrusted"  # plugins.lock does not name it, or its files changed since: it was not imported
    DISABLED = "disabled"
    FAILED = "failed"
    MISSING = "missing"  # plugins.lock names it and nothing is installed


@dataclass(frozen=True, slots=True, kw_only=True)
class Registers:
    """The names that a plugin brings."""

    chains: tuple[str, ...] = ()
    policy_types: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    price_sources: tuple[str, ...] = ()

    def to_wire(self) -> dict[str, list[str]]:
        """As ``waiaas plugins list --json`` shows it."""
        return {
            "chains": [*self.chains],
            "policyTypes": [*self.policy_types],
            "channels": [*self.channels],
            "priceSources": [*self.price_sources],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginInfo:
    """One plugin, whatever became of it.

    :param api_version: what it states; None where it was not asked or states nothing
    :param error: why it is not loaded; for people, printable, short
    :param registers: None unless it is loaded
    """

    name: str
    version: str
    distribution: str
    status: PluginStatus
    api_version: int | None = None
    error: str | None = None
    registers: Registers | None = None

    def to_wire(self) -> dict[str, Any]:
        """As ``waiaas plugins list --json`` and ``GET /v1/plugins`` show it."""
        return {
            "name": self.name,
            "version": self.version,
            "distribution": self.distribution,
            "apiVersion": self.api_version,
            "status": self.status.value,
            "error": self.error,
            "registers": self.registers.to_wire() if self.registers else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A plugin's ``waiaas_event``. Calling it may raise anything; the caller logs that and goes on."""

    plugin: str
    tell: Callable[[Event], object] = field(repr=False)

    def __call__(self, event: Event) -> None:
        self.tell(event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Everything that loaded, by the words under which the rest of the house asks for it.

    :param chains: chain to (the plugin's name, the adapter's class)
    :param policy_types: policy type to its one, stateless instance
    :param policy_origins: policy type to the name of the plugin that brought it
    :param channels: channel type to its class
    :param price_sources: name to its class
    :param lock: the lock that was given, with what passed its first examination now; worth writing back if it differs
    """

    chains: Mapping[str, tuple[str, type[ChainAdapter]]]
    policy_types: Mapping[str, PolicyType[Any]]
    policy_origins: Mapping[str, str]
    channels: Mapping[str, type[NotificationChannel]]
    listeners: tuple[Listener, ...]
    plugins: tuple[PluginInfo, ...]
    lock: Lock
    price_sources: Mapping[str, type[PriceSource]] = field(default_factory=dict)

    @property
    def settings_models(self) -> dict[tuple[str, str], type[BaseModel]]:
        """What reads the configuration's tables, by where they stand: ``[plugins.<name>]``, ``[prices.<source>]``."""
        chains = {("plugins", plugin): adapter.settings_model for plugin, adapter in self.chains.values()}
        return chains | {("prices", name): source.settings_model for name, source in self.price_sources.items()}
